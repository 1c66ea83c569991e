/** The connections of this worker, by provider; made when a provider is first needed. */
import type { Config, Provider } from '../../shared/config/config';
import { HttpUpstream } from './http-upstream';
import type { Upstream } from './upstream';

export class Upstreams {
  readonly #config: Config;
  readonly #retried: (provider: string) => void;
  readonly #byName = new Map<string, Upstream>();

  /** @param retried hears of each request that is sent once more */
  constructor(config: Config, retried: (provider: string) => void) {
    this.#config = config;
    this.#retried = retried;
  }

  of(provider: Provider): Upstream {
    let upstream = this.#byName.get(provider.name);
    if (upstream === undefined) {
      upstream = new HttpUpstream({
        origin: new URL(provider.baseUrl).origin,
        connectTimeoutMs: provider.timeouts.connectMs,
        maxConnections: provider.connections.max,
        maxWaiting: provider.connections.maxWaiting,
        proxyUrl: this.#config.proxyUrl,
        retried: () => this.#retried(provider.name),
      });
      this.#byName.set(provider.name, upstream);
    }
    return upstream;
  }

  /** Provider name → its connections, for the metrics. */
  entries(): IterableIterator<[string, Upstream]> {
    return this.#byName.entries();
  }

  destroy(): void {
    for (const upstream of this.#byName.values()) upstream.destroy();
  }
}
