/**
 * Writes a proxied answer to the client: head and first bytes in one system call, at the client's pace, and never
 * more in memory than what one read of the provider brought.
 *
 * How uWebSockets.js wants to be written to:
 * - A corked write that does not fit the rest of its 16 KiB cork buffer loses bytes while the socket is under
 *   backpressure (uWebSockets.js#1249), so slices of at most 15 KiB, head included, and a stop when `write` says false.
 * - `write() === false` means that the bytes are buffered already: wait for `onWritable`, never send them again.
 * - There is one `onWritable` for each response, and with it set the engine empties its own buffer only when the
 *   handler writes or corks: hence the empty cork.
 * - It cuts a client that takes nothing for 10 s, such as a suspended laptop. `keepWaiting` winds that clock up again;
 *   the gateway has a longer one of its own.
 */
import { Buffer } from 'node:buffer';
import type { EngineResponse } from './engine';
import { takesWhole, whenWritable, writeStatus } from './reply';

const NOTHING = new Uint8Array(0);
/** Bytes of one corked write, head included. */
const SLICE_BYTES = 15 * 1024;
/** There is always room for some bytes of the body. */
const MAX_HEAD_BYTES = SLICE_BYTES - 1024;
/** What is in a head but its headers. */
const LEAST_HEAD_BYTES = 40;

export interface ResponseHead {
  status: number;
  /** The request's id, and all other headers behind it (see `furtherLines`), with one char per byte. */
  idAndLines: string;
  /** They are, which saves a look. */
  isAscii: boolean;
  /** The client is told to open another connection for its next request. */
  closing: boolean;
}

export interface ResponseEvents {
  /** The client took everything after `write` had returned false. */
  drained(): void;
  /** The response is over: everything is handed to the engine, or the connection was cut. Not called on an abort. */
  finished(): void;
}

export class ResponseWriter {
  readonly #res: EngineResponse;
  readonly #events: ResponseEvents;
  /** The head, until it is written. */
  #head: ResponseHead | null = null;
  #headBytes = 0;
  /** What the client's socket did not take yet, in order. */
  #pending: Uint8Array[] = [];
  #blocked = false;
  #ending = false;
  #closed = false;
  #watching = false;
  /** For `#writeSlice`: what it writes, and whether the engine wants more. */
  #slice: Uint8Array = NOTHING;
  #taken = true;

  constructor(res: EngineResponse, events: ResponseEvents) {
    this.#res = res;
    this.#events = events;
  }

  /** True once a byte of the answer may have left: from then on no other answer can be given. */
  get started(): boolean {
    return this.#headBytes > 0 && this.#head === null;
  }

  /** The response was ended, cut, or aborted by the client: nothing may touch it any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sets the head. It leaves with the first bytes: the engine has no way to send a head alone.
   * @returns false for one that is too large for the engine's cork buffer: nothing is set
   */
  begin(head: ResponseHead): boolean {
    const bytes = LEAST_HEAD_BYTES + head.idAndLines.length;
    if (bytes > MAX_HEAD_BYTES) return false;
    this.#head = head;
    this.#headBytes = bytes;
    return true;
  }

  /** Writes a chunk, which is not needed any more afterwards. False: stop the provider until `onDrained`. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    if (this.#blocked) this.#pending.push(Uint8Array.from(chunk));
    else this.#writeSlices(chunk);
    return !this.#blocked;
  }

  /** Ends the answer; with `lastChunk` as the whole body when nothing was written before (gives it a length). */
  end(lastChunk?: Uint8Array): void {
    if (this.#closed) return;
    if (lastChunk !== undefined && this.#head !== null && this.#headBytes + lastChunk.length <= SLICE_BYTES) {
      this.#endWhole(lastChunk, this.#head.closing);
      return;
    }
    if (lastChunk !== undefined) this.write(lastChunk);
    this.#ending = true;
    if (!this.#blocked) this.#finish();
  }

  /** Writes a last chunk and ends the answer: in one system call, where both fit. */
  endWith(chunk: Uint8Array): void {
    if (this.#closed) return;
    if (this.#blocked || chunk.length > this.#room) {
      this.write(chunk);
      this.end();
      return;
    }
    this.#slice = chunk;
    this.#res.cork(this.#writeLastSlice);
    if (this.#taken) {
      this.#over();
      return;
    }
    // It stays open until the client has taken it, or answers that nobody reads would pile up on its connection.
    this.#ending = true;
    this.#block();
  }

  /** Ends an answer that has no body by its status (204, 304). */
  endWithoutBody(): void {
    if (this.#closed) return;
    this.#close(() => {
      this.#writeHead();
      this.#res.endWithoutBody();
    });
  }

  /** To be called every few seconds while the client takes nothing. */
  keepWaiting(): void {
    if (this.#closed || !this.#blocked) return;
    // Each of the two sets the engine's time-out; between them nothing happens.
    this.#res.pause();
    this.#res.resume();
  }

  /** Cuts the connection: the client must see that the answer is incomplete. */
  cut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = [];
    this.#res.close();
    this.#events.finished();
  }

  /** The client went away: the response object is dead. */
  aborted(): void {
    this.#closed = true;
    this.#pending = [];
  }

  #writeHead(withClose = true): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    writeStatus(this.#res, head.status);
    if (head.closing && withClose) this.#res.writeHeader('connection', 'close');
    const { idAndLines, isAscii } = head;
    this.#res.writeHeader('request-id', isAscii ? idAndLines : Buffer.from(idAndLines, 'latin1'));
  }

  /** One for all slices: a closure for each would be garbage at every token. */
  readonly #writeSlice = () => {
    this.#writeHead();
    this.#taken = this.#res.write(this.#slice);
  };

  readonly #writeLastSlice = () => {
    this.#writeSlice();
    if (this.#taken) this.#res.end();
  };

  /** For bytes of the body in the next write. */
  get #room(): number {
    return this.#head === null ? SLICE_BYTES : SLICE_BYTES - this.#headBytes;
  }

  #writeSlices(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      const room = this.#room;
      const slice =
        offset === 0 && chunk.length <= room ? chunk : chunk.subarray(offset, Math.min(offset + room, chunk.length));
      offset += slice.length;
      this.#slice = slice;
      this.#res.cork(this.#writeSlice);
      if (!this.#taken) {
        this.#block();
        if (offset < chunk.length) this.#pending.push(Uint8Array.from(chunk.subarray(offset)));
        return;
      }
    }
  }

  #block(): void {
    this.#blocked = true;
    if (this.#watching) return;
    this.#watching = true;
    this.#res.onWritable(() => {
      if (!this.#closed) this.#resume();
      return true;
    });
  }

  #resume(): void {
    this.#res.cork(() => {});
    this.#blocked = false;
    const pending = this.#pending;
    this.#pending = [];
    for (let i = 0; i < pending.length; i++) {
      const chunk = pending[i];
      if (chunk !== undefined) this.#writeSlices(chunk);
      if (this.#blocked) {
        this.#pending.push(...pending.slice(i + 1));
        return;
      }
    }
    if (this.#ending) this.#finish();
    else this.#events.drained();
  }

  #endWhole(body: Uint8Array, closing: boolean): void {
    let isOver = true;
    this.#res.cork(() => {
      this.#writeHead(false);
      // The engine tells the client, and closes: nothing follows that could pile up.
      if (closing) this.#res.end(body, true);
      else isOver = takesWhole(this.#res, body);
    });
    if (isOver) {
      this.#over();
      return;
    }
    this.#blocked = true;
    whenWritable(this.#res, body, () => this.#over());
  }

  #over(): void {
    this.#closed = true;
    this.#events.finished();
  }

  #finish(): void {
    this.#close(() => {
      this.#writeHead();
      this.#res.end();
    });
  }

  #close(lastWrites: () => void): void {
    this.#closed = true;
    this.#res.cork(lastWrites);
    this.#events.finished();
  }
}
