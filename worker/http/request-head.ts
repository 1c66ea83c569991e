/** A request's head, copied out of the engine's short-lived request object, and what is wrong with it. */
import { Buffer } from 'node:buffer';
import { MAX_HEAD_BYTES } from '../../shared/limits';
import type { EngineRequest, EngineResponse } from './engine';
import { NameTable } from './name-table';

/** What a header is to the proxy, by its name. */
export type HeaderMeaning =
  | 'host'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'accept-encoding'
  | 'x-api-key'
  | 'authorization'
  | 'origin'
  | 'sec-fetch-site'
  | 'session'
  /** The chain of proxies. */
  | 'x-forwarded-for'
  /** It tells that a proxy stands between. */
  | 'forwarding'
  /** It ends here for another reason: it is of one connection only (RFC 9110, 7.6.1), or no provider's business. */
  | 'ends here'
  /** It just passes. */
  | 'unknown';

const HEADERS = new NameTable<HeaderMeaning>(
  [
    ['host', 'host'],
    ['content-length', 'content-length'],
    ['transfer-encoding', 'transfer-encoding'],
    ['connection', 'connection'],
    ['accept-encoding', 'accept-encoding'],
    ['x-api-key', 'x-api-key'],
    ['authorization', 'authorization'],
    ['origin', 'origin'],
    ['sec-fetch-site', 'sec-fetch-site'],
    ['x-claude-code-session-id', 'session'],
    ['x-forwarded-for', 'x-forwarded-for'],
    ['x-forwarded-host', 'forwarding'],
    ['x-real-ip', 'forwarding'],
    ['forwarded', 'forwarding'],
    ['via', 'forwarding'],
    ['cf-connecting-ip', 'forwarding'],
    ['true-client-ip', 'forwarding'],
    ['x-forwarded-proto', 'ends here'],
    ['x-forwarded-port', 'ends here'],
    ['keep-alive', 'ends here'],
    ['proxy-authenticate', 'ends here'],
    ['proxy-authorization', 'ends here'],
    ['proxy-connection', 'ends here'],
    ['te', 'ends here'],
    ['trailer', 'ends here'],
    ['upgrade', 'ends here'],
    ['expect', 'ends here'],
    ['x-goog-api-key', 'ends here'],
    ['cookie', 'ends here'],
  ],
  'unknown',
);

/** A head is only whole while its request is being handled: `peer` is asked for when it is first needed. */
export class RequestHead {
  /** Upper-case, such as `GET`. */
  readonly method: string;
  /** The path as it came, without the query. */
  readonly path: string;
  /** The query without its question mark; may be empty. */
  readonly query: string;
  /** Flat list: lower-case name, value, name, value … in the order of the wire. Values hold one char per byte. */
  readonly headers: string[] = [];
  /** Of each header, in the same order. */
  readonly meanings: HeaderMeaning[] = [];
  readonly #res: Pick<EngineResponse, 'getRemoteAddress'>;

  /**
   * Copies everything that is needed later: the engine's request dies when the handler returns.
   * @param path where it is known; each question to the engine is a crossing
   */
  constructor(res: Pick<EngineResponse, 'getRemoteAddress'>, req: EngineRequest, path: string | null) {
    this.#res = res;
    this.method = upperCase(req.getMethod());
    this.path = path ?? req.getUrl();
    this.query = req.getQuery() ?? '';
    let values = '';
    req.forEach((name, value) => {
      this.headers.push(name, value);
      this.meanings.push(HEADERS.get(name));
      values += value;
    });
    if (!isAscii(values)) this.#decodeValues();
  }

  #peer: Uint8Array | null = null;

  /** The TCP peer: 4 or 16 bytes. Not to be asked for the first time once the handler has returned. */
  get peer(): Uint8Array {
    // It is a system call, and both the access rule and the gateway ask.
    this.#peer ??= new Uint8Array(this.#res.getRemoteAddress());
    return this.#peer;
  }

  /** The first value of a header, or undefined. */
  header(name: string): string | undefined {
    const { headers } = this;
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
    return undefined;
  }

  /** The first value of the headers with this meaning, or undefined. */
  first(meaning: HeaderMeaning): string | undefined {
    const at = this.meanings.indexOf(meaning);
    return at < 0 ? undefined : this.headers[2 * at + 1];
  }

  /** The engine takes values for UTF-8. */
  #decodeValues(): void {
    const { headers } = this;
    for (let i = 1; i < headers.length; i += 2) headers[i] = Buffer.from(headers[i] ?? '', 'utf8').toString('latin1');
  }
}

/** `toUpperCase` is a call into the runtime. */
function upperCase(method: string): string {
  if (method === 'post') return 'POST';
  return method === 'get' ? 'GET' : method.toUpperCase();
}

export type HeadProblem = { status: 400 | 431; message: string };

/**
 * What the engines let pass and should not: a second `Host` (the access rule reads it), a second `Content-Length`
 * (request smuggling), a head beyond the limit (the older engine takes 30 KB and more).
 */
export function headProblem({ path, query, headers, meanings }: RequestHead): HeadProblem | null {
  let bytes = path.length + query.length;
  let hosts = 0;
  let lengths = 0;
  let encodings = 0;
  for (let i = 0; i < meanings.length; i++) {
    const value = headers[2 * i + 1] ?? '';
    bytes += (headers[2 * i] ?? '').length + value.length + 4;
    switch (meanings[i]) {
      case 'host':
        hosts++;
        break;
      case 'content-length':
        lengths++;
        break;
      case 'transfer-encoding':
        encodings++;
        if (value.toLowerCase() !== 'chunked') return { status: 400, message: 'Unknown Transfer-Encoding' };
        break;
    }
  }
  if (bytes > MAX_HEAD_BYTES) return { status: 431, message: `Request headers exceed ${MAX_HEAD_BYTES} bytes` };
  if (hosts !== 1) return { status: 400, message: `Expected one Host header, got ${hosts}` };
  if (lengths > 1) return { status: 400, message: 'More than one Content-Length header' };
  if (lengths + encodings > 1) return { status: 400, message: 'Content-Length and Transfer-Encoding together' };
  return null;
}

/** Text that is the same bytes in every encoding. Looking at each char costs 25 instructions, counting its bytes 2. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
