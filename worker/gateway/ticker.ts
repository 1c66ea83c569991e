/**
 * One timer for all requests under way. A request's deadlines move with every chunk, so each is looked at ten times a
 * second instead of being rescheduled: 5,000 idle streams cost 50,000 comparisons a second.
 */
import { performance } from 'node:perf_hooks';
export interface Ticking {
  /** @param nowMs `performance.now()` */
  tick(nowMs: number): void;
  /** This process did not run for so long: nobody else is to blame for what did not happen in that time. */
  slept(ms: number): void;
}

const TICK_MS = 100;
/** A tick that comes this late: the process was stopped or starved. */
const SLEPT_MS = 1000;

export class Ticker {
  readonly #members = new Set<Ticking>();
  #timer: NodeJS.Timeout | null = null;
  #lastTickMs = 0;

  add(member: Ticking): void {
    this.#members.add(member);
    if (this.#members.size === 1) this.#lastTickMs = performance.now();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** The timer goes on until it finds nobody: requests that come one by one need not each start one. */
  remove(member: Ticking): void {
    this.#members.delete(member);
  }

  #tick(): void {
    if (this.#members.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    const now = performance.now();
    const lateMs = now - this.#lastTickMs;
    this.#lastTickMs = now;
    for (const member of this.#members) {
      // What came meanwhile is read after this.
      if (lateMs > SLEPT_MS) member.slept(lateMs);
      else member.tick(now);
    }
  }
}
