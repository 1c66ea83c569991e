/**
 * Where an exchange leaves its traces: metrics, the access log, and the report on its provider. Nobody waits for that, so
 * it is done for many that ended at a time: the code for it is then fetched into the processor's caches once for all of
 * them, and not for each anew, which is most of what it costs.
 */
import type { Logger } from '../../shared/logger';
import type { UpstreamError } from '../upstream/upstream';
import type { WorkerMetrics } from '../worker-metrics';
import type { AccessLog } from './access-log';
import type { ExchangeRecord } from './exchange-record';
import type { ProviderObserver } from './provider-observer';

/** So many that ended, and an end that lies so far back, wait for nothing any more. */
const MAX_ENDED = 64;
const SETTLE_WITHIN_MS = 100;

export class Accounting {
  readonly #metrics: WorkerMetrics;
  readonly #accessLog: AccessLog | null;
  readonly #observer: ProviderObserver;
  readonly #logger: Logger;
  /** It costs a walk through the transports to ask. */
  readonly #tellsRoutes: boolean;
  /** Not accounted for yet. */
  #ended: ExchangeRecord[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: {
    metrics: WorkerMetrics;
    accessLog: AccessLog | null;
    observer: ProviderObserver;
    logger: Logger;
  }) {
    this.#metrics = parts.metrics;
    this.#accessLog = parts.accessLog;
    this.#observer = parts.observer;
    this.#logger = parts.logger;
    this.#tellsRoutes = parts.logger.isDebugEnabled();
  }

  started(): void {
    this.#metrics.requestStarted();
  }

  routed(record: ExchangeRecord): void {
    if (!this.#tellsRoutes) return;
    const { requestId, route, provider, model } = record;
    this.#logger.debug('routed', { requestId, route, provider, model });
  }

  /** The provider does not have something that the client sent. */
  leftOut(record: ExchangeRecord, what: string): void {
    this.#logger.warn(`provider ${record.provider}: ${what}`, { requestId: record.requestId });
  }

  sent(record: ExchangeRecord): void {
    this.#observer.started(record.provider);
  }

  providerFailed(record: ExchangeRecord, error: UpstreamError): void {
    this.#metrics.upstreamError(record.provider, error.reason);
    this.#logger.warn(`provider ${record.provider}: ${error.message}`, {
      requestId: record.requestId,
      reason: error.reason,
    });
  }

  ended(record: ExchangeRecord): void {
    this.#ended.push(record);
    // What goes wrong at a provider is reported soon.
    if (this.#ended.length >= MAX_ENDED || record.status >= 500 || record.failure !== '') this.settle();
    // It runs on when there are many: a new one each time would cost more.
    else this.#timer ??= setTimeout(() => this.#timeIsOver(), SETTLE_WITHIN_MS);
  }

  /** Accounts for all that have ended: to be called before anybody looks at what was counted. */
  settle(): void {
    const ended = this.#ended;
    if (ended.length === 0) return;
    this.#ended = [];
    let counted = 0;
    try {
      for (const record of ended) {
        counted++;
        this.#count(record);
      }
    } finally {
      // A bug that one of them meets must not lose those behind it.
      if (counted < ended.length) this.#ended.unshift(...ended.splice(counted));
      this.#accessLog?.write(ended);
    }
  }

  /** Something threw that never should. */
  bug(error: unknown): void {
    this.#logger.error(`a request met a bug: ${error instanceof Error ? error.stack : String(error)}`);
  }

  #timeIsOver(): void {
    this.#timer = null;
    this.settle();
  }

  #count(record: ExchangeRecord): void {
    const durationMs = record.endedAt - record.startedAt;
    const { usage } = record;
    this.#metrics.requestEnded({
      route: record.route,
      provider: record.provider,
      model: record.provider === '' ? '' : record.model,
      code: record.status,
      durationSeconds: durationMs / 1000,
      overheadSeconds: record.overheadMs / 1000,
      ttftSeconds: record.firstTokenAt === 0 ? null : (record.firstTokenAt - record.startedAt) / 1000,
      secondsPerOutputToken:
        usage === null || usage.output < 2 || record.firstTokenAt === 0
          ? null
          : (record.endedAt - record.firstTokenAt) / 1000 / (usage.output - 1),
      tokens: usage,
      streamBytes: record.streamBytes,
    });
    if (record.abortedIn !== null) this.#metrics.clientAbort(record.abortedIn);
    else if (record.sentAt === 0 && record.refused !== null) this.#metrics.rejected(record.refused);
    if (record.sentAt !== 0) this.#observe(record);
  }

  /** A provider's own answer with 5xx counts against it; a client that went away and a 4xx do not. */
  #observe(record: ExchangeRecord): void {
    const { provider, status } = record;
    const failure = record.isClientsFault ? '' : record.failure;
    const answered = record.headAt !== 0;
    if (answered && status >= 500 && failure === '') this.#metrics.upstreamError(provider, `${status}`);
    if (failure !== '') this.#observer.ended(provider, 'failure', failure, `failed: ${failure}`);
    else if (!answered) this.#observer.ended(provider, 'unknown');
    else if (status >= 500) this.#observer.ended(provider, 'failure', `${status}`, `answered ${status}`);
    else this.#observer.ended(provider, 'success');
  }
}
