/** Replaces workers that have grown too big or too old (`recycling.ts` says which), one after the other. */
import type { Logger } from '../shared/logger';
import type { ChangeQueue } from './change-queue';
import { type RecyclingLimits, recyclingReason } from './recycling';
import type { Slot } from './slot';
import type { WorkerPool } from './worker-pool';

/** After a failed try. */
const AGAIN_AFTER_MS = 60_000;

export class Recycler {
  readonly #pool: WorkerPool;
  readonly #changes: ChangeQueue;
  readonly #logger: Logger;
  #notUntilMs = 0;

  constructor(pool: WorkerPool, changes: ChangeQueue, logger: Logger) {
    this.#pool = pool;
    this.#changes = changes;
    this.#logger = logger;
  }

  /**
   * At most one worker makes room for another; none while another change is under way.
   * @param nowMs of `performance.now()`
   */
  tick(limits: RecyclingLimits, nowMs: number): void {
    if (!this.#changes.idle || nowMs < this.#notUntilMs) return;
    for (const slot of this.#pool.slots) {
      const { worker } = slot;
      // While its predecessor still drains, another one would only add to what is there.
      if (this.#pool.isRetiring(slot)) continue;
      if (worker?.state !== 'ready' || worker.beat === null || worker.readyAtMs === null) continue;
      const condition = { rssBytes: worker.beat.rssBytes, ageMs: nowMs - worker.readyAtMs, jitter: worker.jitter };
      const reason = recyclingReason(limits, condition);
      if (reason === null) continue;
      this.#logger.info(`worker ${slot.number} is recycled`, {
        reason,
        pid: worker.pid,
        rss_bytes: condition.rssBytes,
      });
      void this.#changes.inTurn(() => this.#replace(slot, reason));
      return;
    }
  }

  async #replace(slot: Slot, reason: 'memory' | 'age'): Promise<void> {
    try {
      await this.#pool.replace(slot, slot.settings, reason);
    } catch (error) {
      this.#notUntilMs = performance.now() + AGAIN_AFTER_MS;
      this.#logger.warn(`worker ${slot.number} stays: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
