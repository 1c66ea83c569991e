/** Token counts of a Messages answer that passes through. */
import type { TokenUsage } from '../answer';
import { PlainEvents } from '../plain-events';
import { countOr, objectField, parseObject, type TapRules } from '../tap';

const STOP = '{"type":"message_stop"}';

export const anthropicTapRules: TapRules = {
  marks: ['"usage"', '"message_stop"', '"error"'],
  content: 'content_block_delta',
  plain: new PlainEvents('event: content_block_delta\ndata: {"type":"content_block_delta"'),
  readEvent: (data, counts) => {
    if (data === STOP) return true;
    const event = parseObject(data);
    const type = event?.['type'];
    if (type === 'message_start') readUsage(objectField(objectField(event, 'message'), 'usage'), counts);
    else if (type === 'message_delta') readUsage(objectField(event, 'usage'), counts);
    return type === 'message_stop' || type === 'error';
  },
  usageNames: ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'],
  readUsage,
};

function readUsage(usage: Record<string, unknown> | null, counts: TokenUsage): void {
  if (usage === null) return;
  counts.input = countOr(counts.input, usage['input_tokens']);
  counts.output = countOr(counts.output, usage['output_tokens']);
  counts.cacheRead = countOr(counts.cacheRead, usage['cache_read_input_tokens']);
  counts.cacheCreation = countOr(counts.cacheCreation, usage['cache_creation_input_tokens']);
}
