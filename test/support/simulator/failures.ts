/** Error answers in the shape and the words of each provider, by what they mean. */
import type { Failure, FailureAnswer, FailureFacts } from './failure-facts';
import { anthropicFailure } from './failures-anthropic';
import { geminiFailure } from './failures-gemini';
import { openAiFailure } from './failures-openai';
import { vendorFailure } from './failures-vendors';
import type { SimulatedDialect } from './headers-check';
import type { Vendor } from './turn';

export {
  FAILURE_KINDS,
  type Failure,
  type FailureAnswer,
  type FailureFacts,
  type FailureKind,
  OVERFLOW,
} from './failure-facts';

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
