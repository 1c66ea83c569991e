/** Answers that CCProxy makes itself. Proxied answers go through `ResponseWriter`. */
import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import { adminErrorBody, ERROR_STATUS, type ProxyError, statusOf } from '../../shared/errors';
import type { EngineResponse } from './engine';
import { isAscii } from './header-block';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Without a word the engine says 200. */
export function writeStatus(res: EngineResponse, status: number): void {
  if (status !== 200) res.writeStatus(`${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
}

export interface Reply {
  status: number;
  /** The content type and, as further lines, all other headers; see `furtherLines`. */
  typeAndHeaders: string | Uint8Array;
  /** Bytes need be valid only until they are sent. */
  body: string | Uint8Array;
}

export interface ReplyOptions {
  /** A HEAD request: the same head, no body. */
  headOnly: boolean;
  /** The worker drains: ask the client to open its next connection elsewhere. */
  closing: boolean;
}

/**
 * What `end` takes together with the connection's end. With more the engine's cork buffer overflows, and where the client
 * has just gone the body is lost (uWebSockets.js#1249): a route that returns then, unanswered, ends the process.
 */
const MAX_CLOSING_BYTES = 8 * 1024;

/** See `takesWhole`. */
const MAX_UNASKED_BYTES = 2048;

/** Sends a whole answer in one write. The response must still be open. */
export function sendReply(res: EngineResponse, reply: Reply, options: ReplyOptions): void {
  res.cork(() => writeReply(res, reply, options));
}

/** The same within a route's handler, where the engine collects all writes by itself: to ask it to costs two crossings. */
export function writeReply(res: EngineResponse, reply: Reply, options: ReplyOptions): void {
  writeStatus(res, reply.status);
  res.writeHeader('content-type', reply.typeAndHeaders);
  if (options.closing && !options.headOnly && Buffer.byteLength(reply.body) <= MAX_CLOSING_BYTES) {
    // The engine tells the client, and closes.
    res.end(reply.body, true);
    return;
  }
  if (options.closing) res.writeHeader('connection', 'close');
  if (!options.headOnly) {
    endReply(res, reply.body);
    return;
  }
  res.writeHeader('content-length', String(Buffer.byteLength(reply.body)));
  res.endWithoutBody();
}

/** The exchange, if there is one, is over: nobody needs to hear of a client that goes now, but the engine insists. */
function endReply(res: EngineResponse, body: string | Uint8Array): void {
  if (takesWhole(res, body)) return;
  res.onAborted(() => {});
  whenWritable(res, body, () => {});
}

/**
 * Ends a response with the whole of its body. The engine takes the next request of a connection whether or not the client
 * reads, and the answers of one that never does would pile up: so a body that is not taken leaves the response open. Not a
 * short one: to ask costs a tenth of a page, and heads alone pile up just as well.
 * @returns whether it is over
 */
export function takesWhole(res: EngineResponse, body: string | Uint8Array): boolean {
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_UNASKED_BYTES) return res.tryEnd(body, bytes)[1];
  res.end(body);
  return true;
}

/** Goes on with what `takesWhole` has left. @param over the client has taken all of it; not called when it goes before */
export function whenWritable(res: EngineResponse, body: string | Uint8Array, over: () => void): void {
  // Twice the same: no overload takes both.
  const kept = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  res.onWritable((offset) => {
    let taken: [isTaken: boolean, isOver: boolean] = [true, true];
    res.cork(() => {
      taken = res.tryEnd(kept.subarray(offset), kept.length);
    });
    const [isTaken, isOver] = taken;
    if (isOver) over();
    return isTaken;
  });
}

/**
 * Headers as further lines of the value of another one: each call is a crossing into the engine, and they would be most
 * of what a head costs.
 * @param headers flat list of name, value
 */
export function furtherLines(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `\r\n${headers[i]}: ${headers[i + 1]}`;
  return lines;
}

/** One char of the text is one byte, where the engine would write UTF-8. */
export function headerValue(text: string): string | Uint8Array {
  return isAscii(text) ? text : Buffer.from(text.replace(BEYOND_A_BYTE, '?'), 'latin1');
}

/** As one byte some of them would be a line's end. */
const BEYOND_A_BYTE = /[\u0100-\uffff]/g;

/** @param lines see `furtherLines` */
export function jsonReply(status: number, body: string, lines = ''): Reply {
  return { status, typeAndHeaders: headerValue(JSON_TYPE + lines), body };
}

/** What holds at the moment only. */
export const NO_STORE = furtherLines(['cache-control', 'no-store']);

/** An error on the operator's pages. */
export function adminError(error: ProxyError, lines = ''): Reply {
  return jsonReply(ERROR_STATUS[error.type], adminErrorBody(error), NO_STORE + lines);
}

export const UNAUTHORISED = adminError({ type: 'authentication_error', message: 'Invalid or missing API key' });

/** An error on the API pages: a body in the client's dialect, with the id that the log has. */
export function apiError(error: ProxyError, body: string, requestId: string, lines = ''): Reply {
  const retry = error.retryAfter === undefined ? [] : ['retry-after', String(error.retryAfter)];
  return jsonReply(statusOf(error), body, furtherLines(['request-id', requestId, ...retry]) + lines);
}
