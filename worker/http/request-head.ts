/** A request's head, copied out of the engine's short-lived request object, and what is wrong with it. */
import { MAX_HEAD_BYTES } from '../../shared/limits';
import type { EngineRequest, EngineResponse } from './engine';
import { type HeaderBlock, HeaderReader } from './header-block';
import type { HeaderMeaning } from './header-meaning';

/** What is known of a head before it is read; null where it is not. */
export interface KnownOfHead {
  /** Upper-case. */
  readonly method: string | null;
  readonly path: string | null;
}

const reader = new HeaderReader();

/** A head is only whole while its request is being handled: `peer` is asked for when it is first needed. */
export class RequestHead {
  /** Upper-case, such as `GET`. */
  readonly method: string;
  /** The path as it came, without the query. */
  readonly path: string;
  /** The query without its question mark; may be empty. */
  readonly query: string;
  /** The value of Content-Length, or undefined. */
  readonly contentLength: string | undefined;
  /** How many Content-Length headers there are. */
  readonly contentLengths: number;
  /** All other headers. */
  readonly block: HeaderBlock;
  readonly #res: Pick<EngineResponse, 'getRemoteAddress'>;

  /**
   * Copies everything that is needed later: the engine's request dies when the handler returns.
   * @param known need not be asked for: each question to the engine is a crossing
   */
  constructor(res: Pick<EngineResponse, 'getRemoteAddress'>, req: EngineRequest, known: KnownOfHead) {
    this.#res = res;
    this.method = known.method ?? upperCase(req.getMethod());
    this.path = known.path ?? req.getUrl();
    this.query = req.getQuery() ?? '';
    this.block = reader.read(req);
    this.contentLength = reader.contentLength;
    this.contentLengths = reader.contentLengths;
  }

  /** As the block has them: flat list of lower-case name, value. */
  get headers(): readonly string[] {
    return this.block.headers;
  }

  /** Of each header, in the same order. */
  get meanings(): readonly HeaderMeaning[] {
    return this.block.meanings;
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
}

/** `toUpperCase` is a call into the runtime. */
function upperCase(method: string): string {
  return method === 'get' ? 'GET' : method.toUpperCase();
}

export type HeadProblem = { status: 400 | 431; message: string };

/**
 * What the engines let pass and should not: a second `Host` (the access rule reads it), a second `Content-Length`
 * (request smuggling), a head beyond the limit (the older engine takes 30 KB and more).
 */
export function headProblem({
  path,
  query,
  block,
  contentLength = '',
  contentLengths,
}: RequestHead): HeadProblem | null {
  const { headers, meanings } = block;
  const bytes = path.length + query.length + block.bytes + contentLengths * (LENGTH_LINE_BYTES + contentLength.length);
  let hosts = 0;
  let encodings = 0;
  for (let i = 0; i < meanings.length; i++) {
    switch (meanings[i]) {
      case 'host':
        hosts++;
        break;
      case 'transfer-encoding':
        encodings++;
        if ((headers[2 * i + 1] ?? '').toLowerCase() !== 'chunked') {
          return { status: 400, message: 'Unknown Transfer-Encoding' };
        }
        break;
    }
  }
  if (bytes > MAX_HEAD_BYTES) return { status: 431, message: `Request headers exceed ${MAX_HEAD_BYTES} bytes` };
  if (hosts !== 1) return { status: 400, message: `Expected one Host header, got ${hosts}` };
  if (contentLengths > 1) return { status: 400, message: 'More than one Content-Length header' };
  if (contentLengths + encodings > 1) return { status: 400, message: 'Content-Length and Transfer-Encoding together' };
  return null;
}

const LENGTH_LINE_BYTES = 'content-length: \r\n'.length;
