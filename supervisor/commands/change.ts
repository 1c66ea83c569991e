/** `ccproxy reload` and `ccproxy scale N`: change the running service, and show what happens until it is done. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../shared/config/config';
import { MAX_WORKERS } from '../../shared/limits';
import { ask } from './client';
import { type ConfigFlags, loadOrExplain } from './configuration';
import { EXIT } from './exit-codes';

const POLL_MS = 100;
/** For so long without an answer: nothing runs there any more. All workers may have died, and boot anew. */
const UNANSWERED_MS = 10_000;
const OUTCOME_TIMEOUT_MS = 60_000;
/** What a worker tells is a moment old. */
const SETTLE_MS = 1000;

export async function reload(flags: ConfigFlags): Promise<number> {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return EXIT.failed;
  return change(loaded.config, '/-/reload', {
    describe: ({ generation }) => `reloaded: generation ${generation}`,
    isDone: ({ supervisor }) => !supervisor.reload.in_progress,
    failure: ({ supervisor }) => (supervisor.reload.last_result === 'success' ? null : supervisor.reload.last_error),
  });
}

export async function scale(count: string, flags: ConfigFlags): Promise<number> {
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > MAX_WORKERS) {
    console.error(`ccproxy: expected a number of workers from 1 to ${MAX_WORKERS}, got "${count}"`);
    return EXIT.usage;
  }
  const loaded = loadOrExplain(flags);
  if (loaded === null) return EXIT.failed;
  const wanted = Number(count);
  return change(loaded.config, `/-/scale?workers=${wanted}`, {
    describe: ({ workers }) => `scaled: ${workers} workers`,
    isDone: ({ supervisor, workers }) =>
      supervisor.state === 'running' && workers.desired === wanted && workers.ready === wanted,
    failure: () => null,
  });
}

type Result = { generation?: number; workers?: number };

/** What is changed, and how to see in `/status` what became of it: the worker that is asked may end before it is done. */
interface Change {
  describe: (result: Result) => string;
  isDone: (status: StatusDocument) => boolean;
  /** The reason, or null when it succeeded. */
  failure: (status: StatusDocument) => string | null;
}

async function change(config: Config, path: string, what: Change): Promise<number> {
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
    console.log(what.describe(JSON.parse(answer.body) as Result));
    return EXIT.ok;
  }
  if (answer === null) return outcomeByStatus(config, what, progress);
  console.error(`ccproxy: ${explain(answer)}`);
  return EXIT.failed;
}

/** The worker that was asked has ended, as workers do in a reload: the others know what became of it. */
async function outcomeByStatus(config: Config, what: Change, progress: Progress): Promise<number> {
  const began = performance.now();
  let answeredAt = began;
  for (let now = began; now - began < OUTCOME_TIMEOUT_MS && now - answeredAt < UNANSWERED_MS; now = performance.now()) {
    await delay(POLL_MS);
    const status = await statusOf(config);
    if (status === null) continue;
    answeredAt = performance.now();
    progress.show(serving(status));
    if (!what.isDone(status)) continue;
    const failure = what.failure(status);
    if (failure === null) {
      const { supervisor, workers } = status;
      console.log(what.describe({ generation: supervisor.generation, workers: workers.desired }));
      return EXIT.ok;
    }
    console.error(`ccproxy: ${failure}`);
    return EXIT.failed;
  }
  console.error('ccproxy: the proxy ended meanwhile, or is not done after a minute; "ccproxy status" tells');
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
  supervisor: {
    generation: number;
    state: string;
    reload: { in_progress: boolean; last_result: string | null; last_error: string | null };
  };
  workers: { desired: number; ready: number; list: { slot: number; pid: number; state: string }[] };
}

async function workersOf(config: Config): Promise<Workers | null> {
  const answer = await ask(config, '/status');
  if (answer === null) return null;
  return answer.status === 200 ? serving(JSON.parse(answer.body) as StatusDocument) : new Map();
}

/** Null when nothing that knows answers. */
async function statusOf(config: Config): Promise<StatusDocument | null> {
  const answer = await ask(config, '/status');
  return answer?.status === 200 ? (JSON.parse(answer.body) as StatusDocument) : null;
}

function serving({ workers }: StatusDocument): Workers {
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
