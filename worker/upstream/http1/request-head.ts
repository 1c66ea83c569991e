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
  /** `host` and what else each of them has. */
  headers: string;
}

/**
 * One char per byte.
 * @throws UpstreamError `bad_request` for what would break out of its place
 */
export function requestHead(request: UpstreamRequest, commons: RequestCommons): string {
  const { method, target, headers, body } = request;
  if (headers === null || !isSoundTarget(target)) {
    throw new UpstreamError('bad_request', 'The request has a header or a query that cannot be sent on');
  }
  const head = `${method} ${commons.targetPrefix}${target} HTTP/1.1\r\n${commons.headers}${headers}`;
  return method === 'GET' ? `${head}\r\n` : `${head}content-length: ${bytesOf(body)}\r\n\r\n`;
}

/** Most requests have the target of the one before. */
let soundTarget = '/';

function isSoundTarget(target: string): boolean {
  if (target === soundTarget) return true;
  if (target === '' || NOT_IN_TARGETS.test(target)) return false;
  soundTarget = target;
  return true;
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
