/** Token counts of a Messages answer that passes through. */
import { NumberReader } from '../../json/number-reader';
import { isObject, parseObject } from '../../json/parsed';
import type { TokenUsage } from '../answer';
import { PlainEvents } from '../plain-events';
import { countOr, type TapRules } from '../tap';

const STOP = '{"type":"message_stop"}';

const usage = new NumberReader([
  { name: 'input_tokens' },
  { name: 'output_tokens' },
  { name: 'cache_read_input_tokens' },
  { name: 'cache_creation_input_tokens' },
]);

export const anthropicTapRules: TapRules = {
  marks: ['"usage"', '"message_stop"', '"error"'],
  content: 'content_block_delta',
  plain: new PlainEvents('event: content_block_delta\ndata: {"type":"content_block_delta"'),
  readEvent: (data, counts) => {
    if (data === STOP) return true;
    const event = parseObject(data);
    const type = event?.['type'];
    const message = event?.['message'];
    if (type === 'message_start' && isObject(message)) readUsage(message['usage'], counts);
    else if (type === 'message_delta') readUsage(event?.['usage'], counts);
    return type === 'message_stop' || type === 'error';
  },
  usage,
  addUsage,
};

function readUsage(value: unknown, counts: TokenUsage): void {
  usage.readParsed(value);
  addUsage(usage.numbers, counts);
}

function addUsage(numbers: readonly number[], counts: TokenUsage): void {
  counts.input = countOr(counts.input, numbers[0]);
  counts.output = countOr(counts.output, numbers[1]);
  counts.cacheRead = countOr(counts.cacheRead, numbers[2]);
  counts.cacheCreation = countOr(counts.cacheCreation, numbers[3]);
}
