/** `ccproxy reload` and `ccproxy scale N`: change the running service, and show what happens until it is done. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../shared/config/config';
import { MAX_WORKERS } from '../../shared/limits';
import { ask } from './client';
import { type ConfigFlags, loadOrExplain } from './configuration';
import { EXIT } from './exit-codes';

const POLL_MS = 100;
/** What a worker tells is a moment old. */
const SETTLE_MS = 1000;

export async function reload(flags: ConfigFlags): Promise<number> {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return EXIT.failed;
  return change(loaded.config, '/-/reload', ({ generation }) => `reloaded: generation ${generation}`);
}

export async function scale(count: string, flags: ConfigFlags): Promise<number> {
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > MAX_WORKERS) {
    console.error(`ccproxy: expected a number of workers from 1 to ${MAX_WORKERS}, got "${count}"`);
    return EXIT.usage;
  }
  const loaded = loadOrExplain(flags);
  if (loaded === null) return EXIT.failed;
  return change(loaded.config, `/-/scale?workers=${Number(count)}`, ({ workers }) => `scaled: ${workers} workers`);
}

type Result = { generation?: number; workers?: number };

async function change(config: Config, path: string, describe: (result: Result) => string): Promise<number> {
  const before = await workersOf(config);
  if (before === null) {
    console.log('not running');
    return EXIT.notRunning;
  }
  const progress = new Progress(before);
  let answer: Awaited<ReturnType<typeof ask>> | undefined;
  const answered = ask(config, path, { method: 'POST', timeoutMs: null }).then((result) => {
    answer = result;
  });
  while (answer === undefined) {
    await Promise.race([answered, delay(POLL_MS)]);
    progress.show(await workersOf(config));
  }
  if (answer?.status === 200) {
    await progress.finish(config);
    console.log(describe(JSON.parse(answer.body) as Result));
    return EXIT.ok;
  }
  console.error(`ccproxy: ${answer === null ? 'the proxy ended meanwhile' : explain(answer)}`);
  return EXIT.failed;
}

function explain({ status, body }: { status: number; body: string }): string {
  if (status === 401) {
    return 'the running proxy refuses this key; use the configuration that it runs with, or "kill -HUP" its PID';
  }
  try {
    const { error } = JSON.parse(body) as { error?: { message?: string } };
    if (error?.message !== undefined) return error.message;
  } catch {
    // No answer of ours.
  }
  return `something that is no CCProxy answers there (${status})`;
}

/** Slot → PID of the worker that serves in it; null when there is nothing that tells. */
type Workers = ReadonlyMap<number, number>;

interface StatusDocument {
  workers: { list: { slot: number; pid: number; state: string }[] };
}

async function workersOf(config: Config): Promise<Workers | null> {
  const answer = await ask(config, '/status');
  if (answer === null) return null;
  if (answer.status !== 200) return new Map();
  const { workers } = JSON.parse(answer.body) as StatusDocument;
  return new Map(workers.list.filter(({ state }) => state === 'ready').map(({ slot, pid }) => [slot, pid]));
}

class Progress {
  #shown: Workers;

  constructor(before: Workers) {
    this.#shown = before;
  }

  /** Prints what has changed. True when that is nothing. */
  show(now: Workers | null): boolean {
    if (now === null || now.size === 0) return true;
    const changed = [...now].filter(([slot, pid]) => this.#shown.get(slot) !== pid);
    for (const [slot, pid] of changed) console.log(`worker ${slot}: PID ${this.#shown.get(slot) ?? 'none'} -> ${pid}`);
    const gone = [...this.#shown].filter(([slot]) => !now.has(slot));
    for (const [slot, pid] of gone) console.log(`worker ${slot}: PID ${pid} -> none`);
    this.#shown = now;
    return changed.length + gone.length === 0;
  }

  /** Waits until nothing changes any more. */
  async finish(config: Config): Promise<void> {
    const until = performance.now() + SETTLE_MS;
    for (let quiet = 0; quiet < 3 && performance.now() < until; ) {
      await delay(POLL_MS);
      quiet = this.show(await workersOf(config)) ? quiet + 1 : 0;
    }
  }
}
