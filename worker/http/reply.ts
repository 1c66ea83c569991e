/** Answers that CCProxy makes itself. Proxied answers go through `ResponseWriter`. */
import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import { adminErrorBody, ERROR_STATUS, type ProxyError, statusOf } from '../../shared/errors';
import type { EngineResponse } from './engine';
import { isAscii } from './request-head';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** `200` → `200 OK`. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

export interface Reply {
  status: number;
  contentType: string;
  body: string;
  /** Further headers: flat list of name, value. */
  headers?: readonly string[];
}

export interface ReplyOptions {
  /** A HEAD request: the same head, no body. */
  headOnly: boolean;
  /** The worker drains: ask the client to open its next connection elsewhere. */
  closing: boolean;
}

/** Sends a whole answer in one write. The response must still be open. */
export function sendReply(res: EngineResponse, reply: Reply, options: ReplyOptions): void {
  res.cork(() => {
    res.writeStatus(statusLine(reply.status));
    res.writeHeader('content-type', reply.contentType);
    writeHeaders(res, reply.headers ?? []);
    if (!options.headOnly) {
      res.end(reply.body, options.closing);
      return;
    }
    if (options.closing) res.writeHeader('connection', 'close');
    res.writeHeader('content-length', String(Buffer.byteLength(reply.body)));
    res.endWithoutBody();
  });
}

/**
 * Writes all headers in one call, the others as further lines of the first one's value: each call is a crossing into the
 * engine, and they would be most of what a head costs.
 * @param headers flat list of name, value, with one char per byte; none may hold a line's end
 */
export function writeHeaders(res: EngineResponse, headers: readonly string[]): void {
  const [name, value] = headers;
  if (name === undefined || value === undefined) return;
  let lines = value;
  for (let i = 2; i + 1 < headers.length; i += 2) lines += `\r\n${headers[i]}: ${headers[i + 1]}`;
  // The engine writes text as UTF-8.
  res.writeHeader(name, isAscii(lines) ? lines : Buffer.from(lines.replace(BEYOND_A_BYTE, '?'), 'latin1'));
}

/** As one byte some of them would be a line's end. */
const BEYOND_A_BYTE = /[\u0100-\uffff]/g;

export function jsonReply(status: number, body: string, headers?: readonly string[]): Reply {
  return { status, contentType: JSON_TYPE, body, ...(headers && { headers }) };
}

/** An error on the operator's pages. */
export function adminError(error: ProxyError, headers: readonly string[] = []): Reply {
  return jsonReply(ERROR_STATUS[error.type], adminErrorBody(error), ['cache-control', 'no-store', ...headers]);
}

export const UNAUTHORISED = adminError({ type: 'authentication_error', message: 'Invalid or missing API key' });

/** An error on the API pages: a body in the client's dialect, with the id that the log has. */
export function apiError(error: ProxyError, body: string, requestId: string, headers: readonly string[] = []): Reply {
  const retry = error.retryAfter === undefined ? [] : ['retry-after', String(error.retryAfter)];
  return jsonReply(statusOf(error), body, ['request-id', requestId, ...retry, ...headers]);
}
