/**
 * One proxied request from its first byte to its account. It is the only owner of the client's answer and of the
 * provider's call, and it has one end: `#finish`, which runs exactly once, whatever happened.
 */
import { performance } from 'node:perf_hooks';
import type { Provider } from '../../shared/config/config';
import { type ProxyError, statusOf } from '../../shared/errors';
import type { TokenUsage } from '../dialects/answer';
import type { ClientDialect } from '../dialects/dialect';
import type { EngineResponse } from '../http/engine';
import { type AnswerFields, type UpstreamCall, UpstreamError, type UpstreamHandler } from '../upstream/upstream';
import type { AnswerEnd, AnswerPath } from './answer-path';
import { ClientAnswer } from './client-answer';
import { ExchangeClock } from './exchange-clock';
import { type ExchangeRecord, type Phase, takeProviderId } from './exchange-record';
import { Remainder } from './remainder';
import type { Ticking } from './ticker';
import { answerToUpstreamError } from './upstream-answers';

const UNREADABLE: ProxyError = { type: 'api_error', message: "The provider's answer could not be read" };

/** What an exchange needs of its surroundings. */
export interface ExchangeHost {
  /** True while the worker drains: answers tell the client to close the connection. */
  readonly draining: boolean;
  /** `endAnswer` is to be called at the end of the event loop's turn. */
  answerIsWhole(exchange: Exchange): void;
  /** The exchange is over and everything about it is known. */
  account(exchange: Exchange): void;
  /** Nobody reads the client's request any more. */
  bodySent(body: Buffer): void;
  /** A provider failed, whatever the client saw of it. */
  providerFailed(exchange: Exchange, error: UpstreamError): void;
  /** Something threw that never should. */
  bug(error: unknown): void;
}

export class Exchange implements UpstreamHandler, Ticking {
  readonly record: ExchangeRecord;
  phase: Phase = 'request';
  place = -1;
  /** It holds a place among the requests under way. */
  admitted = false;
  /** Where it goes; set when it holds a place among the requests to that provider. */
  provider: Provider | null = null;
  /** The client's request; it is sent on from where it lies. */
  body: Buffer | null = null;
  /** What becomes of the provider's answer; set before the request is sent. */
  answer: AnswerPath | null = null;

  readonly #host: ExchangeHost;
  readonly #client: ClientAnswer;
  #call: UpstreamCall | null = null;
  #paused = false;
  /** The client's answer is whole, or has failed; it may still be on its way. What the provider does now is its own affair. */
  #concluded = false;
  readonly #clock = new ExchangeClock();
  #remainder: Remainder | null = null;

  constructor(host: ExchangeHost, res: EngineResponse, client: ClientDialect, record: ExchangeRecord) {
    this.#host = host;
    this.record = record;
    this.#client = new ClientAnswer(res, client, record, () => host.draining, {
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
    this.#clock.expectWithin(this.record.sentAt, this.provider?.timeouts.firstByteMs ?? 0);
  }

  /** Answers with an error of our own. The answer must not have begun. */
  refuse(error: ProxyError): void {
    if (!this.ended) this.#client.refuse(error);
  }

  /** Answers with a document of our own. */
  reply(body: string): void {
    if (!this.ended) this.#client.reply(body);
  }

  // --- the provider's side ---

  onHead(status: number, fields: AnswerFields): void {
    this.record.headAt = performance.now();
    this.#clock.answered(this.record.headAt);
    this.phase = 'response';
    const head = this.#guarded(() => this.answer?.onHead(status, fields) ?? null);
    // Not before: an answer of our own may be made of it.
    this.#letBodyGo();
    if (head === undefined) return;
    if (head === null) {
      if (this.answer?.isComplete) this.#concludeBeforeEnd(null);
      else this.#concludeEarly();
      return;
    }
    if (this.#client.begin(head)) return;
    this.#call?.abort();
    const error = new UpstreamError('bad_response', "The head of the provider's answer is too large (over 14 KB)");
    this.#failed(error, answerToUpstreamError(error, this.record.provider));
  }

  onData(chunk: Uint8Array, isLast: boolean): void {
    const { answer } = this;
    if (this.#isConcluded || answer === null) {
      this.#remainder?.drop(chunk);
      return;
    }
    this.#clock.received();
    let bytes: Uint8Array | null;
    try {
      bytes = answer.onData(chunk);
    } catch (error) {
      this.#bug(error);
      return;
    }
    if (this.record.firstTokenAt === 0 && answer.sawContent) this.record.firstTokenAt = performance.now();
    if (answer.early !== null) {
      this.#concludeEarly();
      return;
    }
    if (answer.isStream) this.record.streamBytes += chunk.length;
    if (bytes !== null) this.#clock.sent();
    if (isLast) {
      // `onEnd` follows.
      if (bytes !== null) this.#concludeWhole(bytes);
    } else if (answer.isComplete) this.#concludeBeforeEnd(bytes);
    else if (bytes !== null && !this.#client.write(bytes)) {
      this.#paused = true;
      this.#call?.pause();
    }
  }

  onEnd(): void {
    this.#remainder?.ended();
    if (!this.#isConcluded) this.#host.answerIsWhole(this);
  }

  /** The provider's answer is whole: so is the client's now. */
  endAnswer(): void {
    if (!this.#isConcluded) this.#concludeWhole(null);
  }

  onError(error: UpstreamError): void {
    this.#remainder?.ended();
    if (this.#isConcluded) return;
    const end = this.answer?.onBroken() ?? null;
    if (end !== null) this.#conclude(end, null);
    else this.#failed(error, answerToUpstreamError(error, this.record.provider));
  }

  // --- the clock's side ---

  tick(nowMs: number): void {
    if (this.provider === null) return;
    switch (this.#clock.due(nowMs, this.phase, this.#paused, this.provider.timeouts)) {
      case 'first_byte_timeout':
        this.#timedOut('first_byte_timeout', 'The provider did not answer in time');
        break;
      case 'idle_timeout':
        this.#timedOut('idle_timeout', 'The provider stopped in the middle of its answer');
        break;
      case 'client_stalled':
        this.#clientStalled();
        break;
      case 'keep_waiting':
        this.#client.keepWaiting();
        break;
      case 'ping':
        this.#ping();
        break;
    }
  }

  slept(ms: number): void {
    this.#clock.slept(ms);
  }

  // --- the client's side ---

  #clientAborted(): void {
    // A cut connection is reported as an abort, too: that one is our own doing.
    if (this.phase === 'done' || this.#client.closed) return;
    this.record.abortedIn = this.phase;
    this.#client.aborted();
    this.#call?.abort();
    this.#finish();
  }

  /** It took nothing for as long as a provider may be silent. */
  #clientStalled(): void {
    this.record.abortedIn = 'response';
    this.#call?.abort();
    this.#client.cut();
  }

  #drained(): void {
    this.#paused = false;
    this.#clock.drained(performance.now());
    if (this.phase === 'response') this.#call?.resume();
  }

  // --- inner parts ---

  /** What the provider does now changes nothing for the client. */
  get #isConcluded(): boolean {
    return this.phase === 'done' || this.#concluded;
  }

  /** A stream may last for long. What is still being sent is nobody's to write to: it is left to the garbage collector. */
  #letBodyGo(): void {
    const { body } = this;
    this.body = null;
    if (body !== null && this.#call?.isSent) this.#host.bodySent(body);
  }

  /** A bug in what a provider's bytes lead to must leave nobody without an answer. Undefined: it did. */
  #guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#bug(error);
      return undefined;
    }
  }

  #bug(error: unknown): void {
    this.#host.bug(error);
    this.#call?.abort();
    this.#failed(new UpstreamError('other', 'The answer could not be read'), UNREADABLE);
  }

  /** @param bytes the last that the client is to get before the end; it may bring more */
  #concludeWhole(bytes: Uint8Array | null): void {
    const { answer } = this;
    const end = answer === null ? undefined : this.#guarded(() => answer.onEnd());
    if (end === undefined) return;
    if (this.record.firstTokenAt === 0 && answer?.sawContent) this.record.firstTokenAt = performance.now();
    this.#conclude(end, bytes);
  }

  /** The client need not wait for the provider to end its body. */
  #concludeBeforeEnd(bytes: Uint8Array | null): void {
    const call = this.#call;
    if (call !== null) this.#remainder = new Remainder(call);
    this.#concludeWhole(bytes);
    // A client that is slow to take the last bytes must not keep the end of the body from being read.
    call?.resume();
  }

  /** Nothing more is wanted of the provider. */
  #concludeEarly(): void {
    const early = this.answer?.early ?? null;
    if (early === null) return;
    this.#call?.abort();
    this.#conclude(early, null);
  }

  /** What is left is the client's to take: no deadline of the provider's runs any more. */
  #leaveToClient(): void {
    this.#concluded = true;
    this.#paused = true;
  }

  #conclude(end: AnswerEnd, bytes: Uint8Array | null): void {
    this.#leaveToClient();
    if (bytes !== null && end.kind === 'end' && end.last === null) {
      this.#client.endWith(bytes);
      return;
    }
    if (bytes !== null) this.#client.write(bytes);
    switch (end.kind) {
      case 'end':
        this.#client.end(end.last);
        break;
      case 'no_body':
        this.#client.endWithoutBody();
        break;
      case 'document':
        this.reply(end.body);
        break;
      case 'refusal':
        takeProviderId(this.record, end.requestId);
        this.refuse(end.error);
        break;
      case 'failure':
        this.#failed(end.error, end.told ?? answerToUpstreamError(end.error, this.record.provider));
        break;
    }
  }

  /** The provider failed. `told` is what the client hears of it. */
  #failed(error: UpstreamError, told: ProxyError): void {
    this.record.failure = error.reason;
    this.record.isClientsFault = statusOf(told) < 500;
    this.#host.providerFailed(this, error);
    this.#fail(told);
  }

  #ping(): void {
    const ping = this.answer?.ping() ?? null;
    if (ping === null) return;
    this.#clock.sent();
    this.#client.write(ping);
  }

  #timedOut(reason: 'first_byte_timeout' | 'idle_timeout', message: string): void {
    this.#call?.abort();
    this.onError(new UpstreamError(reason, message));
  }

  #fail(error: ProxyError): void {
    if (this.ended) return;
    this.#leaveToClient();
    this.#client.fail(error, (told) => this.answer?.failure(told) ?? null);
  }

  #finish(): void {
    if (this.phase === 'done') return;
    this.phase = 'done';
    this.record.endedAt = performance.now();
    const account = (usage: TokenUsage | null) => {
      this.record.usage = usage;
      this.#host.account(this);
    };
    if (this.answer === null) account(null);
    else this.answer.close(account);
  }
}
