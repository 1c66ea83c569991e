/** Where an exchange leaves its traces: metrics, the access log, and the report on its provider. */
import type { Logger } from '../../shared/logger';
import type { UpstreamError } from '../upstream/upstream';
import type { WorkerMetrics } from '../worker-metrics';
import type { AccessLog } from './access-log';
import type { ExchangeRecord } from './exchange-record';
import type { ProviderObserver } from './provider-observer';

export class Accounting {
  readonly #metrics: WorkerMetrics;
  readonly #accessLog: AccessLog | null;
  readonly #observer: ProviderObserver;
  readonly #logger: Logger;
  /** It costs a walk through the transports to ask. */
  readonly #tellsRoutes: boolean;

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
    this.#accessLog?.write(record);
  }

  /** Something threw that never should. */
  bug(error: unknown): void {
    this.#logger.error(`a request met a bug: ${error instanceof Error ? error.stack : String(error)}`);
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
