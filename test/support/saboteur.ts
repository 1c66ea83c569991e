/**
 * Makes worker processes misbehave, from within. The proxy under test is started with `sabotageEnv(dir)`: then this file
 * is loaded before each worker's own code, and does what files in `dir` say.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** From now on workers that boot (one after the other) do this. */
export function sabotageBoots(dir: string, how: BootSabotage): void {
  writeFileSync(join(dir, BOOT_FILE), JSON.stringify(how));
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
      // Filled, so that the pages are there.
      ballast.push(Buffer.alloc(command.bytes, 1));
      break;
    case 'throw':
      throw new Error('sabotage');
    case 'exit':
      process.exit(command.code);
  }
}

const ballast: Buffer[] = [];

function block(ms: number | undefined): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function boot(dir: string): void {
  const file = join(dir, BOOT_FILE);
  if (!existsSync(file)) return;
  const {
    do: how,
    after = 0,
    times = Number.MAX_SAFE_INTEGER,
  } = JSON.parse(readFileSync(file, 'utf8')) as BootSabotage; // As `sabotageBoots` wrote it.
  if (after > 0) {
    sabotageBoots(dir, { do: how, after: after - 1, times });
    return;
  }
  if (times === 0) return;
  sabotageBoots(dir, { do: how, times: times - 1 });
  if (how === 'hang') block(undefined);
  process.exit(1);
}

const dir = process.env[DIRECTORY];
if (dir !== undefined && process.argv[1]?.endsWith('/worker/main.js')) {
  boot(dir);
  process.on('SIGUSR2', () => {
    obey(JSON.parse(readFileSync(join(dir, `${process.pid}.json`), 'utf8')) as Sabotage); // As `sabotage` wrote it.
  });
}
