/** Token counts of a Chat Completions answer that passes through. A stream has them only where the client asked for them. */
import { NO_NUMBER, NumberReader } from '../../json/number-reader';
import { isObject, parseObject } from '../../json/parsed';
import type { TokenUsage } from '../answer';
import { Marks } from '../marks';
import { countOr, type TapRules } from '../tap';

const usage = new NumberReader([
  { name: 'prompt_tokens' },
  { name: 'completion_tokens' },
  { name: 'prompt_tokens_details' },
  { name: 'cached_tokens', within: 2 },
]);

export const openAiTapRules: TapRules = {
  // With the value's first character: every event has `"finish_reason":null`, and maybe `"usage":null`.
  marks: new Marks(['"usage":{', '"usage": {', '"finish_reason":"', '"finish_reason": "', '[DONE]', '"error"']),
  content: '"delta"',
  readEvent: (data, counts) => {
    if (data === '[DONE]') return true;
    const event = parseObject(data);
    usage.readParsed(event?.['usage']);
    addUsage(usage.numbers, counts);
    const choices = event?.['choices'];
    const finished = Array.isArray(choices) && choices.some((choice) => typeof choice?.finish_reason === 'string');
    return finished || isObject(event?.['error']);
  },
  usage,
  addUsage,
};

function addUsage(numbers: readonly number[], counts: TokenUsage): void {
  const prompt = numbers[0] ?? NO_NUMBER;
  if (Number.isNaN(prompt)) return;
  counts.cacheRead = countOr(counts.cacheRead, numbers[3]);
  counts.input = countOr(counts.input, prompt - Math.max(0, counts.cacheRead));
  counts.output = countOr(counts.output, numbers[1]);
}
