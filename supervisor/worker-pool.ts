/**
 * The worker processes: which slots there are, who fills them, and what happens when one ends. Planned changes
 * (`replace`, `resize`) are asked for from outside, one at a time.
 */
import type { Logger } from '../shared/logger';
import type { RestartReason } from '../shared/metrics';
import type { SupervisorMessage, WorkerMessage } from '../shared/protocol';
import { DEFAULT_RESTART_POLICY, decideRestart } from './restart-policy';
import { cancelFork, type Incoming, newSlot, type Slot, workerView } from './slot';
import type { WorkerView } from './status-board';
import { type Settings, type WorkerExit, WorkerHandle } from './worker-handle';

const HEARTBEAT_TIMEOUT_MS = 5000;
export const BOOT_TIMEOUT_MS = 10_000;
/** A tick that comes this late: the supervisor itself was stopped or starved. */
const SUSPENDED_MS = 2000;
/** What a replaced worker waits for on connections that are still open: their clients have another worker to go to. */
const REPLACED_QUIET_MS = 5000;
/** The same at the end of the service. */
const SHUTDOWN_QUIET_MS = 200;

export interface PoolEvents {
  /** A new process: it wants a snapshot. */
  forked(worker: WorkerHandle): void;
  message(worker: WorkerHandle, message: WorkerMessage): void;
  ended(worker: WorkerHandle): void;
  /** A worker was, or is about to be, replaced or taken away. */
  restarted(reason: RestartReason): void;
  /** Something that `/status` tells has changed. */
  changed(): void;
  /** Nothing can be done any more: no worker ever became ready. */
  giveUp(reason: string): void;
}

export class WorkerPool {
  readonly #logger: Logger;
  readonly #events: PoolEvents;
  readonly #policy = DEFAULT_RESTART_POLICY;
  #slots: Slot[] = [];
  /** Replaced or taken away, and not ended yet. */
  readonly #retiring = new Map<WorkerHandle, Slot>();
  #recentRestarts: number[] = [];
  #lastIncarnation = 0;
  #everReady = false;
  #lastTickMs = performance.now();
  #ending = false;
  #onDrained: (() => void) | null = null;

  constructor(logger: Logger, events: PoolEvents) {
    this.#logger = logger;
    this.#events = events;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** A worker of this supervisor has been ready at some time. */
  get everReady(): boolean {
    return this.#everReady;
  }

  /** Nothing is started any more. */
  get ending(): boolean {
    return this.#ending;
  }

  get allReady(): boolean {
    return this.#slots.every((slot) => slot.worker?.state === 'ready');
  }

  /** A worker that was in this slot still drains. */
  isRetiring(slot: Slot): boolean {
    return [...this.#retiring.values()].includes(slot);
  }

  /** Every process that runs: the slots' own, those that boot to replace them, and those that drain. */
  workers(): WorkerHandle[] {
    const inSlots = this.#slots.flatMap((slot) => [slot.worker, slot.incoming?.handle ?? null]);
    return [...inSlots, ...this.#retiring.keys()].filter((worker): worker is WorkerHandle => worker?.alive === true);
  }

  send(message: SupervisorMessage): void {
    for (const worker of this.workers()) worker.send(message);
  }

  /** From the next moment on there are that many slots. New ones run with `settings`; the last ones go first. */
  resize(count: number, settings: Settings): void {
    if (this.#ending) return;
    for (const slot of this.#slots.splice(count)) {
      cancelFork(slot);
      const { worker } = slot;
      slot.worker = null;
      if (worker === null) continue;
      this.#logger.info(`worker ${slot.number} is taken away`, { pid: worker.pid });
      this.#retire(slot, worker, 'scale');
    }
    while (this.#slots.length < count) {
      const slot = newSlot(this.#slots.length + 1, settings);
      this.#slots.push(slot);
      this.#fork(slot);
    }
    this.#events.changed();
  }

  /**
   * Boots a worker with these settings beside the slot's own and, when it is ready, puts it in its place; the old one
   * drains. Resolves when that one takes no new connections any more. @throws Error with the reason when the new one does not become ready: the old one is untouched
   */
  replace(slot: Slot, settings: Settings, reason: RestartReason): Promise<void> {
    if (this.#ending) return Promise.reject(new Error(ENDING));
    return new Promise((resolve, reject) => {
      slot.incoming = { handle: this.#spawn(slot, settings), reason, resolve, reject };
      this.#events.changed();
    });
  }

  /** Drains every worker; resolves when none is left. Those that need longer are killed. */
  drain(timeoutMs: number): Promise<void> {
    this.#end();
    for (const worker of this.workers()) worker.drain({ timeoutMs, quietMs: SHUTDOWN_QUIET_MS, reason: null });
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.#checkDrained();
    });
  }

  /** Ends every worker at once. */
  killAll(): void {
    this.#end();
    for (const worker of this.workers()) worker.kill(null);
  }

  /** To be called once a second: ends who hangs. */
  tick(nowMs: number): void {
    const suspended = nowMs - this.#lastTickMs > SUSPENDED_MS;
    this.#lastTickMs = nowMs;
    for (const worker of this.workers()) {
      // Silence while the supervisor itself did not listen says nothing about a worker.
      if (suspended) worker.lastBeatMs = nowMs;
      const silentMs = nowMs - worker.lastBeatMs;
      if (worker.readyAtMs === null && silentMs > BOOT_TIMEOUT_MS) worker.kill('boot_timeout');
      else if (worker.readyAtMs !== null && silentMs > HEARTBEAT_TIMEOUT_MS) worker.kill('hung');
    }
  }

  views(nowMs: number): WorkerView[] {
    const inSlots = this.#slots.flatMap((slot) => [
      ...(slot.worker === null ? [] : [workerView(slot, slot.worker, nowMs)]),
      ...(slot.incoming === null ? [] : [workerView(slot, slot.incoming.handle, nowMs)]),
    ]);
    return [...inSlots, ...Array.from(this.#retiring, ([worker, slot]) => workerView(slot, worker, nowMs))];
  }

  // --- processes come ---

  #fork(slot: Slot): void {
    slot.timer = null;
    slot.worker = this.#spawn(slot, slot.settings);
    this.#events.changed();
  }

  #spawn(slot: Slot, settings: Settings): WorkerHandle {
    const worker = new WorkerHandle({
      identity: { slot: slot.number, incarnation: ++this.#lastIncarnation },
      settings,
      events: {
        message: (sender, message) => this.#receive(slot, sender, message),
        exited: (ended, exit) => this.#exited(slot, ended, exit),
      },
    });
    this.#events.forked(worker);
    return worker;
  }

  #receive(slot: Slot, worker: WorkerHandle, message: WorkerMessage): void {
    worker.lastBeatMs = performance.now();
    if (message.type === 'heartbeat') worker.beat = message;
    this.#events.message(worker, message);
    if (message.type === 'ready') this.#ready(slot, worker);
  }

  #ready(slot: Slot, worker: WorkerHandle): void {
    worker.readyAtMs = performance.now();
    if (worker.state !== 'booting') return;
    worker.state = 'ready';
    this.#everReady = true;
    if (slot.incoming?.handle === worker) this.#handOver(slot, slot.incoming);
    this.#events.changed();
  }

  /** The replacement serves: now its predecessor may go. */
  #handOver(slot: Slot, { handle, reason, resolve }: Incoming): void {
    const old = slot.worker;
    cancelFork(slot);
    slot.incoming = null;
    slot.worker = handle;
    slot.settings = handle.settings;
    slot.failuresInRow = 0;
    // Without a predecessor its end was counted, with a reason of its own.
    if (old !== null) {
      this.#logger.info(`worker ${slot.number}: PID ${handle.pid} takes over from PID ${old.pid}`, { reason });
      slot.restarts++;
      this.#retire(slot, old, reason);
      // Whoever connects from then on meets the new one. A hung old one is killed, which closes it too.
      void old.closed.then(resolve);
      return;
    }
    resolve();
  }

  #retire(slot: Slot, worker: WorkerHandle, reason: RestartReason): void {
    this.#retiring.set(worker, slot);
    worker.drain({ timeoutMs: slot.settings.config.reloadDrainTimeoutMs, quietMs: REPLACED_QUIET_MS, reason });
    this.#events.restarted(reason);
  }

  // --- processes end ---

  #exited(slot: Slot, worker: WorkerHandle, exit: WorkerExit): void {
    if (this.#retiring.delete(worker)) {
      const { reason, code, signal } = exit;
      this.#logger.info(`worker ${slot.number}: PID ${worker.pid} has ended`, { reason, code, signal });
    }
    this.#events.ended(worker);
    this.#events.changed();
    if (slot.incoming?.handle === worker) {
      const { reject } = slot.incoming;
      slot.incoming = null;
      reject(new Error(this.#ending ? ENDING : explain(exit)));
    } else slot.lastExit = exit;
    if (slot.worker === worker) this.#lost(slot, worker, exit);
    this.#checkDrained();
  }

  #lost(slot: Slot, worker: WorkerHandle, exit: WorkerExit): void {
    slot.worker = null;
    if (this.#ending) return;
    const reason = exit.reason ?? 'crash';
    const how = exit.signal ?? `code ${exit.code}`;
    this.#logger.error(`worker ${slot.number} ended (${reason}, ${how}): it is replaced`, { pid: worker.pid });
    const servedMs = worker.readyAtMs === null ? 0 : performance.now() - worker.readyAtMs;
    if (servedMs >= this.#policy.stableAfterMs) slot.failuresInRow = 0;
    slot.restarts++;
    this.#events.restarted(reason);
    // Also while another boots to replace it: that one may fail.
    this.#forkLater(slot, exit);
  }

  #forkLater(slot: Slot, exit: WorkerExit): void {
    if (this.#ending) return;
    slot.failuresInRow++;
    const now = performance.now();
    this.#recentRestarts = this.#recentRestarts.filter((at) => now - at < this.#policy.windowMs);
    const decision = decideRestart(
      this.#policy,
      {
        failuresInRow: slot.failuresInRow,
        recentRestarts: this.#recentRestarts.length,
        slots: this.#slots.length,
        everReady: this.#everReady,
      },
      Math.random(),
    );
    if (decision.action === 'give-up') {
      this.#events.giveUp(exit.message ?? `workers end while they start (${exit.signal ?? `code ${exit.code}`})`);
      return;
    }
    this.#recentRestarts.push(now);
    if (decision.budgetExhausted) {
      this.#logger.error(`too many workers end: the next try at worker ${slot.number} waits`, {
        seconds: Math.round(decision.delayMs / 1000),
      });
    }
    slot.timer = setTimeout(() => this.#fork(slot), decision.delayMs);
  }

  #end(): void {
    this.#ending = true;
    for (const slot of this.#slots) {
      cancelFork(slot);
      slot.incoming?.reject(new Error(ENDING));
    }
  }

  #checkDrained(): void {
    if (this.#ending && this.workers().length === 0) this.#onDrained?.();
  }
}

const ENDING = 'the service ends';

/** Why a worker did not become ready. */
function explain(exit: WorkerExit): string {
  if (exit.message !== null) return exit.message;
  if (exit.reason === 'boot_timeout') return `a worker was not ready within ${BOOT_TIMEOUT_MS / 1000} s`;
  return `a worker ended while it started (${exit.signal ?? `code ${exit.code}`})`;
}
