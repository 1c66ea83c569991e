/** What an exchange knows about itself when it ends: the source of metrics, access log and provider reports. */
import type { ErrorType } from '../../shared/errors';
import type { AbortPhase } from '../../shared/metrics';
import type { TokenUsage } from '../dialects/answer';

/** Where an exchange stands. */
export type Phase = AbortPhase | 'done';

/** Times are `performance.now()` milliseconds, 0 when never. */
export interface ExchangeRecord {
  requestId: string;
  /** The id is the one that we made. A provider may have put anything into its own. */
  hasOwnId: boolean;
  method: string;
  path: string;
  client: string;
  sessionId: string;
  model: string;
  route: string;
  provider: string;
  /** The status that the client saw; 499 when it went away before. */
  status: number;
  /** Why the provider's answer did not run to its end; empty otherwise. */
  failure: string;
  /** What failed was the request, as the provider says in its answer: no sign of its health. */
  isClientsFault: boolean;
  /** When the client went away, or null. */
  abortedIn: AbortPhase | null;
  /** The error that the proxy itself answered with, or null. */
  refused: ErrorType | null;
  startedAt: number;
  sentAt: number;
  headAt: number;
  firstTokenAt: number;
  endedAt: number;
  /** Spent in the proxy before the request left: not waiting for the client or the provider. */
  overheadMs: number;
  streamBytes: number;
  usage: TokenUsage | null;
}

/** From now on the provider's id stands in the place of ours, where it has one. */
export function takeProviderId(record: ExchangeRecord, id: string | null): void {
  if (id === null || id === '') return;
  record.requestId = id;
  record.hasOwnId = false;
}
