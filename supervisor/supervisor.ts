/**
 * The only state machine over workers: how many there should be, which there are, and what to do about the difference.
 * It pushes the state of the whole to every worker.
 */
import type { Config } from '../shared/config/config';
import type { Logger } from '../shared/logger';
import type { RestartReason } from '../shared/metrics';
import { PROTOCOL_VERSION, type SnapshotMessage, type WorkerMessage } from '../shared/protocol';
import type { BuildInfo } from '../shared/version';
import { ClusterState, type WorkerFacts } from './cluster-state';
import { DEFAULT_RESTART_POLICY, decideRestart } from './restart-policy';
import type { SupervisorState, WorkerView } from './status-board';
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
  readonly #cluster: ClusterState;
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
    this.#cluster = new ClusterState({ ...options, config: this.#config, startedAt: this.#startedAt });
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
    this.#cancelForks();
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
    this.#cancelForks();
    for (const worker of this.#workers()) worker.kill(null);
  }

  #cancelForks(): void {
    for (const slot of this.#slots) {
      if (slot.timer !== null) clearTimeout(slot.timer);
      slot.timer = null;
    }
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
        this.#cluster.countRequests(message.clientRequests);
        break;
      case 'providers':
        if (this.#cluster.reportProviders(worker.identity, message.reports)) this.#pushSoon();
        break;
      case 'metrics':
        this.#cluster.updateMetrics(worker.identity, message.series);
        break;
      case 'metrics_request':
        void this.#cluster.renderMetrics(message.openMetrics, this.#facts()).then((rendered) => {
          const { requestId } = message;
          worker.send({ type: 'metrics_text', protocol: PROTOCOL_VERSION, requestId, ...rendered });
        }, this.#metricsFailed);
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
    if (this.#slots.every((other) => other.worker?.state === 'ready')) this.#started();
  }

  /** The scrape is answered 503 by the worker's own time-out. */
  readonly #metricsFailed = (error: unknown): void => {
    this.#logger.error(`the metrics cannot be rendered: ${error instanceof Error ? error.stack : String(error)}`);
  };

  #started(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    this.#push();
    this.#onAllReady?.();
  }

  #exited(slot: Slot, worker: WorkerHandle, exit: WorkerExit): void {
    this.#cluster.workerEnded(worker.identity);
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
    this.#cluster.countRestart(reason);
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
    // Some workers serve and others cannot start: that is a service, a degraded one.
    const startingMs = Date.now() - this.#startedAt.getTime();
    if (this.#state === 'starting' && startingMs > 2 * BOOT_TIMEOUT_MS && this.#everReady) {
      this.#logger.warn('not all workers could be started: the service is degraded');
      this.#started();
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

  #snapshot(): SnapshotMessage {
    return this.#cluster.snapshot(this.#facts());
  }

  #facts(): WorkerFacts {
    const now = performance.now();
    return {
      state: this.#state,
      engine: this.#engine,
      desiredWorkers: this.#slots.length,
      workers: this.#slots.flatMap((slot) => workerView(slot, now)),
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
