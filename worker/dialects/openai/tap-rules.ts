/** Token counts of a Chat Completions answer that passes through. A stream has them only where the client asked for them. */
import type { TokenUsage } from '../answer';
import { countOr, objectField, parseObject, type TapRules } from '../tap';

export const openAiTapRules: TapRules = {
  // With the value's first character: every event has `"finish_reason":null`, and maybe `"usage":null`.
  marks: ['"usage":{', '"usage": {', '"finish_reason":"', '"finish_reason": "', '[DONE]', '"error"'],
  content: '"delta"',
  readEvent: (data, counts) => {
    if (data === '[DONE]') return true;
    const event = parseObject(data);
    readUsage(objectField(event, 'usage'), counts);
    const choices = event?.['choices'];
    const finished = Array.isArray(choices) && choices.some((choice) => typeof choice?.finish_reason === 'string');
    return finished || objectField(event, 'error') !== null;
  },
  usageNames: ['prompt_tokens', 'completion_tokens', 'prompt_tokens_details', 'cached_tokens'],
  readUsage,
};

function readUsage(usage: Record<string, unknown> | null, counts: TokenUsage): void {
  const prompt = usage?.['prompt_tokens'];
  if (typeof prompt !== 'number') return;
  const cached = objectField(usage, 'prompt_tokens_details')?.['cached_tokens'];
  counts.cacheRead = countOr(counts.cacheRead, cached);
  counts.input = countOr(counts.input, prompt - Math.max(0, counts.cacheRead));
  counts.output = countOr(counts.output, usage?.['completion_tokens']);
}
