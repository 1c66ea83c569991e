/** Sends a turn, as a document or a stream, with the manners that were asked for. */
import { setImmediate } from 'node:timers/promises';
import type { Exchange } from '../mock-provider';
import { documentOf, eventsOf, headersOf, lateFailure, lateFailureEvent, layOut } from './answers';
import type { SimulatedDialect } from './headers-check';
import type { Turn, WireContext } from './turn';
import { cutUp, frame, type Ugliness } from './ugliness';

export interface Answer {
  dialect: SimulatedDialect;
  context: WireContext;
  stream: boolean;
  turn: Turn;
  ugliness: Ugliness;
}

export async function sendTurn(exchange: Exchange, answer: Answer): Promise<void> {
  if (answer.stream) await sendStream(exchange, answer);
  else await sendDocument(exchange, answer);
}

async function sendDocument({ reply }: Exchange, { dialect, context, turn, ugliness }: Answer): Promise<void> {
  const headers = { 'content-type': 'application/json', ...headersOf(dialect, context.number) };
  if (ugliness.holdAfter !== undefined) await reply.untilGone();
  const isFailed = ugliness.errorAfter !== undefined;
  const body = isFailed ? lateFailure(dialect, context) : documentOf(dialect, turn, context, ugliness);
  const bytes = layOut(dialect, body);
  if (ugliness.truncate === undefined) return reply.answer(200, headers, bytes);
  await reply.head(200, headers, 'chunked');
  await reply.body(bytes.subarray(0, bytes.length >> 1));
  if (ugliness.truncate.how === 'end') return reply.end();
  await setImmediate();
  reply.reset();
}

async function sendStream({ reply }: Exchange, { dialect, context, turn, ugliness }: Answer): Promise<void> {
  const { truncate, errorAfter, holdAfter, jsonArray = false, crlf = dialect === 'gemini' } = ugliness;
  const isArray = jsonArray && dialect === 'gemini';
  let events = eventsOf(dialect, turn, context, ugliness);
  const stopAfter = truncate?.after ?? errorAfter ?? holdAfter;
  if (stopAfter !== undefined) events = events.slice(0, stopAfter);
  if (errorAfter !== undefined) events.push(lateFailureEvent(dialect, context));
  const framed = isArray ? events : events.map((event) => frame(event, { ...ugliness, crlf }));
  const contentType = isArray ? 'application/json; charset=UTF-8' : 'text/event-stream; charset=utf-8';
  const headers = { 'content-type': contentType, 'cache-control': 'no-cache', ...headersOf(dialect, context.number) };
  await reply.head(200, headers, 'chunked');
  const isCut = ugliness.cutBytes !== undefined || ugliness.cutAt !== undefined;
  const pieces = isCut ? cutUp(Buffer.from(framed.join('')), ugliness) : framed;
  for (const piece of pieces) {
    await reply.body(piece);
    // A turn of the loop for the reader, so that a piece is likely to be read alone.
    if (isCut) await setImmediate();
  }
  if (holdAfter !== undefined) await reply.untilGone();
  if (truncate?.how !== 'reset') return reply.end();
  await setImmediate();
  reply.reset();
}
