/** Token counts of a Messages answer that passes through. */
import type { Buffer } from 'node:buffer';
import { scanMembers } from '../../json/members';
import { NumberReader } from '../../json/number-reader';
import { isObject, parseObject } from '../../json/parsed';
import type { TokenUsage } from '../answer';
import { PlainEvents } from '../plain-events';
import { countOr, type TapRules } from '../tap';
import { readUsageMember } from '../usage-member';

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
  kinds: {
    content: eventsOf('content_block_delta'),
    others: [
      { events: eventsOf('message_start'), read: readMessageStart },
      { events: eventsOf('content_block_start') },
      { events: eventsOf('content_block_stop') },
      { events: eventsOf('message_delta'), read: readMessageDelta },
      { events: eventsOf('message_stop'), read: readAny },
      { events: new PlainEvents('event: ping\ndata: {"type": "ping"') },
    ],
  },
  readEvent,
  usage,
  addUsage,
};

function eventsOf(type: string): PlainEvents {
  return new PlainEvents(`event: ${type}\ndata: {"type":"${type}"`);
}

function readMessageStart(data: Buffer, place: number, counts: TokenUsage): boolean {
  const scan = scanMembers(data);
  const range = scan.ok ? scan.members.get('message') : undefined;
  if (range === undefined) return false;
  readUsageMember(data.subarray(range.start, range.end), usage, place + range.start);
  addUsage(usage.numbers, counts);
  return false;
}

function readMessageDelta(data: Buffer, place: number, counts: TokenUsage): boolean {
  readUsageMember(data, usage, place);
  addUsage(usage.numbers, counts);
  return false;
}

function readAny(data: Buffer, _place: number, counts: TokenUsage): boolean {
  return readEvent(data.toString('latin1').trim(), counts);
}

function readEvent(data: string, counts: TokenUsage): boolean {
  if (data === STOP) return true;
  const event = parseObject(data);
  const type = event?.['type'];
  const message = event?.['message'];
  if (type === 'message_start' && isObject(message)) readUsage(message['usage'], counts);
  else if (type === 'message_delta') readUsage(event?.['usage'], counts);
  return type === 'message_stop' || type === 'error';
}

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
