/** Brings a new configuration into force, worker by worker, replacement first; or leaves everything as it was. */
import type { Logger } from '../shared/logger';
import type { Slot } from './slot';
import type { Settings } from './worker-handle';
import type { WorkerPool } from './worker-pool';

/** How often a replacement is started, in one slot, before the new configuration is given up. */
const ATTEMPTS = 3;

/**
 * Every slot's worker is replaced by one with `next`. The drain of those replaced is not waited for.
 * @throws Error with the reason when a replacement does not become ready: then all slots run with `previous` again
 */
export async function rollingReload(pool: WorkerPool, next: Settings, previous: Settings, logger: Logger) {
  // A configuration with fewer workers takes the last ones away afterwards: those need no replacement.
  const changesCount = next.config.workers !== previous.config.workers;
  const slots = changesCount ? pool.slots.slice(0, next.config.workers) : [...pool.slots];
  for (const slot of slots) {
    try {
      await replaceWorker(pool, slot, next, logger);
    } catch (error) {
      await rollBack(pool, next, previous, logger);
      throw error;
    }
  }
  if (changesCount) pool.resize(next.config.workers, next);
}

async function replaceWorker(pool: WorkerPool, slot: Slot, settings: Settings, logger: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await pool.replace(slot, settings, 'reload');
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (attempt === ATTEMPTS || pool.ending) throw error;
      logger.warn(
        `worker ${slot.number}: its replacement did not start (attempt ${attempt} of ${ATTEMPTS}): ${reason}`,
      );
    }
  }
}

async function rollBack(pool: WorkerPool, from: Settings, to: Settings, logger: Logger): Promise<void> {
  for (const slot of pool.slots) {
    if (slot.settings !== from || pool.ending) continue;
    try {
      await replaceWorker(pool, slot, to, logger);
    } catch (error) {
      // It goes on as it is; whoever follows it runs with the configuration that is in force.
      slot.settings = to;
      const reason = error instanceof Error ? error.message : String(error);
      logger.error(`worker ${slot.number} keeps the refused configuration: ${reason}`);
    }
  }
}
