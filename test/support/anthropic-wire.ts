/** What an Anthropic Messages provider says on the wire: pure builders, the same bytes for the same seed. */

export interface WireUsage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  output_tokens: number;
}

export type WireBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> };

export interface WireMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: WireBlock[];
  stop_reason: string;
  stop_sequence: string | null;
  usage: WireUsage;
}

export const DEFAULT_USAGE: WireUsage = {
  input_tokens: 25,
  cache_creation_input_tokens: 7,
  cache_read_input_tokens: 11,
  output_tokens: 42,
};

/** Numbers from 0 up to 1, always the same ones for a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Characters of one to four bytes, and those that JSON and SSE have to escape. */
const WORDS = [
  'gateway',
  'naïve',
  'façade',
  '東京',
  'поток',
  '👩‍🚀',
  '"quoted"',
  'back\\slash',
  'two\nlines',
  '€5',
  '🙂',
  'data:',
];

/** Words with a space after each. */
export function words(seed: number, count: number): string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => `${WORDS[Math.floor(random() * WORDS.length)]} `);
}

/** Text in pieces, each of which names the request that it belongs to: `[marker#0] naïve gateway `, … */
export function markedText(marker: string, seed: number, pieces: number): string[] {
  const all = words(seed, pieces * 2);
  return Array.from({ length: pieces }, (_, i) => `[${marker}#${i}] ${all[2 * i]}${all[2 * i + 1]}`);
}

/** The markers in a text, in order, duplicates included; their numbers go up by one from 0 when nothing is lost. */
export function markersIn(text: string): { marker: string; number: number }[] {
  return Array.from(text.matchAll(/\[([^[\]#]+)#(\d+)\]/g), ([, marker = '', number]) => ({
    marker,
    number: Number(number),
  }));
}

/** One server-sent event. */
export function sse(type: string, data: Record<string, unknown> = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

export const PING = sse('ping');

/** The `error` event, as it comes in mid-stream. */
export function errorEvent(type: string, message: string): string {
  return sse('error', errorMembers(type, message));
}

/** Body of an error answer. */
export function errorBody(type: string, message: string, requestId?: string): Record<string, unknown> {
  const body = { type: 'error', ...errorMembers(type, message) };
  return requestId === undefined ? body : { ...body, request_id: requestId };
}

function errorMembers(type: string, message: string): Record<string, unknown> {
  return { error: { details: null, type, message } };
}

export interface StreamOptions {
  /** How a block's text is cut into deltas. Default: after every second space. */
  cut?: (text: string) => string[];
  /** How the JSON of a tool's input is cut. Default: `jsonPieces` with surrogate pairs cut in two. */
  cutJson?: (json: string) => string[];
  /** Ping events: after message_start, and then after every so many events; 0 for none. Default 5. */
  pingEvery?: number;
  /** Whether message_delta repeats the input's counts, as newer models do. Default true. */
  fullDeltaUsage?: boolean;
}

/** The events of a message, one string each. */
export function streamEvents(message: WireMessage, options: StreamOptions = {}): string[] {
  const { pingEvery = 5, fullDeltaUsage = true } = options;
  const { content, stop_reason, stop_sequence, usage, ...envelope } = message;
  const startUsage = { ...usage, output_tokens: 1 };
  const events = [
    sse('message_start', {
      message: { ...envelope, content: [], stop_reason: null, stop_sequence: null, usage: startUsage },
    }),
  ];
  const push = (event: string) => {
    if (pingEvery > 0 && events.length % pingEvery === 1) events.push(PING);
    events.push(event);
  };
  for (const [index, block] of content.entries()) {
    push(sse('content_block_start', { index, content_block: emptyBlock(block) }));
    for (const delta of deltas(block, options)) push(sse('content_block_delta', { index, delta }));
    push(sse('content_block_stop', { index }));
  }
  const deltaUsage = fullDeltaUsage ? usage : { output_tokens: usage.output_tokens };
  push(sse('message_delta', { delta: { stop_reason, stop_sequence }, usage: deltaUsage }));
  push(sse('message_stop'));
  return events;
}

function emptyBlock(block: WireBlock): Record<string, unknown> {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_use':
      return { ...block, input: {} };
  }
}

function deltas(
  block: WireBlock,
  { cut = cutAtSpaces, cutJson = jsonPieces }: StreamOptions,
): Record<string, unknown>[] {
  switch (block.type) {
    case 'text':
      return cut(block.text).map((text) => ({ type: 'text_delta', text }));
    case 'thinking':
      return [
        ...cut(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ];
    case 'tool_use': {
      const json = JSON.stringify(block.input);
      const pieces = json === '{}' ? [''] : ['', ...cutJson(json)];
      return pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    }
  }
}

function cutAtSpaces(text: string): string[] {
  return text.match(/(?:[^ ]* ?){1,2}/g)?.filter((piece) => piece !== '') ?? [];
}

/**
 * JSON in pieces of five UTF-16 units and, unless `whole`, also between the two halves of a surrogate pair: each half
 * is then escaped in its event, and only both together are a character.
 */
export function jsonPieces(json: string, whole = false): string[] {
  const pieces: string[] = [''];
  for (const character of json) {
    const current = pieces.at(-1) ?? '';
    if (character.length === 2 && !whole) {
      pieces[pieces.length - 1] = current + character.charAt(0);
      pieces.push(character.charAt(1));
    } else if (current.length >= 5) pieces.push(character);
    else pieces[pieces.length - 1] = current + character;
  }
  return pieces;
}

/** One event as a client reads it. */
export interface SseEvent {
  event: string;
  data: string;
}

/** The events of a whole stream. @throws Error when it does not end with an empty line or has other fields */
export function parseSse(stream: string | Buffer): SseEvent[] {
  const text = stream.toString('utf8');
  const blocks = text.split('\n\n');
  if (blocks.pop() !== '') throw new Error(`the stream ends inside an event: ${JSON.stringify(text.slice(-80))}`);
  return blocks.map((block) => {
    const parsed: SseEvent = { event: 'message', data: '' };
    for (const line of block.split('\n')) {
      const [, field, value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
      if (field === 'event') parsed.event = value;
      else if (field === 'data') parsed.data += value;
      else if (field !== '') throw new Error(`no SSE field: ${JSON.stringify(line)}`);
    }
    return parsed;
  });
}

/** The text of all text deltas. */
export function textOf(events: readonly SseEvent[]): string {
  let text = '';
  for (const { event, data } of events) {
    if (event !== 'content_block_delta') continue;
    const { delta } = JSON.parse(data) as { delta: { text?: string } };
    text += delta.text ?? '';
  }
  return text;
}
