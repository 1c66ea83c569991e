/** Request line and headers of a request (RFC 9112, 3 to 6). */
import { Buffer } from 'node:buffer';
import { type HeaderText, UpstreamError, type UpstreamRequest } from '../upstream';

const NOT_IN_NAMES = /[^!#$%&'*+\-.^_`|~\dA-Za-z]/;
/** Beyond one byte a char would become another one on the wire: U+010A a line feed. */
const NOT_IN_VALUES = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_IN_TARGETS = /[^\x21-\x7e\x80-\xff]/;

/** What the requests to one provider have in common. */
export interface RequestCommons {
  /** Stands before each target: the origin, where a proxy is asked, and nothing elsewhere. */
  targetPrefix: string;
  /** `host` and what else each of them has. */
  headers: string;
}

/** A head that is whole but for the length of the body. */
export interface RequestStart {
  readonly bytes: Buffer;
  /** It ends where that length goes. */
  readonly takesLength: boolean;
}

export const NO_START: RequestStart = { bytes: Buffer.alloc(0), takesLength: false };

/** Makes the starts of heads. Most requests have that of the one before. */
export class RequestStarts {
  readonly #commons: RequestCommons;
  #last: { method: string; target: string; headers: HeaderText; start: RequestStart } | null = null;

  constructor(commons: RequestCommons) {
    this.#commons = commons;
  }

  /** @throws UpstreamError `bad_request` for what would break out of its place */
  of({ method, target, headers }: UpstreamRequest): RequestStart {
    const last = this.#last;
    if (last?.headers === headers && last.target === target && last.method === method) return last.start;
    if (headers === null || target === '' || NOT_IN_TARGETS.test(target)) {
      throw new UpstreamError('bad_request', 'The request has a header or a query that cannot be sent on');
    }
    const { targetPrefix, headers: common } = this.#commons;
    const takesLength = method !== 'GET';
    const end = takesLength ? 'content-length: ' : '\r\n';
    const text = `${method} ${targetPrefix}${target} HTTP/1.1\r\n${common}${headers.text}${end}`;
    const start = { bytes: Buffer.from(text, 'latin1'), takesLength };
    this.#last = { method, target, headers, start };
    return start;
  }
}

/** Of the whole head. */
export function headBytes({ bytes, takesLength }: RequestStart, bodyBytes: number): number {
  if (!takesLength) return bytes.length;
  let digits = 1;
  for (let rest = bodyBytes; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return bytes.length + digits + 4;
}

/** @returns where the body begins */
export function writeHead(into: Buffer, start: RequestStart, bodyBytes: number): number {
  into.set(start.bytes);
  const end = headBytes(start, bodyBytes);
  if (!start.takesLength) return end;
  let i = end;
  into[--i] = 0x0a;
  into[--i] = 0x0d;
  into[--i] = 0x0a;
  into[--i] = 0x0d;
  for (let rest = bodyBytes; i > start.bytes.length; rest = Math.floor(rest / 10)) into[--i] = 0x30 + (rest % 10);
  return end;
}

/** A header as it goes over the wire; null where it would break out of its place. */
export function headerLine(name: string, value: string): string | null {
  return name === '' || NOT_IN_NAMES.test(name) || NOT_IN_VALUES.test(value) ? null : `${name}: ${value}\r\n`;
}

/** @param headers flat list of name, value */
export function headerLines(headers: readonly string[]): string | null {
  let lines = '';
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const line = headerLine(headers[i] ?? '', headers[i + 1] ?? '');
    if (line === null) return null;
    lines += line;
  }
  return lines;
}

export function bytesOf(body: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of body) bytes += piece.length;
  return bytes;
}
