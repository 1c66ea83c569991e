/** Writes an answer, byte by byte if need be. Whoever writes to a client that is gone gets `ClientGone`. */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { chunk, LAST_CHUNK } from '../chunked';
import { type HeaderInput, headerLines } from '../http-head';
import type { MockRequest } from './request';

/** Ends a scenario whose connection is no more; the mock catches it. */
export class ClientGone extends Error {
  constructor() {
    super('the connection is gone');
  }
}

export type ReplyFraming = 'length' | 'chunked' | 'close';

export interface ReplySockets {
  /** Where bytes are written: TLS or not. */
  socket: Socket;
  /** The TCP connection below. */
  tcp: Socket;
}

export class MockReply {
  readonly #sockets: ReplySockets;
  readonly #request: MockRequest;
  readonly #gone = new AbortController();
  #framing: ReplyFraming = 'length';
  #closeAfter = false;
  #ended = false;
  #endedByMock = false;
  /** Whether the bytes sent are kept for comparison. `endless` turns it off. */
  keepSent = true;

  constructor(sockets: ReplySockets, request: MockRequest) {
    this.#sockets = sockets;
    this.#request = request;
  }

  /** Whether the connection ends with this answer. */
  get closesConnection(): boolean {
    return this.#closeAfter;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  get isGone(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Bytes exactly as given. Resolves when the kernel has taken them. @throws ClientGone */
  async wire(data: string | Buffer): Promise<void> {
    if (this.isGone) throw new ClientGone();
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#request.addSentWire(bytes, this.keepSent);
    await new Promise<void>((resolve, reject) => {
      const onGone = () => reject(new ClientGone());
      this.#gone.signal.addEventListener('abort', onGone, { once: true });
      this.#sockets.socket.write(bytes, (error) => {
        this.#gone.signal.removeEventListener('abort', onGone);
        if (!error) return resolve();
        this.markGone('client');
        reject(new ClientGone());
      });
    });
  }

  /** Status line and headers; `framing` decides what `body` and `end` do. */
  async head(status: number, headers: HeaderInput, framing: ReplyFraming = 'chunked'): Promise<void> {
    await this.wire(this.headBytes(status, headers, framing));
  }

  /** The bytes of a head, for those who write it themselves. */
  headBytes(status: number, headers: HeaderInput, framing: ReplyFraming): Buffer {
    this.#framing = framing;
    const all: HeaderInput = { date: new Date().toUTCString(), ...headers };
    if (framing === 'chunked') all['transfer-encoding'] = 'chunked';
    if (framing === 'close') all['connection'] = 'close';
    this.#closeAfter = all['connection'] === 'close';
    return Buffer.from(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${headerLines(all)}\r\n`, 'latin1');
  }

  /** A part of the body; a chunk where the body is chunked. */
  async body(data: string | Buffer): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (bytes.length === 0) return;
    this.noteBody(bytes);
    await this.wire(this.#framing === 'chunked' ? chunk(bytes) : bytes);
  }

  /** Counts bytes to `sentBody` that somebody frames and writes with `wire`. */
  noteBody(bytes: Buffer): void {
    if (this.keepSent) this.#request.addSentBody(bytes);
  }

  /** The answer is complete. */
  async end(): Promise<void> {
    if (this.#framing === 'chunked') await this.wire(LAST_CHUNK);
    this.finish();
  }

  /** The answer is complete, and its last bytes were written with `wire`. */
  finish(): void {
    this.#ended = true;
    if (this.#closeAfter) this.fin();
  }

  /** A whole answer. */
  async answer(status: number, headers: HeaderInput, body: Buffer, framing: ReplyFraming = 'length'): Promise<void> {
    const length = framing === 'length' ? { 'content-length': body.length } : {};
    this.noteBody(body);
    const head = this.headBytes(status, { ...headers, ...length }, framing);
    const framed = framing === 'chunked' && body.length > 0 ? chunk(body) : body;
    const tail = framing === 'chunked' ? LAST_CHUNK : Buffer.alloc(0);
    await this.wire(Buffer.concat([head, framed, tail]));
    this.finish();
  }

  /** RST. What was written before and has not left yet is lost. */
  reset(): void {
    this.#endedByMock = true;
    this.#closeAfter = true;
    // A socket that is ending already would not be reset, and its handle would stay open: the process would never end.
    if (this.#sockets.tcp.writableEnded) this.#sockets.tcp.destroy();
    else this.#sockets.tcp.resetAndDestroy();
  }

  /** FIN, after everything that was written. */
  fin(): void {
    this.#endedByMock = true;
    this.#closeAfter = true;
    this.#sockets.socket.end();
  }

  /** That much time; shorter with `ClientGone` when the client goes. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#gone.signal }).catch(() => {
      throw new ClientGone();
    });
  }

  /** The result of `promise`, or `ClientGone` when the client goes before. */
  async whileThere<T>(promise: Promise<T>): Promise<T> {
    if (this.isGone) throw new ClientGone();
    const signal = this.#gone.signal;
    let onGone = () => {};
    const gone = new Promise<never>((_, reject) => {
      onGone = () => reject(new ClientGone());
      signal.addEventListener('abort', onGone, { once: true });
    });
    return Promise.race([promise, gone]).finally(() => signal.removeEventListener('abort', onGone));
  }

  /** Says nothing more until the client goes. */
  untilGone(): Promise<never> {
    return this.whileThere(new Promise<never>(() => {}));
  }

  /** For the mock's connection: nothing can be written any more, and who ended it. */
  markGone(by: 'client' | 'mock'): void {
    if (this.isGone) return;
    if (by === 'client' && !this.#ended && !this.#endedByMock) this.#request.markAborted();
    this.#gone.abort();
  }
}

const REASONS: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  529: 'Overloaded',
};
