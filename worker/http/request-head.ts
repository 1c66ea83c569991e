/** A request's head, copied out of the engine's short-lived request object, and what is wrong with it. */
import { Buffer } from 'node:buffer';
import { MAX_HEAD_BYTES } from '../../shared/limits';
import type { EngineRequest, EngineResponse } from './engine';

export interface RequestHead {
  /** Upper-case, such as `GET`. */
  method: string;
  /** The path as it came, without the query. */
  path: string;
  /** The query without its question mark; may be empty. */
  query: string;
  /** Flat list: lower-case name, value, name, value … in the order of the wire. Values hold one char per byte. */
  headers: string[];
  /** The TCP peer: 4 or 16 bytes. */
  peer: Uint8Array;
}

export type HeadProblem = { status: 400 | 431; message: string };

/** Copies everything that is needed later: the engine's request dies when the handler returns. */
export function copyHead(res: EngineResponse, req: EngineRequest): RequestHead {
  const headers: string[] = [];
  req.forEach((name, value) => {
    headers.push(name, isAscii(value) ? value : Buffer.from(value, 'utf8').toString('latin1'));
  });
  return {
    method: upperCase(req.getMethod()),
    path: req.getUrl(),
    query: req.getQuery() ?? '',
    headers,
    peer: new Uint8Array(res.getRemoteAddress()),
  };
}

/** `toUpperCase` is a call into the runtime. */
function upperCase(method: string): string {
  if (method === 'post') return 'POST';
  return method === 'get' ? 'GET' : method.toUpperCase();
}

/** The first value of a header, or undefined. */
export function header(head: RequestHead, name: string): string | undefined {
  const { headers } = head;
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/**
 * What the engines let pass and should not: a second `Host` (the access rule reads it), a second `Content-Length`
 * (request smuggling), a head beyond the limit (the older engine takes 30 KB and more).
 */
export function headProblem(head: RequestHead): HeadProblem | null {
  const { headers } = head;
  let bytes = head.path.length + head.query.length;
  let hosts = 0;
  let lengths = 0;
  let encodings = 0;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    bytes += name.length + (headers[i + 1] ?? '').length + 4;
    if (name === 'host') hosts++;
    else if (name === 'content-length') lengths++;
    else if (name === 'transfer-encoding') {
      encodings++;
      if (headers[i + 1]?.toLowerCase() !== 'chunked') return { status: 400, message: 'Unknown Transfer-Encoding' };
    }
  }
  if (bytes > MAX_HEAD_BYTES) return { status: 431, message: `Request headers exceed ${MAX_HEAD_BYTES} bytes` };
  if (hosts !== 1) return { status: 400, message: `Expected one Host header, got ${hosts}` };
  if (lengths > 1) return { status: 400, message: 'More than one Content-Length header' };
  if (lengths + encodings > 1) return { status: 400, message: 'Content-Length and Transfer-Encoding together' };
  return null;
}

/** Text that is the same bytes in every encoding. */
export function isAscii(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return false;
  return true;
}
