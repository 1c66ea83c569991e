/**
 * What RFC 9112 says of an answer, read slowly and all at once, with the strictness that our client is to have: the
 * judge of bytes that were made by chance. Behind the last byte the connection ends.
 */

export type Flaw =
  | 'incomplete'
  | 'status line'
  | 'field'
  | 'length'
  | 'coding'
  | 'length and coding'
  | 'head too large'
  | 'protocol switch'
  | 'chunk'
  | 'trailers';

export interface Reading {
  flaw: null;
  status: number;
  /** Flat list of lower-case name, value. */
  headers: string[];
  body: Buffer;
  /** Offset of the first byte behind the answer. */
  endsAt: number;
}

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;
const FIELD = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/s;
const NOT_IN_FIELDS = /[^\t\x20-\x7e\x80-\xff]/;

export function readStrictly(bytes: Buffer): Reading | { flaw: Flaw } {
  const text = bytes.toString('latin1');
  for (let at = 0; ; ) {
    const headEnd = text.indexOf('\r\n\r\n', at) + 4;
    if ((headEnd < 4 ? text.length : headEnd) > MAX_HEAD_BYTES) return { flaw: 'head too large' };
    if (headEnd < 4) return { flaw: 'incomplete' };
    const [statusLine = '', ...lines] = text.slice(at, headEnd - 4).split('\r\n');
    const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/s.exec(statusLine) ?? [];
    if (status === undefined || NOT_IN_FIELDS.test(statusLine)) return { flaw: 'status line' };
    const headers = fieldsOf(lines);
    if (headers === null) return { flaw: 'field' };
    const framing = framingOf(headers, minor === '1');
    if (typeof framing === 'object') return framing;
    if (status === '101') return { flaw: 'protocol switch' };
    at = headEnd;
    if (status.startsWith('1')) continue;
    const body = ['204', '304'].includes(status) ? { flaw: null, body: '', endsAt: at } : bodyOf(text, at, framing);
    if (body.flaw !== null) return body;
    return { ...body, status: Number(status), headers, body: Buffer.from(body.body, 'latin1') };
  }
}

function fieldsOf(lines: readonly string[]): string[] | null {
  const headers: string[] = [];
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined || NOT_IN_FIELDS.test(line)) return null;
    headers.push(name.toLowerCase(), value);
  }
  return headers;
}

type Framing = number | 'chunked' | 'until close';

function framingOf(headers: readonly string[], isHttp11: boolean): Framing | { flaw: Flaw } {
  const valuesOf = (name: string) => headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === name);
  const [length, ...moreLengths] = valuesOf('content-length');
  const [coding, ...moreCodings] = valuesOf('transfer-encoding');
  if (coding !== undefined && length !== undefined)
    return { flaw: moreLengths.length > 0 ? 'length' : 'length and coding' };
  if (coding !== undefined) {
    return coding.toLowerCase() === 'chunked' && moreCodings.length === 0 && isHttp11 ? 'chunked' : { flaw: 'coding' };
  }
  if (length === undefined) return 'until close';
  return moreLengths.length === 0 && /^\d{1,15}$/.test(length) ? Number(length) : { flaw: 'length' };
}

type Body = { flaw: null; body: string; endsAt: number } | { flaw: Flaw };

function bodyOf(text: string, from: number, framing: Framing): Body {
  if (framing === 'chunked') return chunksOf(text, from);
  const endsAt = framing === 'until close' ? text.length : from + framing;
  return endsAt > text.length ? { flaw: 'incomplete' } : { flaw: null, body: text.slice(from, endsAt), endsAt };
}

/** A size line, with as much of its end as there is. Extensions are ignored, whatever they say (RFC 9112, 7.1.1). */
const SIZE_LINE = /([\da-f]{1,13})(?:;[\t\x20-\x7e\x80-\xff]{0,4096})?\r\n/iy;
const SIZE_LINE_BEGUN = /(?:[\da-f]{1,13}(?:;[\t\x20-\x7e\x80-\xff]{0,4096})?\r?)?$/iy;

function chunksOf(text: string, from: number): Body {
  let body = '';
  for (let at = from; ; ) {
    SIZE_LINE.lastIndex = SIZE_LINE_BEGUN.lastIndex = at;
    const [line = '', digits] = SIZE_LINE.exec(text) ?? [];
    if (digits === undefined) return { flaw: SIZE_LINE_BEGUN.test(text) ? 'incomplete' : 'chunk' };
    const size = Number.parseInt(digits, 16);
    at += line.length;
    if (size === 0) return trailersOf(text, at, body);
    const end = text.slice(at + size, at + size + 2);
    if (end !== '\r\n') return { flaw: ['', '\r'].includes(end) ? 'incomplete' : 'chunk' };
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

const TRAILERS_BEGUN = /^(?:[\t\x20-\x7e\x80-\xff]*\r\n)*[\t\x20-\x7e\x80-\xff]*\r?$/;

function trailersOf(text: string, at: number, body: string): Body {
  const end = text.startsWith('\r\n', at) ? at + 2 : text.indexOf('\r\n\r\n', at) + 4;
  const isOpen = end < 4;
  const trailers = text.slice(at, isOpen ? text.length : end);
  if (trailers.length > MAX_TRAILER_BYTES) return { flaw: 'trailers' };
  // An end of a line is known to be wrong before the end of all.
  if (isOpen) return { flaw: TRAILERS_BEGUN.test(trailers) ? 'incomplete' : 'trailers' };
  const lines = trailers.slice(0, trailers === '\r\n' ? -2 : -4).split('\r\n');
  return trailers !== '\r\n' && fieldsOf(lines) === null ? { flaw: 'trailers' } : { flaw: null, body, endsAt: end };
}
