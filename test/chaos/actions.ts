/** What a chaos run does to the service. Each action resolves when its deed is done; what follows from it is watched. */
import { setTimeout as delay } from 'node:timers/promises';
import { isStopped, killIfThere } from '../support/processes';
import type { RunningProxy } from '../support/proxy';
import { restoreBoots, sabotage, sabotageBoots } from '../support/saboteur';
import type { StatusDocument } from '../support/status-document';
import type { SteadyProvider } from '../support/steady-provider';
import { eventually } from '../support/wait';
import type { Random } from './random';
import type { Victims } from './victims';
import type { Watcher } from './watcher';

export interface Stage {
  proxy: RunningProxy;
  provider: SteadyProvider;
  victims: Victims;
  watcher: Watcher;
  random: Random;
  sabotageDir: string;
  /** The configuration's text; a number makes each different. */
  config: (variant: number) => Record<string, unknown>;
  /** The cluster as it was before the action. */
  before: StatusDocument;
}

export interface Action {
  name: string;
  run: (stage: Stage) => Promise<void>;
}

/** The supervisor kills a silent worker after 5 s; a shorter silence is none of its business. */
const SHORT_SILENCE_MS = 3000;
const PROVIDER_TROUBLE_MS = 2500;
/** More than `max_worker_memory` of the run's configuration. */
export const BLOAT_BYTES = 256 * 1024 ** 2;
const RELOAD_TIMEOUT_MS = 60_000;

export const ACTIONS: readonly Action[] = [
  { name: 'kill -9 a worker', run: (stage) => doomed(stage, 'killed', (pid) => killIfThere(pid)) },
  { name: 'stop a worker', run: (stage) => doomed(stage, 'stopped', (pid) => process.kill(pid, 'SIGSTOP')) },
  {
    name: 'block a worker for ever',
    run: (stage) => doomed(stage, 'blocked', (pid) => sabotage(stage.sabotageDir, pid, { do: 'block' })),
  },
  {
    name: 'make a worker crash',
    run: (stage) => doomed(stage, 'crashed', (pid) => sabotage(stage.sabotageDir, pid, { do: 'throw' })),
  },
  { name: 'kill -9 every worker', run: killAll },
  {
    name: 'block a worker for a while',
    run: async (stage) => sabotage(stage.sabotageDir, victim(stage), { do: 'block', ms: SHORT_SILENCE_MS }),
  },
  { name: 'bloat a worker', run: bloat },
  { name: 'reload', run: reload },
  { name: 'reload five times at once', run: reloadOften },
  { name: 'break the configuration, and restore it', run: breakConfiguration },
  { name: 'reload into workers that cannot boot', run: breakBoots },
  { name: 'scale up and down', run: scale },
  { name: 'stop the supervisor for a while', run: stopSupervisor },
  { name: 'make the provider reset', run: (stage) => providerTrouble(stage, 'reset') },
  { name: 'make the provider stall', run: (stage) => providerTrouble(stage, 'stalled') },
];

function victim({ before, random }: Stage): number {
  return random.pick(before.workers.list.filter(({ state }) => state === 'ready')).pid;
}

function doomed(stage: Stage, how: string, deed: (pid: number) => void): Promise<void> {
  const pid = victim(stage);
  return stage.victims.doom(pid, how, () => deed(pid));
}

async function killAll({ proxy, before, victims }: Stage): Promise<void> {
  const killed = before.workers.list.map(({ pid }) => victims.doom(pid, 'killed', () => killIfThere(pid)));
  await Promise.all(killed);
  await victims.nobody(() => proxy.status());
}

/** It is recycled: replacement first, so that nothing may fail. */
async function bloat(stage: Stage): Promise<void> {
  const { proxy, sabotageDir, victims } = stage;
  const pid = victim(stage);
  sabotage(sabotageDir, pid, { do: 'bloat', bytes: BLOAT_BYTES });
  const replaced = async () => {
    victims.planned();
    const { workers } = await proxy.status();
    return !workers.list.some((worker) => worker.pid === pid && worker.state === 'ready');
  };
  await eventually(replaced, { timeoutMs: 40_000, intervalMs: 100, what: 'the recycling of a bloated worker' });
}

/** Waits for the outcome of a reload that began after `before`. */
async function reloaded({ proxy, victims }: Stage, deed: () => void): Promise<StatusDocument> {
  const last = (await proxy.status()).supervisor.reload.last_at;
  deed();
  const over = async () => {
    victims.planned();
    const document = await proxy.status();
    const { reload: now } = document.supervisor;
    return !now.in_progress && now.last_at !== last ? document : false;
  };
  return eventually(over, { timeoutMs: RELOAD_TIMEOUT_MS, intervalMs: 50, what: 'the end of a reload' });
}

function expectResult(document: StatusDocument, result: string): void {
  const { reload: now } = document.supervisor;
  if (now.last_result !== result) throw new Error(`the reload ended in ${now.last_result}: ${now.last_error}`);
}

async function reload(stage: Stage): Promise<void> {
  const { proxy, random, victims, before } = stage;
  proxy.writeConfig(stage.config(random.between(1, 1e6)));
  proxy.signal('SIGHUP');
  // Of several that were asked for, one that began before may end first.
  const inForce = async () => {
    victims.planned();
    const document = await proxy.status();
    const { config_hash, state } = document.supervisor;
    return config_hash !== before.supervisor.config_hash && state === 'running' && document;
  };
  const after = await eventually(inForce, { timeoutMs: RELOAD_TIMEOUT_MS, intervalMs: 50, what: 'the configuration' });
  expectResult(after, 'success');
  const old = new Set(before.workers.list.map(({ pid }) => pid));
  const still = after.workers.list.filter(({ pid, state }) => state === 'ready' && old.has(pid));
  if (still.length > 0) throw new Error(`not replaced: ${still.map(({ pid }) => pid)}`);
}

async function reloadOften(stage: Stage): Promise<void> {
  for (let i = 0; i < 4; i++) {
    stage.proxy.signal('SIGHUP');
    stage.victims.planned();
    await delay(stage.random.between(0, 300));
  }
  await reload(stage);
}

async function breakConfiguration(stage: Stage): Promise<void> {
  const { proxy, random } = stage;
  const broken = ['{ "port": ', '{ "porviders": [] }', '{ "workers": "many" }'];
  proxy.writeConfig(random.pick(broken));
  expectResult(await reloaded(stage, () => proxy.signal('SIGHUP')), 'failure');
  await reload(stage);
}

async function breakBoots(stage: Stage): Promise<void> {
  const { proxy, sabotageDir } = stage;
  sabotageBoots(sabotageDir, { do: 'exit' });
  try {
    expectResult(await reloaded(stage, () => proxy.signal('SIGHUP')), 'failure');
  } finally {
    restoreBoots(sabotageDir);
  }
}

async function scale({ proxy, random, victims, before }: Stage): Promise<void> {
  const more = random.between(1, 2);
  const { desired } = before.workers;
  const reached = (count: number) => async () => {
    victims.planned();
    const { workers } = await proxy.status();
    return workers.desired === count && workers.ready === count;
  };
  for (const [signal, sign] of [
    ['SIGTTIN', 1],
    ['SIGTTOU', -1],
  ] as const) {
    const from = sign === 1 ? desired : desired + more;
    for (let i = 1; i <= more; i++) {
      proxy.signal(signal);
      await eventually(reached(from + sign * i), { timeoutMs: 20_000, what: `${from + sign * i} workers` });
    }
  }
}

/** Its workers go on without it, and none is killed for its absence. */
async function stopSupervisor({ proxy, watcher, before }: Stage): Promise<void> {
  watcher.paused = true;
  proxy.signal('SIGSTOP');
  await eventually(() => isStopped(proxy.pid), { what: 'the supervisor being stopped' });
  await delay(SHORT_SILENCE_MS);
  proxy.signal('SIGCONT');
  watcher.paused = false;
  const { workers } = await eventually(() => proxy.status(), { what: '/status' });
  const lost = before.workers.list.filter(({ pid }) => !workers.list.some((worker) => worker.pid === pid));
  if (lost.length > 0) throw new Error(`workers died of it: ${lost.map(({ pid }) => pid)}`);
}

async function providerTrouble({ provider }: Stage, mode: 'reset' | 'stalled'): Promise<void> {
  provider.mode = mode;
  await delay(PROVIDER_TROUBLE_MS);
  provider.mode = 'served';
}
