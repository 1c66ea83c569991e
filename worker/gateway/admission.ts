/** How many requests may be under way, and how many a client may make a minute. */
import type { Config } from '../../shared/config/config';
import type { ProxyError } from '../../shared/errors';
import { RATE_WINDOW_MS } from '../../shared/limits';

export class Admission {
  readonly #limits: Config['performance'];
  #maxConcurrent = Infinity;
  #maxPerProvider = Infinity;
  readonly #requestsPerMinute: number;
  #underWay = 0;
  readonly #underWayAt = new Map<string, number>();
  /** Rate limit: what this worker counted since its last report, and what the cluster counted up to then. */
  #sinceReport = new Map<string, number>();
  #reported = new Map<string, number>();

  constructor(config: Config) {
    this.#limits = config.performance;
    this.shareWith(config.workers);
    this.#requestsPerMinute = config.performance.rateLimitEnabled
      ? config.performance.rateLimitRequestsPerMin
      : Infinity;
  }

  /** Limits of the configuration are the cluster's: each worker admits its share. */
  shareWith(workers: number): void {
    const share = (limit: number | null) => (limit === null ? Infinity : Math.ceil(limit / workers));
    this.#maxConcurrent = share(this.#limits.maxConcurrentRequests);
    this.#maxPerProvider = share(this.#limits.maxConcurrentPerProvider);
  }

  /** Takes a place for a request of this client, or says why not. A taken place is given back by `leave`. */
  enter(client: string): ProxyError | null {
    if (this.#requestsPerMinute !== Infinity) {
      const own = this.#sinceReport.get(client) ?? 0;
      if (own + (this.#reported.get(client) ?? 0) >= this.#requestsPerMinute) {
        const retryAfter = Math.ceil((RATE_WINDOW_MS - (Date.now() % RATE_WINDOW_MS)) / 1000);
        return {
          type: 'rate_limit_error',
          message: `More than ${this.#requestsPerMinute} requests a minute from this address`,
          retryAfter,
        };
      }
      this.#sinceReport.set(client, own + 1);
    }
    if (this.#underWay >= this.#maxConcurrent) {
      return { type: 'overloaded_error', message: 'Too many requests are under way', retryAfter: 1 };
    }
    this.#underWay++;
    return null;
  }

  leave(): void {
    this.#underWay--;
  }

  /** The same for a provider, once routing has named it. */
  enterProvider(name: string): ProxyError | null {
    const underWay = this.#underWayAt.get(name) ?? 0;
    if (underWay >= this.#maxPerProvider) {
      const message = `Too many requests to provider ${JSON.stringify(name)} are under way`;
      return { type: 'overloaded_error', message, retryAfter: 1 };
    }
    this.#underWayAt.set(name, underWay + 1);
    return null;
  }

  leaveProvider(name: string): void {
    this.#underWayAt.set(name, (this.#underWayAt.get(name) ?? 1) - 1);
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Requests by client since the last call, for the supervisor, which adds up the cluster's. */
  takeClientRequests(): Record<string, number> {
    const counts = Object.fromEntries(this.#sinceReport);
    // Until the sum comes back with the next snapshot, one's own share of it must not be forgotten.
    for (const [client, count] of this.#sinceReport) {
      this.#reported.set(client, (this.#reported.get(client) ?? 0) + count);
    }
    this.#sinceReport = new Map();
    return counts;
  }

  /** The whole cluster's counts of the running minute. */
  setClientRequests(counts: Readonly<Record<string, number>>): void {
    this.#reported = new Map(Object.entries(counts));
  }
}
