/** Token counts of a Messages answer that passes through. */
import type { Buffer } from 'node:buffer';
import { scanMembers } from '../../json/members';
import { NumberReader } from '../../json/number-reader';
import { isObject, parseObject } from '../../json/parsed';
import { KnownText } from '../../json/words';
import { READ_VIEW } from '../../read-buffer';
import type { TokenUsage } from '../answer';
import { Marks } from '../marks';
import { countOr, type TapRules } from '../tap';
import { readUsageMember } from '../usage-member';

const STOP = '{"type":"message_stop"}';
/** How those with counts begin. */
const START = new KnownText('{"type":"message_start"');
const DELTA = new KnownText('{"type":"message_delta"');

const usage = new NumberReader([
  { name: 'input_tokens' },
  { name: 'output_tokens' },
  { name: 'cache_read_input_tokens' },
  { name: 'cache_creation_input_tokens' },
]);

export const anthropicTapRules: TapRules = {
  marks: new Marks(['"usage"', '"message_stop"', '"error"']),
  content: 'content_block_delta',
  readPlain,
  readEvent,
  usage,
  addUsage,
};

function readPlain(data: Buffer, place: number, counts: TokenUsage): boolean {
  const end = place + data.length;
  if (START.isAt(READ_VIEW, place, end)) readMessageStart(data, place, counts);
  else if (DELTA.isAt(READ_VIEW, place, end)) readCounts(data, place, counts);
  else return false;
  return true;
}

function readMessageStart(data: Buffer, place: number, counts: TokenUsage): void {
  const scan = scanMembers(data);
  const range = scan.ok ? scan.members.get('message') : undefined;
  if (range !== undefined) readCounts(data.subarray(range.start, range.end), place + range.start, counts);
}

function readCounts(document: Buffer, place: number, counts: TokenUsage): void {
  readUsageMember(document, usage, place);
  addUsage(usage.numbers, counts);
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
