/**
 * What the supervisor knows of the whole: providers, metrics, clients' requests. Workers report into it; snapshots and
 * the text of `/metrics` come out of it.
 */
import type { Config } from '../shared/config/config';
import type { MetricObject, ReloadResult, RestartReason } from '../shared/metrics';
import { PROTOCOL_VERSION, type ProviderReport, type SnapshotMessage, type WorkerIdentity } from '../shared/protocol';
import type { BuildInfo } from '../shared/version';
import { ClientRequests } from './client-requests';
import { MetricsStore, type RenderedMetrics, type SupervisorGauges } from './metrics-store';
import { ProviderBoard } from './provider-board';
import {
  healthTail,
  judgeHealth,
  type PerformanceInput,
  type ReloadView,
  type StatusInput,
  type SupervisorState,
  statusHead,
  type WorkerView,
} from './status-board';

/** What the supervisor says of its workers and itself. */
export interface WorkerFacts {
  state: SupervisorState;
  configHash: string;
  engine: string;
  generation: number;
  reload: ReloadView;
  reloads: Readonly<Partial<Record<ReloadResult, number>>>;
  desiredWorkers: number;
  workers: WorkerView[];
}

export interface ClusterStateOptions {
  /** With the real port. */
  config: Config;
  build: BuildInfo;
  startedAt: Date;
}

/** Quantiles cost a merge of all histograms: they are computed anew at most this often. */
const FIGURES_MAX_AGE_MS = 1000;

interface Figures {
  atMs: number;
  performance: PerformanceInput;
  latencyOf: ReadonlyMap<string, { p50: number | null; p95: number | null }>;
}

export class ClusterState {
  readonly #options: ClusterStateOptions;
  /** In force. */
  #config: Config;
  readonly #providers: ProviderBoard;
  readonly #metrics = new MetricsStore();
  readonly #clientRequests = new ClientRequests();
  readonly #restarts: Partial<Record<RestartReason, number>> = {};
  #figures: Figures | null = null;

  constructor(options: ClusterStateOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#providers = new ProviderBoard(options.config);
  }

  /** A reload has brought it into force. What is known of the providers that stay is kept. */
  configure(config: Config): void {
    this.#config = config;
    this.#figures = null;
    this.#providers.configure(config);
  }

  /** Some workers run with it already; whether it comes into force is not known yet. */
  expect(config: Config): void {
    this.#providers.expect(config);
  }

  countRequests(byClient: Readonly<Record<string, number>>): void {
    this.#clientRequests.add(byClient, Date.now());
  }

  /** True when a provider's state changed by it. */
  reportProviders(worker: WorkerIdentity, reports: readonly ProviderReport[]): boolean {
    const before = this.#providerStates();
    this.#providers.report(worker.incarnation, reports, performance.now());
    return this.#providerStates() !== before;
  }

  updateMetrics(worker: WorkerIdentity, series: readonly MetricObject[]): void {
    this.#metrics.update(worker, series);
  }

  countRestart(reason: RestartReason): void {
    this.#restarts[reason] = (this.#restarts[reason] ?? 0) + 1;
  }

  workerEnded(worker: WorkerIdentity): void {
    this.#metrics.end(worker);
    this.#providers.forget(worker.incarnation);
  }

  renderMetrics(openMetrics: boolean, facts: WorkerFacts): Promise<RenderedMetrics> {
    return this.#metrics.render(openMetrics, this.#gauges(facts));
  }

  snapshot(facts: WorkerFacts): SnapshotMessage {
    const figures = this.#currentFigures();
    const input = this.#statusInput(facts, figures);
    return {
      type: 'snapshot',
      protocol: PROTOCOL_VERSION,
      health: judgeHealth(input),
      draining: facts.state === 'draining',
      statusHead: statusHead(input),
      healthTail: healthTail(input, figures.performance),
      unavailableProviders: input.providers.filter(({ state }) => state === 'unavailable').map(({ name }) => name),
      workers: facts.desiredWorkers,
      clientRequests: this.#clientRequests.totals(Date.now()),
    };
  }

  #statusInput(facts: WorkerFacts, figures: Figures): StatusInput {
    const { build, startedAt } = this.#options;
    const config = this.#config;
    return {
      ...facts,
      build,
      now: new Date(),
      startedAt,
      pid: process.pid,
      host: config.host,
      port: config.port,
      apiKeyConfigured: config.apiKey !== null,
      providers: this.#providers.view(performance.now()).map((provider) => ({
        ...provider,
        latency: figures.latencyOf.get(provider.name) ?? { p50: null, p95: null },
      })),
    };
  }

  #currentFigures(): Figures {
    const now = performance.now();
    if (this.#figures !== null && now - this.#figures.atMs < FIGURES_MAX_AGE_MS) return this.#figures;
    const duration = 'ccproxy_request_duration_seconds';
    const [p50, p95, p99] = this.#metrics.histogramQuantiles(duration, {}, [0.5, 0.95, 0.99]) ?? [null, null, null];
    const latencyOf = new Map<string, { p50: number | null; p95: number | null }>();
    for (const { name } of this.#config.providers) {
      const quantiles = this.#metrics.histogramQuantiles(duration, { provider: name }, [0.5, 0.95]);
      latencyOf.set(name, { p50: quantiles?.[0] ?? null, p95: quantiles?.[1] ?? null });
    }
    this.#figures = {
      atMs: now,
      latencyOf,
      performance: {
        requestsTotal: this.#metrics.counterSum('ccproxy_requests_total'),
        requestsFailed: this.#metrics.counterSum('ccproxy_requests_total', { code: /^[45]/ }),
        latency: { avg: this.#metrics.histogramMean(duration), p50, p95, p99 },
        configFile: this.#config.file,
      },
    };
    return this.#figures;
  }

  #gauges(facts: WorkerFacts): SupervisorGauges {
    const byState: Record<string, number> = { booting: 0, ready: 0, draining: 0 };
    for (const { state } of facts.workers) byState[state] = (byState[state] ?? 0) + 1;
    const { version, commit } = this.#options.build;
    const enabled = this.#providers.view(performance.now()).filter(({ state }) => state !== 'disabled');
    return {
      build: { version, commit, node: process.versions.node, engine: facts.engine },
      startedAtMs: this.#options.startedAt.getTime(),
      workers: byState,
      restarts: this.#restarts,
      reloads: facts.reloads,
      providersUp: Object.fromEntries(enabled.map(({ name, state }) => [name, state !== 'unavailable'])),
      // The one that serves comes before the one that boots to replace it: of two the last is shown.
      slots: facts.workers
        .filter(({ state }) => state !== 'draining')
        .reverse()
        .map((worker) => ({
          slot: worker.slot,
          startedAtMs: worker.startedAt.getTime(),
          lastHeartbeatAtMs: worker.state === 'booting' ? null : Date.now() - worker.lastHeartbeatAgeMs,
          rssBytes: worker.state === 'booting' ? null : worker.rssBytes,
          eventLoopLagMs: worker.state === 'booting' ? null : worker.eventLoopLagMs,
        })),
    };
  }

  #providerStates(): string {
    return this.#providers
      .view(performance.now())
      .map(({ state }) => state)
      .join();
  }
}
