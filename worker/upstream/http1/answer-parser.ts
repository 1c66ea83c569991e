/** The answers on one connection, out of its bytes: heads, framing, and where each ends. Knows of no socket. */
import { Buffer } from 'node:buffer';
import { MAX_MOVED_BYTES, movedToReadMemory, partOfRead, placeInReadMemory, READ_BUFFER } from '../../read-buffer';
import { type AnswerHead, BadAnswer, type ReadHead, readAnswerHead } from './answer-head';
import { ChunkedBody } from './chunked-body';

/** Of an answer and what goes before it (1xx). */
const MAX_HEAD_BYTES = MAX_MOVED_BYTES;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface AnswerEvents {
  head(head: AnswerHead): void;
  /**
   * `chunk` lies in what was fed.
   * @param isLast `end` follows at once
   */
  body(chunk: Buffer, isLast: boolean): void;
  /** The last event of an answer. */
  end(): void;
}

export class AnswerParser {
  readonly #events: AnswerEvents;
  /** The head that is over; null before that. */
  #head: AnswerHead | null = null;
  #chunked: ChunkedBody | null = null;
  /** Bytes that are left of a body with a length. */
  #left = 0;
  /** Of all heads of the answer so far. */
  #headBytes = 0;
  /** The beginning of a head that is not whole yet, or is none: that shows at the empty line behind it. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  #isOver = true;

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** An answer is expected. */
  begin(): void {
    this.#head = null;
    this.#chunked = null;
    this.#headBytes = 0;
    this.#isOver = false;
  }

  /** No event follows: from within one, too. */
  stop(): void {
    this.#isOver = true;
    this.#held = null;
  }

  /**
   * What was read: the first `length` of `bytes`. They are changed: see `readAnswerHead` and `ChunkedBody.decode`.
   * @throws BadAnswer; the connection can't be used any more
   */
  feed(bytes: Buffer, length: number): void {
    let at = 0;
    while (this.#head === null && at < length && !this.#isOver) at = this.#readHead(bytes, at, length);
    if (this.#isOver || this.#head === null) return;
    this.#readBody(bytes, at, length, this.#head);
  }

  /** The provider has closed its side. @returns whether that ended an answer, which then was whole */
  endOfInput(): boolean {
    if (this.#isOver || this.#head?.body !== 'until_close') return false;
    this.#end();
    return true;
  }

  /** @returns where the head ended, or `length` */
  #readHead(bytes: Buffer, from: number, length: number): number {
    if (this.#held !== null) return this.#continueHead(bytes, from, length, this.#held);
    const head = wholeHead(bytes, from, length);
    if (head === null) {
      this.#held = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
      this.#heldBytes = 0;
      return this.#continueHead(bytes, from, length, this.#held);
    }
    this.#takeHead(head);
    return from + head.size;
  }

  #continueHead(bytes: Buffer, from: number, length: number, held: Buffer): number {
    const before = this.#heldBytes;
    this.#heldBytes += bytes.copy(held, before, from, length);
    const end = held.subarray(0, this.#heldBytes).indexOf(HEAD_END, Math.max(0, before - HEAD_END.length));
    if (end < 0) {
      if (this.#headBytes + this.#heldBytes >= MAX_HEAD_BYTES) throw new BadAnswer('the head is too large');
      return length;
    }
    this.#held = null;
    const head = wholeHead(held, 0, end + HEAD_END.length);
    if (head === null) throw new BadAnswer('malformed head');
    this.#takeHead(head);
    return from + head.size - before;
  }

  #takeHead(head: ReadHead): void {
    this.#headBytes += head.size;
    if (this.#headBytes > MAX_HEAD_BYTES) throw new BadAnswer('the head is too large');
    // Nobody asked to change the protocol.
    if (head.status === 101) throw new BadAnswer('status 101');
    // The others are the provider's and ours alone.
    if (head.status < 200) return;
    this.#head = head;
    if (head.body === 'chunked') this.#chunked = new ChunkedBody();
    else if (head.body !== 'until_close') this.#left = head.body;
    this.#events.head(head);
  }

  #readBody(bytes: Buffer, from: number, length: number, head: AnswerHead): void {
    if (this.#chunked !== null) this.#readChunks(bytes, from, length, this.#chunked);
    else if (head.body === 'until_close') this.#pass(bytes, from, length, false);
    else this.#readLength(bytes, from, length);
  }

  #readLength(bytes: Buffer, from: number, length: number): void {
    const end = Math.min(from + this.#left, length);
    this.#left -= end - from;
    this.#pass(bytes, from, end, this.#left === 0 && end === length);
    if (this.#left === 0) this.#endAt(end, length);
  }

  #readChunks(bytes: Buffer, from: number, length: number, chunked: ChunkedBody): void {
    let end = length;
    try {
      end = chunked.decode(bytes, from, length);
    } finally {
      // What came before a malformed chunk is still the client's.
      if (chunked.start >= 0) this.#pass(bytes, chunked.start, chunked.end, chunked.isDone && end === length);
    }
    if (chunked.isDone) this.#endAt(end, length);
  }

  #pass(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    if (from >= to) return;
    this.#events.body(bytes === READ_BUFFER ? partOfRead(from, to) : bytes.subarray(from, to), isLast);
  }

  #endAt(at: number, length: number): void {
    if (this.#isOver) return;
    if (at < length) throw new BadAnswer('bytes behind its end');
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#events.end();
  }
}

/** The head at that place, or null. A socket that is not the kernel's (TLS through a proxy) reads into memory of its own. */
function wholeHead(bytes: Buffer, from: number, to: number): ReadHead | null {
  if (placeInReadMemory(bytes) >= 0) return readAnswerHead(bytes, from, to);
  const size = Math.min(to - from, MAX_MOVED_BYTES);
  return readAnswerHead(movedToReadMemory(bytes.subarray(from, from + size)), 0, size);
}
