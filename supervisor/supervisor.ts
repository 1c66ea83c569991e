/**
 * The only state machine over workers: how many there should be, which there are, and what to do about the difference.
 * It owns the cluster's state (providers, metrics, who lives) and pushes it to every worker.
 */
import type { Config } from '../shared/config/config';
import type { Logger } from '../shared/logger';
import type { RestartReason } from '../shared/metrics';
import { PROTOCOL_VERSION, type SnapshotMessage, type WorkerMessage } from '../shared/protocol';
import type { BuildInfo } from '../shared/version';
import { ClientRequests } from './client-requests';
import { MetricsStore, type SupervisorGauges } from './metrics-store';
import { ProviderBoard } from './provider-board';
import { DEFAULT_RESTART_POLICY, decideRestart } from './restart-policy';
import {
  healthTail,
  judgeHealth,
  type StatusInput,
  type SupervisorState,
  statusHead,
  type WorkerView,
} from './status-board';
import { type WorkerExit, WorkerHandle } from './worker-handle';

const TICK_MS = 1000;
/** Changes are pushed this soon, many in one snapshot. */
const COALESCE_MS = 100;
const HEARTBEAT_TIMEOUT_MS = 5000;
const BOOT_TIMEOUT_MS = 10_000;

/** One place for a worker. It outlives the processes that fill it. */
interface Slot {
  number: number;
  worker: WorkerHandle | null;
  restarts: number;
  lastExit: WorkerExit | null;
  failuresInRow: number;
  timer: NodeJS.Timeout | null;
}

export interface SupervisorOptions {
  config: Config;
  /** The real port. */
  port: number;
  build: BuildInfo;
  logger: Logger;
  /** Nothing can be done any more: no worker ever became ready. */
  onGiveUp: (reason: string) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #startedAt = new Date();
  readonly #policy = DEFAULT_RESTART_POLICY;
  readonly #slots: Slot[];
  readonly #providers: ProviderBoard;
  readonly #metrics = new MetricsStore();
  readonly #clientRequests = new ClientRequests();
  readonly #restarts: Partial<Record<RestartReason, number>> = {};
  #recentRestarts: number[] = [];
  #state: SupervisorState = 'starting';
  #engine = '';
  #lastIncarnation = 0;
  #everReady = false;
  #lastTickMs = performance.now();
  #pushTimer: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #onAllReady: (() => void) | null = null;
  #onDrained: (() => void) | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = { ...options.config, port: options.port };
    this.#logger = options.logger;
    this.#providers = new ProviderBoard(options.config);
    this.#slots = Array.from({ length: options.config.workers }, (_, i) => ({
      number: i + 1,
      worker: null,
      restarts: 0,
      lastExit: null,
      failuresInRow: 0,
      timer: null,
    }));
  }

  get engine(): string {
    return this.#engine;
  }

  /** Forks the workers; resolves when every one is ready. */
  start(): Promise<void> {
    for (const slot of this.#slots) this.#fork(slot);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    return new Promise((resolve) => {
      this.#onAllReady = resolve;
    });
  }

  /** Drains every worker; resolves when none is left. Those that need longer than the limit are killed. */
  drain(): Promise<void> {
    this.#state = 'draining';
    for (const slot of this.#slots) {
      if (slot.timer !== null) clearTimeout(slot.timer);
      slot.timer = null;
    }
    this.#push();
    for (const worker of this.#workers()) worker.drain(this.#config.shutdownTimeoutMs);
    return new Promise((resolve) => {
      this.#onDrained = () => {
        if (this.#ticker !== null) clearInterval(this.#ticker);
        if (this.#pushTimer !== null) clearTimeout(this.#pushTimer);
        resolve();
      };
      this.#checkDrained();
    });
  }

  /** Ends every worker at once. */
  killAll(): void {
    this.#state = 'draining';
    for (const worker of this.#workers()) worker.kill(null);
  }

  // --- workers come and go ---

  #fork(slot: Slot): void {
    slot.timer = null;
    slot.worker = new WorkerHandle({
      identity: { slot: slot.number, incarnation: ++this.#lastIncarnation },
      generation: 1,
      config: this.#config,
      events: {
        message: (worker, message) => this.#receive(slot, worker, message),
        exited: (worker, exit) => this.#exited(slot, worker, exit),
      },
    });
    slot.worker.send(this.#snapshot());
    this.#pushSoon();
  }

  #receive(slot: Slot, worker: WorkerHandle, message: WorkerMessage): void {
    worker.lastBeatMs = performance.now();
    switch (message.type) {
      case 'ready':
        this.#ready(slot, worker, message.engine);
        break;
      case 'heartbeat':
        worker.beat = message;
        this.#clientRequests.add(message.clientRequests, Date.now());
        break;
      case 'providers': {
        const before = this.#providerStates();
        this.#providers.report(worker.identity.incarnation, message.reports, performance.now());
        if (this.#providerStates() !== before) this.#pushSoon();
        break;
      }
      case 'metrics':
        this.#metrics.update(worker.identity, message.series);
        break;
      case 'metrics_request':
        void this.#metrics.render(message.openMetrics, this.#gauges()).then((rendered) => {
          const { requestId } = message;
          worker.send({ type: 'metrics_text', protocol: PROTOCOL_VERSION, requestId, ...rendered });
        });
        break;
      case 'boot_failed':
        this.#logger.error(`worker ${slot.number} cannot start: ${message.reason}`);
        break;
    }
  }

  #ready(slot: Slot, worker: WorkerHandle, engine: string): void {
    if (worker.state !== 'booting') return;
    worker.state = 'ready';
    worker.readyAtMs = performance.now();
    this.#engine = engine;
    this.#everReady = true;
    this.#logger.info(`worker ${slot.number} is ready`, { pid: worker.pid, engine });
    this.#pushSoon();
    if (this.#state === 'starting' && this.#slots.every((other) => other.worker?.state === 'ready')) {
      this.#state = 'running';
      this.#push();
      this.#onAllReady?.();
    }
  }

  #exited(slot: Slot, worker: WorkerHandle, exit: WorkerExit): void {
    this.#metrics.end(worker.identity);
    this.#providers.forget(worker.identity.incarnation);
    slot.lastExit = exit;
    if (slot.worker === worker) slot.worker = null;
    this.#pushSoon();
    if (this.#state === 'draining') {
      this.#checkDrained();
      return;
    }
    const reason = exit.reason ?? 'crash';
    const how = exit.signal ?? `code ${exit.code}`;
    this.#logger.error(`worker ${slot.number} ended (${reason}, ${how}): it is replaced`, { pid: worker.pid });
    const servedMs = worker.readyAtMs === null ? 0 : performance.now() - worker.readyAtMs;
    slot.failuresInRow = servedMs >= this.#policy.stableAfterMs ? 1 : slot.failuresInRow + 1;
    this.#replace(slot, reason, exit);
  }

  #replace(slot: Slot, reason: RestartReason, exit: WorkerExit): void {
    const now = performance.now();
    this.#recentRestarts = this.#recentRestarts.filter((at) => now - at < this.#policy.windowMs);
    const decision = decideRestart(
      this.#policy,
      { failuresInRow: slot.failuresInRow, recentRestarts: this.#recentRestarts.length, everReady: this.#everReady },
      Math.random(),
    );
    if (decision.action === 'give-up') {
      this.#options.onGiveUp(exit.message ?? `workers end while they start (${exit.signal ?? `code ${exit.code}`})`);
      return;
    }
    this.#recentRestarts.push(now);
    slot.restarts++;
    this.#restarts[reason] = (this.#restarts[reason] ?? 0) + 1;
    if (decision.budgetExhausted) {
      this.#logger.error(`too many workers end: the next try at worker ${slot.number} waits`, {
        seconds: Math.round(decision.delayMs / 1000),
      });
    }
    slot.timer = setTimeout(() => this.#fork(slot), decision.delayMs);
  }

  #checkDrained(): void {
    if (this.#workers().length === 0) this.#onDrained?.();
  }

  // --- the clock ---

  #tick(): void {
    const now = performance.now();
    // The supervisor itself was stopped or starved: silence in that time says nothing about the workers.
    if (now - this.#lastTickMs > 2 * TICK_MS) for (const worker of this.#workers()) worker.lastBeatMs = now;
    this.#lastTickMs = now;
    for (const worker of this.#workers()) {
      const silentMs = now - worker.lastBeatMs;
      if (worker.state === 'booting' && silentMs > BOOT_TIMEOUT_MS) worker.kill('boot_timeout');
      else if (worker.state !== 'booting' && silentMs > HEARTBEAT_TIMEOUT_MS) worker.kill('hung');
    }
    this.#push();
  }

  #pushSoon(): void {
    this.#pushTimer ??= setTimeout(() => this.#push(), COALESCE_MS);
  }

  #push(): void {
    if (this.#pushTimer !== null) clearTimeout(this.#pushTimer);
    this.#pushTimer = null;
    const snapshot = this.#snapshot();
    for (const worker of this.#workers()) worker.send(snapshot);
  }

  // --- what is told ---

  #workers(): WorkerHandle[] {
    return this.#slots.flatMap((slot) => (slot.worker?.alive ? [slot.worker] : []));
  }

  #providerStates(): string {
    return this.#providers
      .view(performance.now())
      .map((provider) => provider.state)
      .join();
  }

  #snapshot(): SnapshotMessage {
    const input = this.#statusInput();
    return {
      type: 'snapshot',
      protocol: PROTOCOL_VERSION,
      health: judgeHealth(input),
      draining: this.#state === 'draining',
      statusHead: statusHead(input),
      healthTail: healthTail(input, this.#performance()),
      unavailableProviders: input.providers.filter(({ state }) => state === 'unavailable').map(({ name }) => name),
      clientRequests: this.#clientRequests.totals(Date.now()),
    };
  }

  #statusInput(): StatusInput {
    const now = performance.now();
    return {
      build: this.#options.build,
      now: new Date(),
      startedAt: this.#startedAt,
      pid: process.pid,
      host: this.#config.host,
      port: this.#config.port,
      apiKeyConfigured: this.#config.apiKey !== null,
      state: this.#state,
      generation: 1,
      configHash: this.#config.hash,
      reload: { inProgress: false, lastResult: null, lastAt: null, lastError: null },
      desiredWorkers: this.#slots.length,
      workers: this.#slots.flatMap((slot) => workerView(slot, now)),
      providers: this.#providers.view(now).map((provider) => {
        const latency = this.#metrics.histogramQuantiles(
          'ccproxy_request_duration_seconds',
          { provider: provider.name },
          [0.5, 0.95],
        );
        return { ...provider, latency: { p50: latency?.[0] ?? null, p95: latency?.[1] ?? null } };
      }),
    };
  }

  #performance() {
    const quantiles = this.#metrics.histogramQuantiles('ccproxy_request_duration_seconds', {}, [0.5, 0.95, 0.99]);
    const [p50, p95, p99] = quantiles ?? [null, null, null];
    return {
      requestsTotal: this.#metrics.counterSum('ccproxy_requests_total'),
      requestsFailed: this.#metrics.counterSum('ccproxy_requests_total', { code: /^[45]/ }),
      latency: { avg: this.#metrics.histogramMean('ccproxy_request_duration_seconds'), p50, p95, p99 },
      configFile: this.#config.file,
    };
  }

  #gauges(): SupervisorGauges {
    const workers = this.#workers();
    const byState: Record<string, number> = { booting: 0, ready: 0, draining: 0 };
    for (const worker of workers) byState[worker.state] = (byState[worker.state] ?? 0) + 1;
    const { version, commit } = this.#options.build;
    const now = performance.now();
    const enabled = this.#providers.view(now).filter((provider) => provider.state !== 'disabled');
    return {
      build: { version, commit, node: process.versions.node, engine: this.#engine },
      startedAtMs: this.#startedAt.getTime(),
      workers: byState,
      restarts: this.#restarts,
      reloads: {},
      providersUp: Object.fromEntries(enabled.map(({ name, state }) => [name, state !== 'unavailable'])),
      slots: workers.map((worker) => ({
        slot: worker.identity.slot,
        startedAtMs: worker.startedAt.getTime(),
        lastHeartbeatAtMs: worker.beat === null ? null : Date.now() - (now - worker.lastBeatMs),
        rssBytes: worker.beat?.rssBytes ?? null,
        eventLoopLagMs: worker.beat?.eventLoopLagMs ?? null,
      })),
    };
  }
}

function workerView(slot: Slot, nowMs: number): WorkerView[] {
  const { worker } = slot;
  if (worker === null) return [];
  return [
    {
      slot: slot.number,
      pid: worker.pid,
      generation: worker.generation,
      state: worker.state,
      startedAt: worker.startedAt,
      lastHeartbeatAgeMs: nowMs - worker.lastBeatMs,
      inFlight: worker.beat?.inFlight ?? 0,
      connections: worker.beat?.connections ?? 0,
      rssBytes: worker.beat?.rssBytes ?? 0,
      eventLoopLagMs: worker.beat?.eventLoopLagMs ?? 0,
      restarts: slot.restarts,
      lastExit: slot.lastExit,
    },
  ];
}
