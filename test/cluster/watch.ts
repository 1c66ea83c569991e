/** Looks at /status and /metrics all the time while something else goes on. It is judged afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { fallenCounters } from '../support/prometheus';
import type { RunningProxy } from '../support/proxy';
import type { StatusDocument } from '../support/status-document';

const INTERVAL_MS = 20;
/** A scrape with every so many looks at /status. */
const LOOKS_PER_SCRAPE = 5;

export class Watch {
  /** In order. */
  readonly statuses: StatusDocument[] = [];
  /** Series that must never fall and did, from one scrape to the next: each as text. */
  readonly fallen: string[] = [];
  scrapes = 0;
  #isOver = false;
  readonly #looking: Promise<void>;

  /** It goes on until `end`, or until the proxy is gone. */
  constructor(proxy: RunningProxy) {
    this.#looking = this.#look(proxy);
    this.#looking.catch(() => {}); // `end` tells.
  }

  /** @throws Error when a page was not answered, or not with 200 */
  async end(): Promise<this> {
    this.#isOver = true;
    await this.#looking;
    return this;
  }

  /** The lowest number of workers that were ready. */
  get fewestReady(): number {
    return Math.min(...this.statuses.map(({ workers }) => workers.ready));
  }

  async #look(proxy: RunningProxy): Promise<void> {
    let last: string | null = null;
    for (let turn = 0; !this.#isOver; turn++) {
      this.statuses.push(await proxy.status());
      if (turn % LOOKS_PER_SCRAPE === 0) {
        const page = await proxy.metrics();
        if (last !== null) this.fallen.push(...fallenCounters(last, page));
        last = page;
        this.scrapes++;
      }
      await delay(INTERVAL_MS);
    }
  }
}
