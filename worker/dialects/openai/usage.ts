/** Token counts: Chat Completions → Messages. */
import { isObject, type JsonObject, valueAt } from '../../json/parsed';
import type { TokenUsage } from '../answer';

/**
 * The counts of a chunk or a document, or null where it has none. They stand in `usage`, in Groq's `x_groq.usage`, or
 * in Moonshot's `choices[0].usage`. `prompt_tokens` includes what came from the cache and what went into it.
 */
export function readUsage(chunk: JsonObject, choice: JsonObject | null): TokenUsage | null {
  const usage = [
    objectAt(chunk, 'usage'),
    objectAt(objectAt(chunk, 'x_groq'), 'usage'),
    objectAt(choice, 'usage'),
  ].find((candidate) => candidate !== null);
  if (usage === undefined || usage === null) return null;
  const details = objectAt(usage, 'prompt_tokens_details');
  const prompt = countAt(usage, 'prompt_tokens');
  // In this order: everybody; DeepSeek; Moonshot.
  const cacheRead = Math.min(
    prompt,
    countAt(details, 'cached_tokens') || countAt(usage, 'prompt_cache_hit_tokens') || countAt(usage, 'cached_tokens'),
  );
  const cacheCreation = Math.min(prompt - cacheRead, countAt(details, 'cache_write_tokens'));
  return { input: prompt - cacheRead - cacheCreation, output: outputOf(usage, prompt), cacheRead, cacheCreation };
}

/** xAI counts reasoning beside the completion, the others within it; only the total tells. */
function outputOf(usage: JsonObject, prompt: number): number {
  const completion = countAt(usage, 'completion_tokens');
  const reasoning = countAt(objectAt(usage, 'completion_tokens_details'), 'reasoning_tokens');
  return countAt(usage, 'total_tokens') === prompt + completion + reasoning ? completion + reasoning : completion;
}

function objectAt(object: JsonObject | null, key: string): JsonObject | null {
  const value = object === null ? undefined : valueAt(object, key);
  return isObject(value) ? value : null;
}

function countAt(object: JsonObject | null, key: string): number {
  const value = object === null ? undefined : valueAt(object, key);
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}
