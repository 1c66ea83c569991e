/**
 * Reads a paced stream off a connection: every chunk is decoded, every stamp is found and checked to be the next one.
 * Made to be cheap, as a load of 100,000 events a second shares the machine with what is measured.
 */
import { STAMP_BYTE, STAMP_LENGTH, stampMicros, stampNumber } from '../support/event-stamp';

const CR = 0x0d;
const LF = 0x0a;

type Part = 'head' | 'size' | 'data' | 'after data' | 'trailer' | 'done';

export class StreamReader {
  readonly #events: number;
  readonly #onEvent: (dueMicros: number) => void;
  #part: Part = 'head';
  /** The head, or the line of a chunk's size, as far as it came. */
  #text = '';
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** The beginning of a stamp whose rest is in the bytes or the chunk to come. */
  readonly #stamp = Buffer.alloc(STAMP_LENGTH);
  #stamped = 0;
  #seen = 0;

  /** @param events those of a whole stream */
  constructor(events: number, onEvent: (dueMicros: number) => void) {
    this.#events = events;
    this.#onEvent = onEvent;
  }

  /** Of the stream that is under way. */
  get seen(): number {
    return this.#seen;
  }

  /** A new answer comes. */
  reset(): void {
    this.#part = 'head';
    this.#text = '';
    this.#stamped = 0;
    this.#seen = 0;
  }

  /** True at the end of a whole stream. @throws Error when it is not what the far end sends */
  feed(bytes: Buffer, end: number): boolean {
    let at = 0;
    while (at < end) {
      if (this.#part === 'data') {
        const to = Math.min(end, at + this.#left);
        this.#scan(bytes, at, to);
        this.#left -= to - at;
        at = to;
        if (this.#left === 0) this.#part = 'after data';
      } else if (this.#part === 'size') at = this.#readSize(bytes, at, end);
      else if (this.#part === 'done') throw new Error(`${end - at} bytes after the end`);
      else at = this.#readLines(bytes, at, end);
    }
    return this.#part === 'done';
  }

  #readSize(bytes: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === LF) {
        this.#part = this.#left === 0 ? 'trailer' : 'data';
        return at + 1;
      }
      if (byte === CR) continue;
      const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
      if (digit < 0 || digit > 15) throw new Error(`a chunk's size has byte ${byte}`);
      this.#left = this.#left * 16 + digit;
    }
    return end;
  }

  /** What is read byte by byte: the head once, and two bytes after each chunk. */
  #readLines(bytes: Buffer, at: number, end: number): number {
    if (this.#part === 'head') {
      const before = this.#text.length;
      this.#text += bytes.toString('latin1', at, end);
      const headEnd = this.#text.indexOf('\r\n\r\n');
      if (headEnd < 0) return end;
      checkHead(this.#text.slice(0, headEnd + 2));
      this.#part = 'size';
      return at + headEnd + 4 - before;
    }
    if (bytes[at] === LF) {
      if (this.#part === 'trailer') this.#finish();
      else this.#part = 'size';
    } else if (bytes[at] !== CR) throw new Error(`byte ${bytes[at]} instead of the end of a chunk`);
    return at + 1;
  }

  #finish(): void {
    if (this.#seen !== this.#events) throw new Error(`ended after ${this.#seen} of ${this.#events} events`);
    this.#part = 'done';
  }

  #scan(bytes: Buffer, from: number, to: number): void {
    let at = from;
    if (this.#stamped > 0) {
      at = Math.min(to, from + STAMP_LENGTH - this.#stamped);
      bytes.copy(this.#stamp, this.#stamped, from, at);
      this.#stamped += at - from;
      if (this.#stamped < STAMP_LENGTH) return;
      this.#stamped = 0;
      this.#take(this.#stamp, 0);
    }
    for (;;) {
      at = bytes.indexOf(STAMP_BYTE, at);
      if (at < 0 || at >= to) return;
      if (at + STAMP_LENGTH > to) {
        this.#stamped = bytes.copy(this.#stamp, 0, at, to);
        return;
      }
      this.#take(bytes, at);
      at += STAMP_LENGTH;
    }
  }

  #take(bytes: Buffer, at: number): void {
    const number = stampNumber(bytes, at);
    if (number !== this.#seen) throw new Error(`event ${number} came instead of ${this.#seen}`);
    this.#seen++;
    this.#onEvent(stampMicros(bytes, at));
  }
}

function checkHead(head: string): void {
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`answered: ${head.slice(0, 100)}`);
  if (!/^transfer-encoding: *chunked\r$/im.test(head)) throw new Error(`not chunked: ${head}`);
}
