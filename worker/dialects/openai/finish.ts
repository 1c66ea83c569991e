/** Why an answer ended: Chat Completions → Messages. */
import { type JsonObject, textAt } from '../../json/parsed';
import type { StopReason } from '../answer';

export interface Finish {
  reason: StopReason;
  stopSequence: string | null;
}

/** Words of all services; `error` and its like are failures, see `errors.ts`. */
const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['max_tokens', 'max_tokens'],
  ['model_length', 'max_tokens'],
  ['tool_calls', 'tool_use'],
  ['function_call', 'tool_use'],
  ['content_filter', 'refusal'],
]);

/**
 * @param word `finish_reason`
 * @param choice has `stop_reason` where the server is a vLLM: the stop sequence, or the number of a token
 */
export function readFinish(word: string, choice: JsonObject): Finish {
  const stopSequence = word === 'stop' ? textAt(choice, 'stop_reason') : null;
  if (stopSequence !== null) return { reason: 'stop_sequence', stopSequence };
  return { reason: REASONS.get(word) ?? 'end_turn', stopSequence: null };
}

/** What the client is told, with what is known of the contents. @param finish null where the provider gave no reason */
export function settle(finish: Finish | null, hasCalls: boolean, refused: boolean): Finish {
  const { reason, stopSequence } = finish ?? { reason: 'end_turn', stopSequence: null };
  const ordinary = reason === 'end_turn' || reason === 'stop_sequence' || reason === 'tool_use';
  // A client that is told of a call looks for one, and answers one that it finds.
  if (hasCalls && ordinary) return { reason: 'tool_use', stopSequence: null };
  if (refused && ordinary) return { reason: 'refusal', stopSequence: null };
  return reason === 'tool_use' ? { reason: 'end_turn', stopSequence: null } : { reason, stopSequence };
}
