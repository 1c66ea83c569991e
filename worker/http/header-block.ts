/**
 * A request's headers. A client says the same with each request: what has come again is not copied, nor looked into
 * again, and who has kept what it makes of these headers finds it by their identity.
 */
import { Buffer } from 'node:buffer';
import type { EngineRequest } from './engine';
import { HEADER_MEANINGS, type HeaderMeaning } from './header-meaning';

/** All of a request's headers but Content-Length, which differs where the others do not. Never changed. */
export interface HeaderBlock {
  /** Flat list: lower-case name, value, name, value … in the order of the wire. Values hold one char per byte. */
  readonly headers: readonly string[];
  /** Of each header, in the same order. */
  readonly meanings: readonly HeaderMeaning[];
  /** On the wire, about. */
  readonly bytes: number;
}

const EMPTY: HeaderBlock = { headers: [], meanings: [], bytes: 0 };

export class HeaderReader {
  /** Content-Length of the request that was read last: the first one, and how many there are. */
  contentLength: string | undefined;
  contentLengths = 0;
  /** The last one; all ASCII, so that what equals its values is their very bytes. */
  #last = EMPTY;
  /** How much of it has come again. */
  #again = 0;
  /** The headers, where they are not the last ones. */
  #headers: string[] | null = null;
  #newValues = '';

  /** Copies the headers: the engine's request dies when its handler returns. */
  read(req: EngineRequest): HeaderBlock {
    this.contentLength = undefined;
    this.contentLengths = 0;
    this.#again = 0;
    this.#headers = null;
    this.#newValues = '';
    req.forEach(this.#take);
    if (this.#again < this.#last.headers.length) this.#headers ??= this.#last.headers.slice(0, this.#again);
    return this.#headers === null ? this.#last : this.#blockOf(this.#headers);
  }

  readonly #take = (name: string, value: string): void => {
    if (name === 'content-length') {
      this.contentLength ??= value;
      this.contentLengths++;
      return;
    }
    if (this.#headers === null) {
      const { headers, meanings } = this.#last;
      const at = this.#again;
      if (headers[at] === name && isSame(headers[at + 1] ?? '', value, meanings[at / 2])) {
        this.#again += 2;
        return;
      }
      this.#headers = headers.slice(0, at);
    }
    this.#headers.push(name, value);
    this.#newValues += value;
  };

  #blockOf(headers: string[]): HeaderBlock {
    const hasOnlyAscii = isAscii(this.#newValues);
    if (!hasOnlyAscii) decodeValues(headers);
    const meanings: HeaderMeaning[] = [];
    let bytes = 0;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      meanings.push(HEADER_MEANINGS.get(name));
      bytes += name.length + (headers[i + 1] ?? '').length + 4;
    }
    const block = { headers, meanings, bytes };
    this.#last = hasOnlyAscii ? block : EMPTY;
    return block;
  }
}

/** Of the credentials that are taken here all chars are looked at: the time must not tell how many of them are right. */
function isSame(known: string, value: string, meaning: HeaderMeaning | undefined): boolean {
  if (meaning !== 'authorization' && meaning !== 'x-api-key') return known === value;
  let difference = known.length ^ value.length;
  for (let i = 0; i < value.length; i++) difference |= value.charCodeAt(i) ^ known.charCodeAt(i);
  return difference === 0;
}

/** The engine takes values for UTF-8. */
function decodeValues(headers: string[]): void {
  for (let i = 1; i < headers.length; i += 2) headers[i] = Buffer.from(headers[i] ?? '', 'utf8').toString('latin1');
}

/** Text that is the same bytes in every encoding. Looking at each char costs 25 instructions, counting its bytes 2. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
