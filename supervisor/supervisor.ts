/**
 * The only state machine: how many workers there should be and with which configuration, and what to do about the
 * difference. It pushes the state of the whole to every worker.
 */
import type { Config } from '../shared/config/config';
import type { HashedConfig } from '../shared/config/hash';
import { MAX_WORKERS } from '../shared/limits';
import type { Logger } from '../shared/logger';
import {
  type ControlCommand,
  type ControlOutcome,
  PROTOCOL_VERSION,
  type SnapshotMessage,
  type WorkerMessage,
} from '../shared/protocol';
import type { BuildInfo } from '../shared/version';
import { AllReady } from './all-ready';
import { ChangeQueue } from './change-queue';
import { ClusterState, type WorkerFacts } from './cluster-state';
import { Recycler } from './recycler';
import { ReloadRecord } from './reload-record';
import { rollingReload } from './rolling-reload';
import type { SupervisorState } from './status-board';
import type { Settings, WorkerHandle } from './worker-handle';
import { WorkerPool } from './worker-pool';

const TICK_MS = 1000;
/** Changes are pushed this soon, many in one snapshot. */
const COALESCE_MS = 100;

export interface SupervisorOptions {
  /** With the real port. */
  config: Config;
  /** Of that as it was loaded. It takes some 20 ms, in which the workers boot. */
  hash: () => string;
  build: BuildInfo;
  logger: Logger;
  /** Reads the configuration anew, for a reload. Rejects with every mistake in it. */
  loadConfig: () => Promise<HashedConfig>;
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
  readonly #allReady: AllReady;
  readonly #changes = new ChangeQueue();
  readonly #recycler: Recycler;
  readonly #reloads = new ReloadRecord();
  /** In force: what a reload that fails goes back to. */
  #settings: Settings;
  /** Of the configuration in force; empty until it is known: no worker gets a snapshot before, and none is ready without. */
  #hash = '';
  #state: SupervisorState = 'starting';
  #engine = '';
  #pushTimer: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  /** Asked for and not begun: whoever asks meanwhile gets the same one. */
  #nextReload: Promise<ControlOutcome> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#settings = { config: options.config, generation: 1 };
    this.#cluster = new ClusterState({ ...options, startedAt: this.#startedAt });
    this.#pool = new WorkerPool(options.logger, {
      forked: (worker) => this.#tell((snapshot) => worker.send(snapshot)),
      message: (worker, message) => this.#receive(worker, message),
      ended: (worker) => this.#ended(worker),
      restarted: (reason) => this.#cluster.countRestart(reason),
      changed: () => this.#changed(),
      giveUp: options.giveUp,
    });
    this.#allReady = new AllReady(this.#pool);
    this.#recycler = new Recycler(this.#pool, this.#changes, options.logger);
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
    this.#hash = this.#options.hash();
    this.#push();
    return this.#changes.inTurn(async () => {
      while (!(await this.#allReady.wait()) && this.#state === 'starting') {
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
    this.#nextReload ??= this.#changes.request(() => {
      this.#nextReload = null;
      return this.#reload();
    });
    return this.#nextReload;
  }

  /** One worker more (1) or less (-1); at least one stays. */
  step(by: 1 | -1): void {
    // Counted in its turn: the changes before may leave another number.
    void this.#changes.request(() => this.#resize(Math.min(MAX_WORKERS, Math.max(1, this.#pool.slots.length + by))));
  }

  /** That many workers. Resolves when they are ready. Never rejects. */
  scale(workers: number): Promise<ControlOutcome> {
    return this.#changes.request(() => this.#resize(workers));
  }

  async #resize(workers: number): Promise<ControlOutcome> {
    const { generation } = this.#settings;
    const before = this.#pool.slots.length;
    if (workers !== before) this.#logger.info(`workers: ${before} -> ${workers}`);
    this.#pool.resize(workers, this.#settings);
    if (await this.#allReady.wait()) return { ok: true, generation, workers };
    return { ok: false, reason: 'not all workers could be started; the log says why' };
  }

  async #reload(): Promise<ControlOutcome> {
    const previous = this.#settings;
    this.#reloads.begin();
    this.#enter('reloading');
    try {
      const { config, hash } = await this.#options.loadConfig();
      const next = { config, generation: previous.generation + 1 };
      this.#cluster.expect(config);
      this.#logger.info('reload: the workers are replaced', { from: this.#hash, to: hash });
      await rollingReload(this.#pool, next, previous, this.#logger);
      this.#settings = next;
      if (next.config.workers !== previous.config.workers) {
        if (!(await this.#allReady.wait())) this.#logger.warn('reload: not all of the new workers could be started');
      }
      this.#cluster.configure(next.config);
      this.#hash = hash;
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
    return command.name === 'reload' ? this.reload() : this.scale(command.workers);
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
    if (this.#state === 'running') this.#recycler.tick(this.#settings.config, now);
    this.#push();
    this.#options.tick();
  }

  #enter(state: SupervisorState): void {
    // There is no way back from there.
    if (this.#state === 'draining') return;
    this.#state = state;
    if (state === 'draining') this.#changes.drain();
    this.#push();
  }

  #changed(): void {
    this.#pushSoon();
    this.#allReady.check();
  }

  #pushSoon(): void {
    this.#pushTimer ??= setTimeout(() => this.#push(), COALESCE_MS);
  }

  #push(): void {
    if (this.#pushTimer !== null) clearTimeout(this.#pushTimer);
    this.#pushTimer = null;
    this.#tell((snapshot) => this.#pool.send(snapshot));
  }

  #tell(send: (snapshot: SnapshotMessage) => void): void {
    if (this.#hash !== '') send(this.#cluster.snapshot(this.#facts()));
  }

  #facts(): WorkerFacts {
    return {
      state: this.#state,
      configHash: this.#hash,
      engine: this.#engine,
      generation: this.#settings.generation,
      reload: this.#reloads.view,
      reloads: this.#reloads.counts,
      desiredWorkers: this.#pool.slots.length,
      workers: this.#pool.views(performance.now()),
    };
  }
}
