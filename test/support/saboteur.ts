/**
 * Makes worker processes misbehave, from within. The proxy under test is started with `sabotageEnv(dir)`: then this file
 * is loaded before each worker's own code, and does what files in `dir` say.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running worker is made to do. */
export type Sabotage =
  /** The event loop stands still; for ever without a time. */
  | { do: 'block'; ms?: number }
  /** Resident memory grows by this much and stays. */
  | { do: 'bloat'; bytes: number }
  /** An exception that nobody catches. */
  | { do: 'throw' }
  | { do: 'exit'; code: number };

/** What workers do instead of booting. */
export interface BootSabotage {
  do: 'exit' | 'hang';
  /** So many boot well before. Default 0. */
  after?: number;
  /** So many do it; those that follow boot well again. Default: all. */
  times?: number;
}

const DIRECTORY = 'CCPROXY_TEST_SABOTAGE_DIR';
const BOOT_FILE = 'boot';

/** For the environment of the proxy under test. @param dir an existing directory of the test's own */
export function sabotageEnv(dir: string): Record<string, string> {
  return { NODE_OPTIONS: `--require ${__filename}`, [DIRECTORY]: dir };
}

/** Makes a worker that is ready do it now. */
export function sabotage(dir: string, pid: number, command: Sabotage): void {
  writeFileSync(join(dir, `${pid}.json`), JSON.stringify(command));
  process.kill(pid, 'SIGUSR2');
}

/** An order as its file has it. */
interface BootOrder extends BootSabotage {
  /** Boots are counted for each order. */
  id: string;
}

/** From now on workers that boot do this. */
export function sabotageBoots(dir: string, how: BootSabotage): void {
  const order: BootOrder = { ...how, id: randomUUID() };
  const draft = join(dir, `${BOOT_FILE}-${order.id}`);
  writeFileSync(draft, JSON.stringify(order));
  // A worker that boots meanwhile must not read half of it.
  renameSync(draft, join(dir, BOOT_FILE));
}

/** Workers that boot do so well again. */
export function restoreBoots(dir: string): void {
  rmSync(join(dir, BOOT_FILE), { force: true });
}

function obey(command: Sabotage): void {
  switch (command.do) {
    case 'block':
      block(command.ms);
      break;
    case 'bloat':
      bloat(command.bytes);
      break;
    case 'throw':
      throw new Error('sabotage');
    case 'exit':
      process.exit(command.code);
  }
}

const ballast: Buffer[] = [];
const BLOAT_STEP_BYTES = 4 * 1024 * 1024;

/** Little by little: where memory comes slowly, a worker that takes all at once is silent for long enough to be killed. */
function bloat(bytes: number): void {
  if (bytes <= 0) return;
  // Filled, so that the pages are there.
  ballast.push(Buffer.alloc(Math.min(bytes, BLOAT_STEP_BYTES), 1));
  setTimeout(() => bloat(bytes - BLOAT_STEP_BYTES), 10);
}

function block(ms: number | undefined): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function boot(dir: string): void {
  const file = join(dir, BOOT_FILE);
  if (!existsSync(file)) return;
  const order = JSON.parse(readFileSync(file, 'utf8')) as BootOrder; // As `sabotageBoots` wrote it.
  const { do: how, after = 0, times = Number.POSITIVE_INFINITY } = order;
  const turn = takeTurn(dir, order);
  if (turn < after || turn >= after + times) return;
  if (how === 'hang') block(undefined);
  process.exit(1);
}

/** From 0, another one for each worker: several may boot at the same time. */
function takeTurn(dir: string, { id }: BootOrder): number {
  for (let turn = 0; ; turn++) {
    try {
      closeSync(openSync(join(dir, `${BOOT_FILE}-${id}-${turn}`), 'wx'));
      return turn;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // Node's own error.
    }
  }
}

const dir = process.env[DIRECTORY];
if (dir !== undefined && process.argv[1]?.endsWith('/worker/main.js')) {
  boot(dir);
  process.on('SIGUSR2', () => {
    obey(JSON.parse(readFileSync(join(dir, `${process.pid}.json`), 'utf8')) as Sabotage); // As `sabotage` wrote it.
  });
}
