/** Scenarios in which the provider answers properly, if not always comfortably. */
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, createBrotliCompress, createGzip, gzipSync } from 'node:zlib';
import { sse, type WireBlock, words } from '../anthropic-wire';
import { chunk, LAST_CHUNK } from '../chunked';
import {
  answerHeaders,
  ERROR_TYPES,
  eventsOf,
  markedBlock,
  messageWith,
  sendError,
  sendJson,
  sendMessage,
  sendPieces,
  sendUnary,
  streamHead,
  streamHeaders,
  textEvents,
} from './answers';
import type { Exchange } from './exchange';
import type { ScenarioParams } from './params';

export async function text(exchange: Exchange): Promise<void> {
  await sendMessage(exchange, messageWith(exchange, [markedBlock(exchange)]));
}

/** As `text`; counts that the parameters do not name are zero, so that a test can add them up. */
export async function echoUsage(exchange: Exchange): Promise<void> {
  const zero = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
  await text({ ...exchange, params: { ...exchange.params, usage: { ...zero, ...exchange.params.usage } } });
}

/** Several tool calls; the stream is also cut inside each character of more than one byte. */
export async function tools(exchange: Exchange): Promise<void> {
  const message = messageWith(exchange, [markedBlock(exchange), ...toolCalls(exchange)], 'tool_use');
  if (!exchange.request.wantsStream) return sendJson(exchange, 200, message);
  await streamHead(exchange);
  await sendPieces(exchange, eventsOf(message, exchange.params).flatMap(cutInsideCharacters));
  await exchange.reply.end();
}

function toolCalls({ request, params }: Exchange): WireBlock[] {
  const seed = params.seed ?? 1;
  return Array.from({ length: params.tools ?? 3 }, (_, i) => {
    // The last of several has no arguments, which is a case of its own.
    const isEmpty = i > 0 && i === (params.tools ?? 3) - 1;
    const input = isEmpty
      ? {}
      : { marker: request.marker, call: i, text: words(seed + i, 6).join(''), nested: { list: [1, '🙂é'] } };
    return { type: 'tool_use', id: `toolu_${request.marker}_${i}`, name: `tool_${i}`, input };
  });
}

function cutInsideCharacters(event: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let i = 1; i < event.length; i++) {
    const isSecondByte = ((event[i] ?? 0) & 0xc0) === 0x80 && ((event[i - 1] ?? 0) & 0xc0) === 0xc0;
    if (!isSecondByte) continue;
    pieces.push(event.subarray(from, i));
    from = i;
  }
  return [...pieces, event.subarray(from)];
}

export async function thinking(exchange: Exchange): Promise<void> {
  const { request, params } = exchange;
  const thoughts = words((params.seed ?? 1) + 1000, 12).join('');
  const signature = Buffer.from(`signature of ${request.marker} `.repeat(12)).toString('base64');
  await sendMessage(
    exchange,
    messageWith(exchange, [{ type: 'thinking', thinking: thoughts, signature }, markedBlock(exchange)]),
  );
}

/** One big text; not a stream, unless the client wants one. */
export async function large(exchange: Exchange): Promise<void> {
  const size = exchange.params.sizeBytes ?? 1024 * 1024;
  const start = `[${exchange.request.marker}#0] `;
  const content: WireBlock[] = [
    { type: 'text', text: start + 'large answer '.repeat(Math.ceil(size / 13)).slice(0, size) },
  ];
  await sendMessage(exchange, messageWith(exchange, content));
}

/** A status of the parameters, in Anthropic's shape unless they give a body. */
export async function error(exchange: Exchange): Promise<void> {
  const { status = 529, body, errorType, errorMessage = 'The mock was told to say this' } = exchange.params;
  if (body === undefined) {
    await sendError(exchange, status, errorType ?? ERROR_TYPES[status] ?? 'api_error', errorMessage);
  } else if (typeof body === 'string') {
    await sendUnary(exchange, status, Buffer.from(body), { 'content-type': 'text/html; charset=utf-8' });
  } else {
    await sendJson(exchange, status, body);
  }
}

export async function countTokens(exchange: Exchange): Promise<void> {
  await sendJson(exchange, 200, { input_tokens: exchange.params.inputTokens ?? 4242 });
}

export async function gzip(exchange: Exchange): Promise<void> {
  await compressed(exchange, 'gzip');
}

export async function br(exchange: Exchange): Promise<void> {
  await compressed(exchange, 'br');
}

/** A stream is flushed after every event, so that each can be read at once. */
async function compressed(exchange: Exchange, encoding: 'gzip' | 'br'): Promise<void> {
  const headers = { 'content-encoding': encoding, vary: 'accept-encoding' };
  const message = messageWith(exchange, [markedBlock(exchange)]);
  if (!exchange.request.wantsStream) {
    const bytes = Buffer.from(JSON.stringify(message));
    return sendUnary(exchange, 200, encoding === 'gzip' ? gzipSync(bytes) : brotliCompressSync(bytes), headers);
  }
  await streamHead(exchange, headers);
  await sendPieces(exchange, await compressPieces(encoding, eventsOf(message, exchange.params)));
  await exchange.reply.end();
}

async function compressPieces(encoding: 'gzip' | 'br', pieces: Buffer[]): Promise<Buffer[]> {
  const stream = encoding === 'gzip' ? createGzip() : createBrotliCompress();
  const out: Buffer[] = [];
  let current: Buffer[] = [];
  stream.on('data', (data: Buffer) => current.push(data));
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise<void>((resolve) => stream.flush(resolve));
    out.push(Buffer.concat(current));
    current = [];
  }
  await new Promise<void>((resolve) => stream.once('end', resolve).end());
  return [...out, Buffer.concat(current)];
}

/** The stream in TCP writes of a few bytes each, or cut at given positions. */
export async function cut(exchange: Exchange): Promise<void> {
  const { params, reply } = exchange;
  const stream = Buffer.concat(textEvents(exchange));
  if (params.cutIn !== 'wire') {
    await streamHead(exchange);
    await sendSeparately(exchange, cutUp(stream, params), (piece) => reply.body(piece));
    return reply.end();
  }
  const head = reply.headBytes(200, streamHeaders(exchange), 'chunked');
  reply.noteBody(stream);
  const wire = Buffer.concat([head, ...textEvents(exchange).map(chunk), LAST_CHUNK]);
  await sendSeparately(exchange, cutUp(wire, params), (piece) => reply.wire(piece));
  reply.finish();
}

async function sendSeparately(
  { params, reply }: Exchange,
  pieces: Buffer[],
  send: (piece: Buffer) => Promise<void>,
): Promise<void> {
  for (const piece of pieces) {
    await send(piece);
    // Each piece is a system call of its own (TCP_NODELAY); the turn of the loop lets the reader have it alone.
    if (params.delayMs === undefined) await setImmediate();
    else await reply.pause(params.delayMs);
  }
}

function cutUp(bytes: Buffer, { cutAt, cutBytes = 1 }: ScenarioParams): Buffer[] {
  const positions = cutAt?.filter((at) => at > 0 && at < bytes.length).toSorted((a, b) => a - b) ?? [];
  if (cutAt === undefined) for (let at = cutBytes; at < bytes.length; at += cutBytes) positions.push(at);
  return [...positions, bytes.length].map((at, i) => bytes.subarray(i === 0 ? 0 : positions[i - 1], at));
}

/** Text as fast as it is read, until the client goes or `maxBytes` are sent. The bytes are counted, not kept. */
export async function endless(exchange: Exchange): Promise<void> {
  const { request, reply, params } = exchange;
  reply.keepSent = false;
  const [start, ...rest] = textEvents({ ...exchange, params: { ...params, pingEvery: 0, deltas: 1 } });
  await streamHead(exchange);
  await reply.body(Buffer.concat([start, rest[0]].filter((event) => event !== undefined)));
  const filler = 'endless '.repeat(512);
  for (let i = 0; request.sentBytes < (params.maxBytes ?? Number.POSITIVE_INFINITY); i++) {
    await reply.body(
      sse('content_block_delta', {
        index: 0,
        delta: { type: 'text_delta', text: `[${request.marker}#${i}] ${filler}` },
      }),
    );
    // A reader that keeps up must not starve everything else in this process.
    if (i % 16 === 15) await setImmediate();
  }
  await reply.body(Buffer.concat(rest.slice(-3)));
  await reply.end();
}

/** Takes the request's body slowly, then answers as `text`. */
export async function slowReader(exchange: Exchange): Promise<void> {
  const { bytesPerRead = 16 * 1024, pauseMs = 5 } = exchange.params;
  await exchange.receive({ bytesPerRead, pauseMs });
  await text(exchange);
}

/** Refuses before the body is read. */
export async function early401(exchange: Exchange): Promise<void> {
  const { request, reply, params } = exchange;
  const { rest = 'drain' } = params;
  const headers = answerHeaders(exchange, 'application/json', rest === 'drain' ? {} : { connection: 'close' });
  const body = { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } };
  const bytes = Buffer.from(JSON.stringify({ ...body, request_id: headers['request-id'] }));
  if (params.hold === true) await reply.whileThere(request.released);
  await reply.answer(401, headers, bytes);
  if (rest === 'reset') reply.reset();
}
