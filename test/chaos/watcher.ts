/** Reads `/status` and `/metrics` all along, and checks that they tell the truth and never take anything back. */
import { childrenOf, commandLine, isAlive, rssBytes } from '../support/processes';
import { fallenCounters } from '../support/prometheus';
import type { RunningProxy } from '../support/proxy';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';
import type { Account } from './account';
import type { Victims } from './victims';

const EVERY_MS = 500;
/** Until all workers are there after what was done: a hung one takes 6 s, the back-off of a crashing one 1 s and more. */
const RECOVERY_MS = 30_000;

export class Watcher {
  readonly #proxy: RunningProxy;
  readonly #account: Account;
  readonly #victims: Victims;
  readonly #timer: NodeJS.Timeout;
  #lastMetrics = '';
  #scrapes = 0;
  /** Of the supervisor, bytes. */
  readonly #memory: number[] = [];
  #reading: Promise<void> | null = null;
  paused = false;

  constructor(proxy: RunningProxy, account: Account, victims: Victims) {
    this.#proxy = proxy;
    this.#account = account;
    this.#victims = victims;
    this.#timer = setInterval(() => {
      if (this.paused) return;
      this.#reading ??= this.#read().finally(() => {
        this.#reading = null;
      });
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }

  get scrapes(): number {
    return this.#scrapes;
  }

  get supervisorMemory(): readonly number[] {
    return this.#memory;
  }

  /** Waits until the cluster is whole again and `/status` says exactly what `/proc` says. */
  async settled(): Promise<StatusDocument> {
    const whole = async () => {
      const document = await this.#proxy.status();
      const { workers, supervisor } = document;
      if (workers.ready < workers.desired || supervisor.state !== 'running') return false;
      const told = workers.list.map(({ pid }) => pid).sort((a, b) => a - b);
      const real = childrenOf(this.#proxy.pid).filter((pid) => !/sandbox/.test(commandLine(pid)));
      if (told.join() !== real.join()) throw new Error(`/status tells ${told}, /proc ${real}`);
      for (const worker of workers.list) {
        const ratio = worker.rss_bytes === 0 ? 1 : rssBytes(worker.pid) / worker.rss_bytes;
        if (ratio < 0.5 || ratio > 2) throw new Error(`/status tells ${worker.rss_bytes} B, /proc ${ratio} times that`);
      }
      return document;
    };
    return eventually(whole, { timeoutMs: RECOVERY_MS, intervalMs: 100, what: 'a whole cluster, truly told' });
  }

  async #read(): Promise<void> {
    const beganMs = performance.now();
    try {
      const document = await this.#proxy.status();
      if (document.pid !== this.#proxy.pid) this.#account.blame(`/status tells PID ${document.pid}`);
      const metrics = await this.#proxy.metrics();
      for (const fall of fallenCounters(this.#lastMetrics, metrics)) this.#account.blame(`a counter fell: ${fall}`);
      this.#lastMetrics = metrics;
      this.#scrapes++;
    } catch (error) {
      const reason = this.#victims.explain(null, beganMs, performance.now());
      if (reason !== null) this.#account.allow(`status or metrics ${reason}`);
      else this.#account.blame(`status or metrics: ${error}`);
    }
    if (isAlive(this.#proxy.pid)) this.#memory.push(rssBytes(this.#proxy.pid));
  }
}
