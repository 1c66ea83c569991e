/** Waits until every worker is ready, for a limited time. */
import { BOOT_TIMEOUT_MS, type WorkerPool } from './worker-pool';

/** After a start or a change of their number. */
const TIMEOUT_MS = 2 * BOOT_TIMEOUT_MS;

export class AllReady {
  readonly #pool: WorkerPool;
  readonly #waiting = new Set<() => void>();

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** Resolves to false when they are not within their time. */
  wait(): Promise<boolean> {
    if (this.#pool.allReady) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(whenReady);
        resolve(ready);
      };
      const whenReady = () => settle(true);
      const timer = setTimeout(() => settle(false), TIMEOUT_MS);
      this.#waiting.add(whenReady);
    });
  }

  /** To be called whenever something in the pool has changed. */
  check(): void {
    if (!this.#pool.allReady) return;
    for (const whenReady of this.#waiting) whenReady();
  }
}
