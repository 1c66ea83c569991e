/** One request under way, as its caller sees it: waiting, being connected for, or on a connection. */
import { NO_START, type RequestStart } from './http1/request-head';
import type { UpstreamCall, UpstreamError, UpstreamHandler } from './upstream';

/** What has the call at the moment. */
export interface CallHolder {
  pause(): void;
  resume(): void;
  /** The call was aborted. */
  drop(call: Call): void;
}

export class Call implements UpstreamCall {
  /** Both are let go once an answer has begun, when they will not be sent again. */
  start: RequestStart;
  body: readonly Buffer[];
  readonly handler: UpstreamHandler;
  holder: CallHolder;
  /** It was sent for the second time. */
  retried = false;
  isPaused = false;
  isSent = false;
  #done = false;

  constructor(start: RequestStart, body: readonly Buffer[], handler: UpstreamHandler, holder: CallHolder) {
    this.start = start;
    this.body = body;
    this.handler = handler;
    this.holder = holder;
  }

  pause(): void {
    if (this.#done) return;
    this.isPaused = true;
    this.holder.pause();
  }

  resume(): void {
    if (this.#done) return;
    this.isPaused = false;
    this.holder.resume();
  }

  abort(): void {
    if (this.#done) return;
    this.#done = true;
    this.holder.drop(this);
  }

  end(): void {
    if (this.#done) return;
    this.#done = true;
    this.handler.onEnd();
  }

  fail(error: UpstreamError): void {
    if (this.#done) return;
    this.#done = true;
    this.handler.onError(error);
  }

  /** @param isSent the kernel has all of the request */
  answerBegun(isSent: boolean): void {
    this.isSent = isSent;
    this.start = NO_START;
    this.body = NOTHING;
  }
}

const NOTHING: readonly Buffer[] = [];
