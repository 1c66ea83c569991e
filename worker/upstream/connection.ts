/** One connection to a provider: a socket, and the one call that it serves at a time. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Call, CallHolder } from './call';
import type { Connecting, Connector } from './connector';
import { type AnswerHead, BadAnswer } from './http1/answer-head';
import { type AnswerEvents, AnswerParser } from './http1/answer-parser';
import { bytesOf, headBytes, writeHead } from './http1/request-head';
import { classifySocketError } from './socket-errors';
import { UpstreamError } from './upstream';

/** A body up to this is copied behind its head, for one buffer to write; a larger one is written beside it. */
const MAX_COPIED_BYTES = 16 * 1024;

/** Silence after which an unused connection is closed, unless the provider says how long it keeps it. */
const IDLE_MS = 30_000;
const MAX_IDLE_MS = 600_000;
/**
 * A kept connection that is lost so soon after a request was sent on it was stale: the request may be sent again. Later
 * the provider may have worked on it, and would do so (and charge for it) twice.
 */
const STALE_WITHIN_MS = 1000;
/** The provider closes it before we do, should both count the same time. */
const IDLE_MARGIN_MS = 1000;

export interface ConnectionOwner {
  /** Its call is over, and it can take another one. */
  released(connection: Connection): void;
  /** It is gone. `unanswered` is a call that may be sent once more. */
  closed(connection: Connection, unanswered: Call | null): void;
}

export class Connection implements AnswerEvents, CallHolder {
  readonly #owner: ConnectionOwner;
  readonly #parser = new AnswerParser(this);
  #connecting: Connecting | null = null;
  #socket: Socket | null = null;
  #call: Call | null = null;
  /** A byte of the answer has come. */
  #answerBegun = false;
  /** It has served a call before: the provider may have closed it meanwhile. */
  #wasUsed = false;
  #sentAtMs = 0;
  #keepsAlive = false;
  #closed = false;
  /** While unused: when it is to be closed (`performance.now()`). */
  idleUntilMs = 0;
  #idleMs = IDLE_MS;

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
  }

  /** Makes it, for this call. */
  open(connector: Connector, call: Call): void {
    this.#take(call);
    this.#connecting = connector.connect(
      (bytes, length) => this.#onRead(bytes, length),
      (result) => {
        this.#connecting = null;
        if (result instanceof UpstreamError) this.#close(result);
        else this.#opened(result, call);
      },
    );
  }

  /**
   * Sends a call on a connection that is free.
   * @param nowMs `performance.now()`
   */
  send(call: Call, nowMs: number): void {
    this.#take(call);
    // It may have been while it waited.
    if (call.isPaused) this.#socket?.pause();
    this.#write(call, nowMs);
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  drop(): void {
    this.#close(null);
  }

  /** Closes it at once; its call fails. */
  destroy(): void {
    this.#close(new UpstreamError('closed', 'The connection to the provider was closed'));
  }

  // --- the answer ---

  head(head: AnswerHead): void {
    this.#keepsAlive = head.keepsAlive;
    const { idleHintSeconds } = head;
    this.#idleMs = idleHintSeconds === null ? IDLE_MS : idleHintSeconds * 1000 - IDLE_MARGIN_MS;
    this.#call?.handler.onHead(head.status, head.fields);
  }

  body(chunk: Buffer, isLast: boolean): void {
    this.#call?.handler.onData(chunk, isLast);
  }

  end(): void {
    const call = this.#call;
    const socket = this.#socket;
    if (call === null || socket === null) return;
    this.#call = null;
    // An answer that did not wait for the whole request leaves the rest of it on the way.
    if (this.#keepsAlive && socket.writableLength === 0 && this.#idleMs > 0) {
      this.#wasUsed = true;
      if (call.isPaused) socket.resume();
      this.idleUntilMs = performance.now() + Math.min(this.#idleMs, MAX_IDLE_MS);
      this.#owner.released(this);
    } else {
      this.#close(null);
    }
    call.end();
  }

  // --- the socket ---

  #take(call: Call): void {
    this.#call = call;
    this.#answerBegun = false;
    call.holder = this;
    this.#parser.begin();
  }

  #opened(socket: Socket, call: Call): void {
    this.#socket = socket;
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onLost(classifySocketError(error)));
    socket.on('close', () => this.#onLost(null));
    if (socket.destroyed) {
      this.#onLost(null);
      return;
    }
    if (call.isPaused) socket.pause();
    this.#write(call, performance.now());
  }

  #write({ start, body }: Call, nowMs: number): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#sentAtMs = nowMs;
    const bodyBytes = bytesOf(body);
    const isCopied = bodyBytes <= MAX_COPIED_BYTES;
    const bytes = Buffer.allocUnsafe(headBytes(start, bodyBytes) + (isCopied ? bodyBytes : 0));
    let end = writeHead(bytes, start, bodyBytes);
    if (!isCopied) {
      socket.cork();
      socket.write(bytes);
      for (const piece of body) socket.write(piece);
      socket.uncork();
      return;
    }
    for (const piece of body) {
      bytes.set(piece, end);
      end += piece.length;
    }
    socket.write(bytes);
  }

  #onRead(bytes: Buffer, length: number): void {
    if (this.#call === null || this.#socket === null) {
      // Nobody has asked for anything, or not yet.
      this.#close(new BadAnswer('bytes before the request'));
      return;
    }
    if (!this.#answerBegun) {
      this.#answerBegun = true;
      this.#call.answerBegun(this.#socket.writableLength === 0);
    }
    try {
      this.#parser.feed(bytes, length);
    } catch (error) {
      if (!(error instanceof BadAnswer)) throw error;
      this.#close(error);
    }
  }

  #onEnd(): void {
    this.#keepsAlive = false;
    if (!this.#parser.endOfInput()) this.#onLost(null);
  }

  #onLost(error: UpstreamError | null): void {
    this.#close(
      error ?? new UpstreamError('closed', 'The provider closed the connection before its answer was complete'),
      this.#wasUsed && !this.#answerBegun && performance.now() - this.#sentAtMs < STALE_WITHIN_MS,
    );
  }

  /**
   * @param error what the call, if there is one, fails of; null when nobody is to hear of it
   * @param isStale the provider seems to have closed it before the request came
   */
  #close(error: UpstreamError | null, isStale = false): void {
    if (this.#closed) return;
    this.#closed = true;
    const call = this.#call;
    this.#call = null;
    this.#parser.stop();
    this.#connecting?.cancel();
    this.#socket?.destroy();
    const isRetried = isStale && call !== null && !call.retried;
    this.#owner.closed(this, isRetried ? call : null);
    if (error !== null && !isRetried) call?.fail(error);
  }
}
