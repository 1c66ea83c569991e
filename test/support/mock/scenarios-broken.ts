/** Scenarios in which the provider fails: silence, breaks, nonsense; streams, whether or not one was asked for. */
import { setImmediate } from 'node:timers/promises';
import { errorEvent } from '../anthropic-wire';
import { afterEvents, sendPieces, streamHead, textEvents } from './answers';
import type { Exchange } from './exchange';

/** Accepts the request and never answers. */
export async function silent({ reply }: Exchange): Promise<void> {
  await reply.untilGone();
}

export async function silentAfterHead(exchange: Exchange): Promise<void> {
  await streamHead(exchange);
  await exchange.reply.untilGone();
}

/** Some events and the first half of one more. */
export async function silentMidEvent(exchange: Exchange): Promise<void> {
  await someEvents(exchange, { andHalf: true });
  await exchange.reply.untilGone();
}

export async function resetBeforeHead(exchange: Exchange): Promise<void> {
  await held(exchange);
  exchange.reply.reset();
}

export async function resetAfterHead(exchange: Exchange): Promise<void> {
  await streamHead(exchange);
  await held(exchange);
  await leave();
  exchange.reply.reset();
}

export async function resetMidStream(exchange: Exchange): Promise<void> {
  await someEvents(exchange, { andHalf: true });
  await held(exchange);
  await leave();
  exchange.reply.reset();
}

/** FIN inside the chunked body, and inside an event. */
export async function closeMidStream(exchange: Exchange): Promise<void> {
  await someEvents(exchange, { andHalf: true });
  await held(exchange);
  exchange.reply.fin();
}

/** No HTTP at all. */
export async function garbage({ reply }: Exchange): Promise<void> {
  await reply.wire(Buffer.from('\u0000\u0001SSH-2.0-OpenSSH_9.6\r\nthis is no HTTP\r\n\r\n\u00ff\u00fe', 'latin1'));
  reply.fin();
}

/** A chunk whose size is no number. */
export async function badChunk(exchange: Exchange): Promise<void> {
  await someEvents(exchange, { andHalf: false });
  await held(exchange);
  await exchange.reply.wire('ZZZ\r\nnot a chunk\r\n');
  exchange.reply.fin();
}

/** The provider fails in mid-stream and says so; the stream then ends properly. */
export async function sseError(exchange: Exchange): Promise<void> {
  const { errorType = 'overloaded_error', errorMessage = 'Overloaded' } = exchange.params;
  await someEvents(exchange, { andHalf: false });
  await held(exchange);
  await exchange.reply.body(errorEvent(errorType, errorMessage));
  await exchange.reply.end();
}

async function someEvents(exchange: Exchange, { andHalf }: { andHalf: boolean }): Promise<void> {
  const { reply, params } = exchange;
  const events = textEvents(exchange);
  const count = Math.min(afterEvents(params), events.length - 1);
  const next = events[count] ?? Buffer.alloc(0);
  await streamHead(exchange);
  await sendPieces(exchange, events.slice(0, count));
  if (andHalf) await reply.body(next.subarray(0, Math.floor(next.length / 2)));
}

async function held({ request, reply, params }: Exchange): Promise<void> {
  if (params.hold === true) await reply.whileThere(request.released);
}

/**
 * Written bytes leave the process before an RST. Whether the peer still reads them is its affair, and a Node client
 * that gets both in one turn of its loop is told of an end instead of a reset (libuv). With `hold` it is certain.
 */
async function leave(): Promise<void> {
  await setImmediate();
}
