/**
 * The only state machine: how many workers there should be and with which configuration, and what to do about the
 * difference. It pushes the state of the whole to every worker.
 */
import type { Config } from '../shared/config/config';
import { MAX_WORKERS } from '../shared/limits';
import type { Logger } from '../shared/logger';
import { type ControlCommand, type ControlOutcome, PROTOCOL_VERSION, type WorkerMessage } from '../shared/protocol';
import type { BuildInfo } from '../shared/version';
import { ClusterState, type WorkerFacts } from './cluster-state';
import { recyclingReason } from './recycling';
import { ReloadRecord } from './reload-record';
import { rollingReload } from './rolling-reload';
import type { Slot } from './slot';
import type { SupervisorState } from './status-board';
import type { Settings, WorkerHandle } from './worker-handle';
import { BOOT_TIMEOUT_MS, WorkerPool } from './worker-pool';

const TICK_MS = 1000;
/** Changes are pushed this soon, many in one snapshot. */
const COALESCE_MS = 100;
/** Until all are ready, after a start or a change of their number. */
const ALL_READY_TIMEOUT_MS = 2 * BOOT_TIMEOUT_MS;
/** After a failed try to recycle a worker. */
const RECYCLE_AGAIN_AFTER_MS = 60_000;

export interface SupervisorOptions {
  /** With the real port. */
  config: Config;
  build: BuildInfo;
  logger: Logger;
  /** Reads the configuration anew, for a reload. Rejects with every mistake in it. */
  loadConfig: () => Promise<Config>;
  /** A reload is over and has brought this configuration into force; null when it failed. */
  reloaded: (config: Config | null) => void;
  /** A worker's process has ended; those that are left run with these. */
  inUse: (configs: readonly Config[]) => void;
  /** Once a second, as long as the supervisor is well. */
  tick: () => void;
  /** Nothing can be done any more: no worker ever became ready. */
  giveUp: (reason: string) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #logger: Logger;
  readonly #startedAt = new Date();
  readonly #cluster: ClusterState;
  readonly #pool: WorkerPool;
  readonly #reloads = new ReloadRecord();
  /** In force: what a reload that fails goes back to. */
  #settings: Settings;
  #state: SupervisorState = 'starting';
  #engine = '';
  #pushTimer: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  /** Settled when the last planned change is over: they are made one at a time. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #changesUnderWay = 0;
  /** Asked for and not begun: whoever asks meanwhile gets the same one. */
  #nextReload: Promise<ControlOutcome> | null = null;
  #noRecyclingUntilMs = 0;
  readonly #onAllReady = new Set<() => void>();
  /** Whoever waits for a change when the service is told to end has waited long enough. */
  readonly #drains: Promise<ControlOutcome>;
  #drainBegins: (outcome: ControlOutcome) => void = () => {};

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#settings = { config: options.config, generation: 1 };
    this.#drains = new Promise((resolve) => {
      this.#drainBegins = resolve;
    });
    this.#cluster = new ClusterState({ ...options, startedAt: this.#startedAt });
    this.#pool = new WorkerPool(options.logger, {
      forked: (worker) => worker.send(this.#cluster.snapshot(this.#facts())),
      message: (worker, message) => this.#receive(worker, message),
      ended: (worker) => this.#ended(worker),
      restarted: (reason) => this.#cluster.countRestart(reason),
      changed: () => this.#changed(),
      giveUp: options.giveUp,
    });
  }

  get engine(): string {
    return this.#engine;
  }

  /**
   * Forks the workers; resolves when every one is ready, or when some are and the others had their time. To false when
   * it was ended before.
   */
  start(): Promise<boolean> {
    this.#pool.resize(this.#settings.config.workers, this.#settings);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    return this.#inTurn(async () => {
      while (!(await this.#allReady()) && this.#state === 'starting') {
        if (!this.#pool.everReady) continue;
        this.#logger.warn('not all workers could be started: the service is degraded');
        break;
      }
      this.#enter('running');
      return this.#state === 'running';
    });
  }

  /** Drains every worker; resolves when none is left. Those that need longer than the limit are killed. */
  async drain(): Promise<void> {
    this.#enter('draining');
    await this.#pool.drain(this.#settings.config.shutdownTimeoutMs);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#pushTimer !== null) clearTimeout(this.#pushTimer);
  }

  /** Ends every worker at once. */
  killAll(): void {
    this.#enter('draining');
    this.#pool.killAll();
  }

  // --- planned changes ---

  /** Reads the configuration again and replaces the workers by ones that run with it. Never rejects. */
  reload(): Promise<ControlOutcome> {
    this.#nextReload ??= this.#inTurn(() => {
      this.#nextReload = null;
      return this.#reload();
    });
    return this.#nextReload;
  }

  /** One worker more (1) or less (-1); at least one stays. */
  step(by: 1 | -1): void {
    // Counted in its turn: the changes before may leave another number.
    void this.#inTurn(() => this.#resize(Math.min(MAX_WORKERS, Math.max(1, this.#pool.slots.length + by))));
  }

  /** That many workers. Resolves when they are ready. Never rejects. */
  scale(workers: number): Promise<ControlOutcome> {
    return this.#inTurn(() => this.#resize(workers));
  }

  async #resize(workers: number): Promise<ControlOutcome> {
    if (this.#state === 'draining') return DRAINING;
    const { generation } = this.#settings;
    const before = this.#pool.slots.length;
    if (workers !== before) this.#logger.info(`workers: ${before} -> ${workers}`);
    this.#pool.resize(workers, this.#settings);
    if (await this.#allReady()) return { ok: true, generation, workers };
    return { ok: false, reason: 'not all workers could be started; the log says why' };
  }

  async #reload(): Promise<ControlOutcome> {
    if (this.#state === 'draining') return DRAINING;
    const previous = this.#settings;
    this.#reloads.begin();
    this.#enter('reloading');
    try {
      const next = { config: await this.#options.loadConfig(), generation: previous.generation + 1 };
      this.#cluster.expect(next.config);
      this.#logger.info('reload: the workers are replaced', { from: previous.config.hash, to: next.config.hash });
      await rollingReload(this.#pool, next, previous, this.#logger);
      this.#settings = next;
      if (next.config.workers !== previous.config.workers) {
        if (!(await this.#allReady())) this.#logger.warn('reload: not all of the new workers could be started');
      }
      this.#cluster.configure(next.config);
      this.#options.reloaded(next.config);
      this.#reloads.end(null);
      this.#logger.info('reload: done', { generation: next.generation });
      return { ok: true, generation: next.generation, workers: this.#pool.slots.length };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#reloads.end(reason);
      this.#cluster.configure(previous.config);
      this.#options.reloaded(null);
      this.#logger.error(`reload failed, the running configuration stays: ${reason}`);
      return { ok: false, reason };
    } finally {
      this.#enter('running');
      this.#tellInUse();
    }
  }

  /** At most one worker that has grown too big or too old makes room for another. */
  #recycle(nowMs: number): void {
    if (this.#state !== 'running' || this.#changesUnderWay > 0 || nowMs < this.#noRecyclingUntilMs) return;
    for (const slot of this.#pool.slots) {
      const { worker } = slot;
      // While its predecessor still drains, another one would only add to what is there.
      if (this.#pool.isRetiring(slot)) continue;
      if (worker?.state !== 'ready' || worker.beat === null || worker.readyAtMs === null) continue;
      const condition = { rssBytes: worker.beat.rssBytes, ageMs: nowMs - worker.readyAtMs, jitter: worker.jitter };
      const reason = recyclingReason(this.#settings.config, condition);
      if (reason === null) continue;
      this.#logger.info(`worker ${slot.number} is recycled`, {
        reason,
        pid: worker.pid,
        rss_bytes: condition.rssBytes,
      });
      void this.#inTurn(() => this.#recycleSlot(slot, reason));
      return;
    }
  }

  async #recycleSlot(slot: Slot, reason: 'memory' | 'age'): Promise<void> {
    try {
      await this.#pool.replace(slot, slot.settings, reason);
    } catch (error) {
      this.#noRecyclingUntilMs = performance.now() + RECYCLE_AGAIN_AFTER_MS;
      this.#logger.warn(`worker ${slot.number} stays: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    this.#changesUnderWay++;
    const made = this.#lastChange.then(change).finally(() => this.#changesUnderWay--);
    this.#lastChange = made.catch(() => {});
    return made;
  }

  /** False when they are not within their time. */
  #allReady(): Promise<boolean> {
    if (this.#pool.allReady) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        clearTimeout(timer);
        this.#onAllReady.delete(whenReady);
        resolve(ready);
      };
      const whenReady = () => settle(true);
      const timer = setTimeout(() => settle(false), ALL_READY_TIMEOUT_MS);
      this.#onAllReady.add(whenReady);
    });
  }

  // --- what workers say ---

  #receive(worker: WorkerHandle, message: WorkerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#engine = message.engine;
        this.#logger.info(`worker ${worker.identity.slot} is ready`, { pid: worker.pid, engine: message.engine });
        break;
      case 'heartbeat':
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
      case 'control_request':
        void this.#control(message.command).then((outcome) => {
          // Whoever looks after the answer sees what was done.
          this.#push();
          const { requestId } = message;
          worker.send({ type: 'control_result', protocol: PROTOCOL_VERSION, requestId, outcome });
        });
        break;
      case 'closed':
        break;
      case 'boot_failed':
        this.#logger.error(`worker ${worker.identity.slot} cannot start: ${message.reason}`);
        break;
    }
  }

  #control(command: ControlCommand): Promise<ControlOutcome> {
    const change = command.name === 'reload' ? this.reload() : this.scale(command.workers);
    return Promise.race([change, this.#drains]);
  }

  /** The scrape is answered 503 by the worker's own time-out. */
  readonly #metricsFailed = (error: unknown): void => {
    this.#logger.error(`the metrics cannot be rendered: ${error instanceof Error ? error.stack : String(error)}`);
  };

  #ended(worker: WorkerHandle): void {
    this.#cluster.workerEnded(worker.identity);
    // What a reload is about to need is no worker's yet.
    if (this.#state !== 'reloading') this.#tellInUse();
  }

  #tellInUse(): void {
    this.#options.inUse([this.#settings.config, ...this.#pool.workers().map(({ settings }) => settings.config)]);
  }

  // --- what is told ---

  #tick(): void {
    const now = performance.now();
    this.#pool.tick(now);
    this.#recycle(now);
    this.#push();
    this.#options.tick();
  }

  #enter(state: SupervisorState): void {
    // There is no way back from there.
    if (this.#state === 'draining') return;
    this.#state = state;
    if (state === 'draining') this.#drainBegins(DRAINING);
    this.#push();
  }

  #changed(): void {
    this.#pushSoon();
    if (!this.#pool.allReady) return;
    for (const ready of this.#onAllReady) ready();
  }

  #pushSoon(): void {
    this.#pushTimer ??= setTimeout(() => this.#push(), COALESCE_MS);
  }

  #push(): void {
    if (this.#pushTimer !== null) clearTimeout(this.#pushTimer);
    this.#pushTimer = null;
    this.#pool.send(this.#cluster.snapshot(this.#facts()));
  }

  #facts(): WorkerFacts {
    return {
      state: this.#state,
      engine: this.#engine,
      generation: this.#settings.generation,
      reload: this.#reloads.view,
      reloads: this.#reloads.counts,
      desiredWorkers: this.#pool.slots.length,
      workers: this.#pool.views(performance.now()),
    };
  }
}

const DRAINING: ControlOutcome = { ok: false, reason: 'the service drains' };
