/** The rate limit's sums: how many requests each client made in the running minute, in the whole cluster. */
import { RATE_WINDOW_MS } from '../shared/limits';

export class ClientRequests {
  #counts = new Map<string, number>();
  #window = 0;

  /** Adds a worker's counts. @param nowMs Unix time */
  add(counts: Readonly<Record<string, number>>, nowMs: number): void {
    this.#turn(nowMs);
    for (const [client, count] of Object.entries(counts)) {
      this.#counts.set(client, (this.#counts.get(client) ?? 0) + count);
    }
  }

  /** @param nowMs Unix time */
  totals(nowMs: number): Record<string, number> {
    this.#turn(nowMs);
    return Object.fromEntries(this.#counts);
  }

  #turn(nowMs: number): void {
    const window = Math.floor(nowMs / RATE_WINDOW_MS);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts = new Map();
  }
}
