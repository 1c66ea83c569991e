/** Takes the framing out of a chunked body (RFC 9112, 7.1). */
import { BadAnswer } from './answer-head';

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
/** More would not be exact in a double. */
const MAX_SIZE_DIGITS = 13;
const MAX_EXTENSION_BYTES = 4096;
const MAX_TRAILER_BYTES = 16 * 1024;
/** The fields behind the body, with the empty line that ends them; answer-head.wat says the same of those before it. */
const TRAILERS = /^(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;

enum State {
  Size,
  Extension,
  SizeEnd,
  Data,
  DataCr,
  DataLf,
  Trailers,
  Done,
}

export class ChunkedBody {
  /** Where the body's bytes of the last `decode` begin in its buffer, and where they end. */
  start = 0;
  end = 0;
  #state = State.Size;
  /** Of the chunk that is read: its size, then what is left of it. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailers = '';

  get isDone(): boolean {
    return this.#state === State.Done;
  }

  /**
   * Moves the body's bytes together, in place: what was several chunks in one read goes on as one piece.
   * @returns where reading stopped: behind the body, or at `length`
   * @throws BadAnswer
   */
  decode(bytes: Buffer, from: number, length: number): number {
    let at = from;
    this.start = this.end = -1;
    while (at < length && this.#state !== State.Done) {
      if (this.#state === State.Data) {
        at = this.#data(bytes, at, length);
        continue;
      }
      const next = this.#state === State.Size && this.#digits === 0 ? this.#plainSize(bytes, at, length) : at;
      if (next > at) at = next;
      else this.#frame(bytes[at++] ?? 0);
    }
    return at;
  }

  #data(bytes: Buffer, at: number, length: number): number {
    const take = Math.min(this.#left, length - at);
    if (this.start < 0) {
      this.start = at;
      this.end = at + take;
    } else {
      bytes.copyWithin(this.end, at, at + take);
      this.end += take;
    }
    const next = at + take;
    this.#left -= take;
    if (this.#left > 0) return next;
    if (!isLineEnd(bytes, next, length)) {
      this.#state = State.DataCr;
      return next;
    }
    this.#expectSize();
    return next + 2;
  }

  /** A line of nothing but a size, all of which has come: what nearly all are. @returns what is behind it, or `at` */
  #plainSize(bytes: Buffer, at: number, length: number): number {
    let size = 0;
    let i = at;
    for (const end = Math.min(length, at + MAX_SIZE_DIGITS); i < end; i++) {
      const digit = hexDigit(bytes[i] ?? 0);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    if (i === at || !isLineEnd(bytes, i, length)) return at;
    this.#left = size;
    this.#state = size === 0 ? State.Trailers : State.Data;
    return i + 2;
  }

  /** One byte of the framing. */
  #frame(byte: number): void {
    switch (this.#state) {
      case State.Size:
        this.#size(byte);
        break;
      case State.Extension:
        if (byte === CR) this.#state = State.SizeEnd;
        else if (isControl(byte) || ++this.#extensionBytes > MAX_EXTENSION_BYTES) throw bad();
        break;
      case State.SizeEnd:
        if (byte !== LF) throw bad();
        this.#state = this.#left === 0 ? State.Trailers : State.Data;
        break;
      case State.DataCr:
        if (byte !== CR) throw bad();
        this.#state = State.DataLf;
        break;
      case State.DataLf:
        if (byte !== LF) throw bad();
        this.#expectSize();
        break;
      case State.Trailers:
        this.#trailer(byte);
        break;
    }
  }

  #expectSize(): void {
    this.#state = State.Size;
    this.#digits = 0;
    this.#extensionBytes = 0;
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw bad();
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw bad();
    if (byte === CR) this.#state = State.SizeEnd;
    else if (byte === SEMICOLON) this.#state = State.Extension;
    else throw bad();
  }

  /** They are dropped: they would only be of use to the provider's own client. */
  #trailer(byte: number): void {
    const isAfterCr = this.#trailers.endsWith('\r');
    // Found here and not at the end, which may never come: a line ends with both, and holds no other control character.
    if (isAfterCr !== (byte === LF) || (isControl(byte) && byte !== CR && byte !== LF)) {
      throw new BadAnswer('malformed trailers');
    }
    this.#trailers += String.fromCharCode(byte);
    if (this.#trailers.length > MAX_TRAILER_BYTES) throw new BadAnswer('too many trailers');
    if (this.#trailers !== '\r\n' && !this.#trailers.endsWith('\r\n\r\n')) return;
    if (!TRAILERS.test(this.#trailers)) throw new BadAnswer('malformed trailers');
    this.#state = State.Done;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Whether it is there already. */
function isLineEnd(bytes: Buffer, at: number, length: number): boolean {
  return at + 1 < length && bytes[at] === CR && bytes[at + 1] === LF;
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f;
}

function bad(): BadAnswer {
  return new BadAnswer('malformed chunk');
}
