/**
 * The chaos run: `npm run chaos -- [--seconds 180] [--seed N]`. Under a steady load everything that can go wrong is made
 * to go wrong, in an order that the seed makes again; at the end every request is accounted for. Exit 1 when anything
 * is unexplained.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { membersOfGroup, openSockets } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { sabotageEnv } from '../support/saboteur';
import { SteadyProvider } from '../support/steady-provider';
import { eventually } from '../support/wait';
import { Account } from './account';
import { ACTIONS, BLOAT_BYTES } from './actions';
import { Random } from './random';
import { Traffic } from './traffic';
import { Victims } from './victims';
import { Watcher } from './watcher';

const WORKERS = 3;
/** What the supervisor's memory may grow by from the second quarter of the run to the last. */
const MEMORY_MARGIN_BYTES = 24 * 1024 ** 2;
/** Of what is unexplained. */
const SHOWN = 20;
/** What a worker has open without a client: its own plumbing, and the kept connections to the provider. */
const SOCKETS_AT_REST = 40;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const seconds = Number(values.seconds ?? 180);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  console.log(`chaos: ${seconds} s, seed ${seed} (again: npm run chaos -- --seconds ${seconds} --seed ${seed})`);

  const sabotageDir = mkdtempSync(join(tmpdir(), 'ccproxy-chaos-'));
  const provider = await SteadyProvider.start();
  const config = (variant: number) => ({
    max_worker_memory: BLOAT_BYTES,
    providers: [
      {
        name: 'chaos',
        dialect: 'anthropic',
        api_base_url: provider.url,
        api_key: 'sk-chaos-provider-key',
        headers: { 'x-chaos-variant': String(variant) },
        timeouts: { first_byte: '2s', idle: '2s' },
      },
    ],
    routes: { default: 'chaos,chaos' },
  });
  const proxy = await startProxy({ config: config(0), workers: WORKERS, env: sabotageEnv(sabotageDir) });
  try {
    return await play({ proxy, provider, sabotageDir, config, seconds, random: new Random(seed) });
  } finally {
    await proxy.stop('SIGKILL');
    await provider.close();
    rmSync(sabotageDir, { recursive: true, force: true });
  }
}

interface Play {
  proxy: RunningProxy;
  provider: SteadyProvider;
  sabotageDir: string;
  config: (variant: number) => Record<string, unknown>;
  seconds: number;
  random: Random;
}

async function play({ proxy, provider, sabotageDir, config, seconds, random }: Play): Promise<number> {
  const account = new Account();
  const victims = new Victims();
  const watcher = new Watcher(proxy, account, victims);
  // Its own numbers: how many are drawn depends on the clock, and must not change the order of the deeds.
  const traffic = new Traffic({
    target: proxy,
    provider,
    account,
    victims,
    random: new Random(random.between(0, 1e9)),
  });
  const beganMs = performance.now();
  const elapsed = () => (performance.now() - beganMs) / 1000;
  for (let round = random.shuffled(ACTIONS); elapsed() < seconds; ) {
    const action = round.shift();
    if (action === undefined) {
      round = random.shuffled(ACTIONS);
      continue;
    }
    const from = elapsed();
    try {
      const before = await watcher.settled();
      await action.run({ proxy, provider, victims, watcher, random, sabotageDir, config, before });
      await watcher.settled();
    } catch (error) {
      account.blame(`${action.name}: ${error}`);
    }
    console.log(
      `${from.toFixed(1).padStart(7)} s  ${action.name} (whole again after ${(elapsed() - from).toFixed(1)} s)`,
    );
  }
  await traffic.stop();
  await watcher.stop();
  await leavesNothing(proxy, provider, account);
  return report(account, watcher, provider);
}

/** No request, no connection and no process may be left. */
async function leavesNothing(proxy: RunningProxy, provider: SteadyProvider, account: Account): Promise<void> {
  const check = (what: string, condition: () => unknown) =>
    eventually(condition, { timeoutMs: 20_000, intervalMs: 100, what }).catch((error) => account.blame(String(error)));
  await check('no request in flight at the provider', () => provider.inFlight === 0);
  await check('no request in flight in any worker, and no connection of a client', async () => {
    const { list } = (await proxy.status()).workers;
    for (const { pid } of list) {
      const sockets = openSockets(pid);
      if (sockets > SOCKETS_AT_REST) throw new Error(`worker ${pid} has ${sockets} sockets`);
    }
    return list.every((worker) => worker.in_flight === 0);
  });
  proxy.signal('SIGTERM');
  const { code } = await proxy.exit;
  if (code !== 0) account.blame(`the supervisor ended with ${code}`);
  const orphans = membersOfGroup(proxy.pid);
  if (orphans.length > 0) account.blame(`processes are left: ${orphans}`);
  await check('no connection to the provider', () => provider.connections === 0);
}

function report(account: Account, watcher: Watcher, provider: SteadyProvider): number {
  for (const id of provider.repeated) account.blame(`the provider got ${id} twice`);
  const memory = watcher.supervisorMemory;
  const quarter = Math.floor(memory.length / 4);
  const [early, late] = [median(memory.slice(quarter, 2 * quarter)), median(memory.slice(-quarter))];
  if (late - early > MEMORY_MARGIN_BYTES) account.blame(`the supervisor grew from ${mib(early)} to ${mib(late)}`);
  console.log(['', ...account.lines(), ''].join('\n'));
  console.log(`supervisor: ${mib(early)} in the second quarter, ${mib(late)} in the last`);
  console.log(`counters: none fell in ${watcher.scrapes} scrapes`);
  for (const what of account.unexplained.slice(0, SHOWN)) console.log(`UNEXPLAINED: ${what}`);
  return account.unexplained.length === 0 ? 0 : 1;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

void main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
