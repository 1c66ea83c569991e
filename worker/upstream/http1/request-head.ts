/** Request line and headers of a request (RFC 9112, 3 to 6). */
import { UpstreamError, type UpstreamRequest } from '../upstream';

const NOT_IN_NAMES = /[^!#$%&'*+\-.^_`|~\dA-Za-z]/;
/** Beyond one byte a char would become another one on the wire: U+010A a line feed. */
const NOT_IN_VALUES = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_IN_TARGETS = /[^\x21-\x7e\x80-\xff]/;

/** What the requests to one provider have in common. */
export interface RequestCommons {
  /** Stands before each target: the origin, where a proxy is asked, and nothing elsewhere. */
  targetPrefix: string;
  /** The value of `host`. */
  host: string;
  /** Flat list of name, value. */
  headers: readonly string[];
}

/**
 * One char per byte.
 * @throws UpstreamError `bad_request` for what would break out of its place
 */
export function requestHead(request: UpstreamRequest, commons: RequestCommons): string {
  const { method, target, headers, body } = request;
  if (target === '' || NOT_IN_TARGETS.test(target)) throw bad();
  let head = `${method} ${commons.targetPrefix}${target} HTTP/1.1\r\nhost: ${commons.host}\r\n`;
  head += lines(commons.headers) + lines(headers);
  return method === 'GET' ? `${head}\r\n` : `${head}content-length: ${bytesOf(body)}\r\n\r\n`;
}

export function bytesOf(body: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of body) bytes += piece.length;
  return bytes;
}

function lines(headers: readonly string[]): string {
  let text = '';
  let names = '';
  let values = '';
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (name === '') throw bad();
    names += name;
    values += value;
    text += `${name}: ${value}\r\n`;
  }
  // Looked at all together: what counts is single chars, and a look costs more than the chars do.
  if (NOT_IN_NAMES.test(names) || NOT_IN_VALUES.test(values)) throw bad();
  return text;
}

function bad(): UpstreamError {
  return new UpstreamError('bad_request', 'The request has a header or a query that cannot be sent on');
}
