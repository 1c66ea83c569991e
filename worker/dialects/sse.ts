/**
 * Reads `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html) however its bytes are cut,
 * and hands on the data of each event. Names, ids and retry times are left out: every dialect says in its data what an
 * event is. A last event without its empty line counts, too, where the standard drops it: some providers end like that.
 */

import { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;
/** Of one event. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const BOM = '\uFEFF';

export class SseReader {
  readonly #onData: (data: string) => void;
  readonly #onTooLong: () => void;
  /** The line that is not complete yet. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #data: string | null = null;
  #first = true;
  #afterCr = false;
  #dead = false;

  /**
   * @param onData with each event's data: lines joined by LF
   * @param onTooLong an event is over 16 MiB: nothing more is read
   */
  constructor(onData: (data: string) => void, onTooLong: () => void) {
    this.#onData = onData;
    this.#onTooLong = onTooLong;
  }

  /** Stops reading, also in the middle of a chunk: called by whoever has seen enough. */
  stop(): void {
    this.#dead = true;
    this.#pieces = [];
  }

  feed(chunk: Uint8Array): void {
    if (this.#dead) return;
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    if (this.#afterCr && bytes.length > 0) {
      this.#afterCr = false;
      if (bytes[0] === LF) start = 1;
    }
    // A lone CR ends a line, too; nobody was seen to send that, so it is looked for natively, once a chunk.
    let cr = bytes.indexOf(CR, start);
    for (;;) {
      const lf = bytes.indexOf(LF, start);
      if (cr >= 0 && cr < start) cr = bytes.indexOf(CR, start);
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      if (end < 0) break;
      this.#line(bytes, start, end);
      if (this.#dead) return;
      start = end + 1;
      if (end !== cr) continue;
      if (start === bytes.length) this.#afterCr = true;
      else if (bytes[start] === LF) start++;
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** The body has ended. */
  end(): void {
    if (this.#dead) return;
    if (this.#pieceBytes > 0) this.#line(Buffer.alloc(0), 0, 0);
    if (!this.#dead) this.#dispatch();
  }

  #keep(piece: Buffer): void {
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes <= MAX_EVENT_BYTES) {
      // A copy: the chunk's memory is its giver's.
      this.#pieces.push(Buffer.from(piece));
      return;
    }
    this.stop();
    this.#onTooLong();
  }

  #line(bytes: Buffer, start: number, end: number): void {
    let line: string;
    if (this.#pieceBytes === 0) {
      line = bytes.toString('utf8', start, end);
    } else {
      line = Buffer.concat([...this.#pieces, bytes.subarray(start, end)]).toString('utf8');
      this.#pieces = [];
      this.#pieceBytes = 0;
    }
    if (this.#first) {
      this.#first = false;
      if (line.startsWith(BOM)) line = line.slice(1);
    }
    if (line === '') this.#dispatch();
    else if (line.startsWith('data:')) this.#add(line.charCodeAt(5) === 0x20 ? line.slice(6) : line.slice(5));
    else if (line === 'data') this.#add('');
  }

  #add(data: string): void {
    if (this.#data === null) this.#data = data;
    else if (this.#data.length + data.length <= MAX_EVENT_BYTES) this.#data += `\n${data}`;
    else {
      this.stop();
      this.#onTooLong();
    }
  }

  #dispatch(): void {
    const data = this.#data;
    if (data === null) return;
    this.#data = null;
    this.#onData(data);
  }
}
