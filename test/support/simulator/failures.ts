/** Error answers in the shape and the words of each provider, by what they mean. */
import type { HeaderInput } from '../http-head';
import { anthropicFailure } from './failures-anthropic';
import { geminiFailure } from './failures-gemini';
import { openAiFailure } from './failures-openai';
import { vendorFailure } from './failures-vendors';
import type { SimulatedDialect } from './headers-check';
import type { Vendor } from './turn';

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

/** @param key what the client sent, or null */
export function failureAnswer(
  failure: Failure,
  dialect: SimulatedDialect,
  vendor: Vendor,
  request: { model: string; key: string | null },
): FailureAnswer {
  const { kind, retryAfter = 7, tellKey = false } = failure;
  const key = request.key === null || tellKey ? (request.key ?? '') : masked(request.key);
  const facts: FailureFacts = { kind, model: request.model, retryAfter, key };
  const answer = answerOf(dialect, vendor, facts);
  return failure.status === undefined ? answer : { ...answer, status: failure.status };
}

function answerOf(dialect: SimulatedDialect, vendor: Vendor, facts: FailureFacts): FailureAnswer {
  if (dialect === 'anthropic') return anthropicFailure(facts);
  if (dialect === 'gemini') return geminiFailure(facts);
  return vendor === 'openai' || vendor === 'azure' ? openAiFailure(facts) : vendorFailure(vendor, facts);
}

/** As providers repeat a key: the last four characters. */
function masked(key: string): string {
  return `****${key.slice(-4)}`;
}
