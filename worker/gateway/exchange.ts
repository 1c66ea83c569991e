/**
 * One proxied request from its first byte to its account. It is the only owner of the client's response and of the
 * provider's call, and it has one end: `#finish`, which runs exactly once, whatever happened.
 */
import type { Provider } from '../../shared/config/config';
import { ERROR_STATUS, type ProxyError, streamErrorEvent } from '../../shared/errors';
import { InflatingFeed } from '../dialects/anthropic/inflate';
import { type AnswerTap, StreamTap, UnaryTap } from '../dialects/anthropic/usage';
import type { EngineResponse } from '../http/engine';
import { apiError, jsonReply, sendReply } from '../http/reply';
import { ResponseWriter } from '../http/response-writer';
import { type UpstreamCall, UpstreamError, type UpstreamHandler } from '../upstream/upstream';
import { EventBoundary } from './event-boundary';
import type { ExchangeRecord, Phase } from './exchange-record';
import { copyAnswerHeaders } from './headers';
import type { Ticking } from './ticker';
import { answerToUpstreamError } from './upstream-answers';

/** Silence of a provider after which a stream gets a `ping`. */
const PING_AFTER_MS = 15_000;
const KEEP_WAITING_EVERY_MS = 3000;
const PING = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n');
const MAX_DISCARDED_BYTES = 64 * 1024;

/** What an exchange needs of its surroundings. */
export interface ExchangeHost {
  /** True while the worker drains: answers tell the client to close the connection. */
  readonly draining: boolean;
  /** The exchange is over and everything about it is known. */
  account(exchange: Exchange): void;
  /** A provider failed, whatever the client saw of it. */
  providerFailed(exchange: Exchange, error: UpstreamError): void;
}

export class Exchange implements UpstreamHandler, Ticking {
  readonly record: ExchangeRecord;
  phase: Phase = 'request';
  /** It holds a place among the requests under way. */
  admitted = false;
  /** Where it goes; set when it holds a place among the requests to that provider. */
  provider: Provider | null = null;
  /** Answers 404 and 501 of the provider with this instead: it does not have the call. */
  fallback: (() => void) | null = null;

  readonly #host: ExchangeHost;
  readonly #res: EngineResponse;
  readonly #writer: ResponseWriter;
  #call: UpstreamCall | null = null;
  #tap: AnswerTap | null = null;
  #inflate: InflatingFeed | null = null;
  #streaming = false;
  readonly #boundary = new EventBoundary();
  #discarding = false;
  #discardedBytes = 0;
  #held: Uint8Array | null = null;
  #expectedBytes: number | null = null;
  #paused = false;
  #lastByteAt = 0;
  #lastPingAt = 0;
  #lastWaitAt = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(host: ExchangeHost, res: EngineResponse, record: ExchangeRecord) {
    this.#host = host;
    this.#res = res;
    this.record = record;
    this.#writer = new ResponseWriter(res, {
      drained: () => this.#drained(),
      finished: () => this.#finish(),
    });
    res.onAborted(() => this.#clientAborted());
  }

  get ended(): boolean {
    return this.phase === 'done';
  }

  /** The request is on its way: the provider's time runs. */
  sent(call: UpstreamCall): void {
    if (this.phase === 'done') return;
    this.#call = call;
    this.phase = 'waiting';
    this.record.sentAt = performance.now();
    this.#deadlineMs = this.record.sentAt + (this.provider?.timeouts.firstByteMs ?? 0);
  }

  /** Answers with an error of our own. The answer must not have begun. */
  refuse(error: ProxyError): void {
    if (this.ended) return;
    this.record.status = ERROR_STATUS[error.type];
    this.record.refused = error.type;
    sendReply(this.#res, apiError(error, this.record.requestId, this.#routeHeaders()), this.#replyOptions());
    this.#finish();
  }

  /** Answers with a document of our own. */
  reply(body: string): void {
    if (this.ended) return;
    this.record.status = 200;
    const headers = ['request-id', this.record.requestId, ...this.#routeHeaders()];
    sendReply(this.#res, jsonReply(200, body, headers), this.#replyOptions());
    this.#finish();
  }

  // --- the provider's side ---

  onHead(status: number, rawHeaders: readonly Uint8Array[]): void {
    this.record.headAt = performance.now();
    this.#lastByteAt = this.record.headAt;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    if (this.fallback !== null && (status === 404 || status === 501)) {
      // Its body is read and dropped first: an abort would cost the connection.
      this.#discarding = true;
      this.#deadlineMs = this.record.headAt + (this.provider?.timeouts.idleMs ?? 0);
      return;
    }
    this.phase = 'response';
    const headers: (string | Uint8Array)[] = [];
    const facts = copyAnswerHeaders(rawHeaders, headers);
    if (facts.requestId) this.record.requestId = facts.requestId;
    headers.push('request-id', this.record.requestId, ...this.#routeHeaders());
    this.record.status = status;
    this.#streaming = facts.contentType.startsWith('text/event-stream');
    this.#expectedBytes = facts.contentLength;
    if (status === 200) this.#startTap(facts.contentEncoding);
    this.#writer.begin({ status, headers, closing: this.#host.draining });
  }

  onData(chunk: Uint8Array): void {
    if (this.#discarding) {
      this.#discard(chunk);
      return;
    }
    this.#lastByteAt = performance.now();
    if (this.#inflate === null) this.#feedTap(chunk);
    else this.#inflate.feed(chunk);
    if (this.#streaming) {
      this.record.streamBytes += chunk.length;
      this.#boundary.feed(chunk);
    } else if (chunk.length === this.#expectedBytes) {
      // The whole answer in one piece: it leaves in one write, with its length, when the provider has ended it.
      this.#held = chunk;
      return;
    }
    if (!this.#writer.write(chunk)) {
      this.#paused = true;
      this.#call?.pause();
    }
  }

  onEnd(): void {
    if (this.#discarding) {
      this.fallback?.();
      return;
    }
    // What is left is the client's to take: no deadline of the provider's runs any more.
    this.#paused = true;
    if (this.record.status === 204 || this.record.status === 304) this.#writer.endWithoutBody();
    else if (this.#held !== null) this.#writer.end(this.#held);
    else if (this.#endedTooEarly()) {
      this.onError(new UpstreamError('closed', "The provider's stream ended before its last event"));
    } else this.#writer.end();
  }

  onError(error: UpstreamError): void {
    if (this.#discarding) {
      this.fallback?.();
      return;
    }
    this.record.failure = error.reason;
    this.#host.providerFailed(this, error);
    this.#fail(answerToUpstreamError(error, this.record.provider));
  }

  // --- the clock's side ---

  tick(nowMs: number): void {
    if (this.phase === 'waiting' && nowMs >= this.#deadlineMs) {
      this.#timedOut('first_byte_timeout', 'The provider did not answer in time');
    } else if (this.phase === 'response' && this.provider !== null) {
      const silentMs = nowMs - this.#lastByteAt;
      if (silentMs >= this.provider.timeouts.idleMs) {
        if (this.#paused) this.#clientStalled();
        else this.#timedOut('idle_timeout', 'The provider stopped in the middle of its answer');
      } else if (this.#paused && nowMs - this.#lastWaitAt >= KEEP_WAITING_EVERY_MS) {
        this.#lastWaitAt = nowMs;
        this.#writer.keepWaiting();
      } else if (silentMs >= PING_AFTER_MS && !this.#paused) {
        this.#ping(nowMs);
      }
    }
  }

  slept(ms: number): void {
    this.#deadlineMs += ms;
    this.#lastByteAt += ms;
  }

  // --- the client's side ---

  #clientAborted(): void {
    // A cut connection is reported as an abort, too: that one is our own doing.
    if (this.phase === 'done' || this.#writer.closed) return;
    this.record.abortedIn = this.phase;
    this.#writer.aborted();
    this.#call?.abort();
    if (this.record.status === 0) this.record.status = 499;
    this.#finish();
  }

  /** It took nothing for as long as a provider may be silent. */
  #clientStalled(): void {
    this.record.abortedIn = 'response';
    this.#call?.abort();
    this.#writer.cut();
  }

  #drained(): void {
    this.#paused = false;
    this.#lastByteAt = performance.now();
    if (this.phase === 'response') this.#call?.resume();
  }

  // --- inner parts ---

  #startTap(contentEncoding: string): void {
    this.#tap = this.#streaming ? new StreamTap() : new UnaryTap();
    if (contentEncoding !== '' && contentEncoding !== 'identity') {
      this.#inflate = new InflatingFeed(contentEncoding, { feed: (chunk) => this.#feedTap(chunk) });
    }
  }

  #feedTap(chunk: Uint8Array): void {
    const tap = this.#tap;
    if (tap === null) return;
    tap.feed(chunk);
    if (this.record.firstTokenAt === 0 && tap.sawContent) this.record.firstTokenAt = performance.now();
  }

  #discard(chunk: Uint8Array): void {
    this.#discardedBytes += chunk.length;
    if (this.#discardedBytes <= MAX_DISCARDED_BYTES) return;
    this.#call?.abort();
    this.fallback?.();
  }

  #ping(nowMs: number): void {
    if (!this.#streaming || !this.#boundary.betweenEvents || this.#inflate !== null || this.record.status !== 200)
      return;
    if (nowMs - this.#lastPingAt < PING_AFTER_MS) return;
    this.#lastPingAt = nowMs;
    this.#writer.write(PING);
  }

  #timedOut(reason: 'first_byte_timeout' | 'idle_timeout', message: string): void {
    this.#call?.abort();
    this.onError(new UpstreamError(reason, message));
  }

  /** Ends a failed exchange: with an error answer, an error event, or, where neither fits, a cut connection. */
  #fail(error: ProxyError): void {
    if (!this.#writer.started) this.refuse(error);
    else if (this.#streaming && this.#inflate === null) this.#endWithErrorEvent(error);
    else this.#writer.cut();
  }

  #endWithErrorEvent(error: ProxyError): void {
    this.#paused = true;
    // Within an event its next line follows: the last `event:` of an event is the one that counts to a client.
    this.#writer.write(Buffer.from((this.#boundary.betweenLines ? '' : '\n') + streamErrorEvent(error)));
    this.#writer.end();
  }

  /** A stream that can be read along, and has had neither its last event nor an error. */
  #endedTooEarly(): boolean {
    return this.#streaming && this.#tap !== null && this.#inflate === null && !this.#tap.isComplete();
  }

  #routeHeaders(): string[] {
    const { provider, model, route } = this.record;
    if (provider === '') return [];
    return ['x-ccproxy-provider', provider, 'x-ccproxy-model', headerText(model), 'x-ccproxy-route', headerText(route)];
  }

  #replyOptions() {
    return { headOnly: false, closing: this.#host.draining };
  }

  #finish(): void {
    if (this.phase === 'done') return;
    this.phase = 'done';
    this.record.endedAt = performance.now();
    const account = () => {
      this.record.usage = this.#tap?.usage() ?? null;
      this.#tap = null;
      this.#host.account(this);
    };
    if (this.#inflate === null) account();
    else this.#inflate.end(account);
  }
}

/** Text as a header value: a client's model name may hold anything. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
