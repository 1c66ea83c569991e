/** What a failure is made of, before it gets a provider's shape. */
import type { HeaderInput } from '../http-head';

export const FAILURE_KINDS = [
  ...(['auth', 'rate_limit', 'context_overflow', 'overloaded', 'server', 'not_found'] as const),
  ...(['content_filter', 'billing'] as const),
];
export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface Failure {
  kind: FailureKind;
  /** Instead of the provider's own. */
  status?: number;
  /** Seconds, for `rate_limit` and `overloaded`. Default 7. */
  retryAfter?: number;
  /** The message repeats the key that came, whole, where providers mask it. */
  tellKey?: boolean;
}

/** What the words of a failure are made of. */
export interface FailureFacts {
  kind: FailureKind;
  model: string;
  retryAfter: number;
  /** The key as the message tells it. */
  key: string;
}

export interface FailureAnswer {
  status: number;
  body: unknown;
  headers?: HeaderInput;
}

/** Numbers of every context overflow, where its provider tells them. */
export const OVERFLOW = { input: 199_000, max: 32_000, limit: 200_000 };
