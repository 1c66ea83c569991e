/** The client to the providers that the tests of `worker/upstream/` examine. */
import { HttpUpstream } from '../../worker/upstream/http-upstream';
import type { Upstream } from '../../worker/upstream/upstream';

export interface SubjectOptions {
  origin: string;
  connectTimeoutMs?: number;
  maxConnections?: number;
  maxWaiting?: number;
  proxyUrl?: string | null;
  /** PEM of the authorities trusted instead of the system's. */
  ca?: string;
  retried?: () => void;
}

export function createUpstream(options: SubjectOptions): Upstream {
  const defaults = { connectTimeoutMs: 5_000, maxConnections: 16, maxWaiting: 1024, proxyUrl: null, retried: () => {} };
  return new HttpUpstream({ ...defaults, ...options });
}
