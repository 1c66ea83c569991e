/**
 * Makes worker processes misbehave, from within. The proxy under test is started with `sabotageEnv(dir)`: then this file
 * is loaded before each worker's own code, and does what files in `dir` say.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

/** What every worker does instead of booting, as long as the file is there. */
export type BootSabotage = 'exit' | 'hang';

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

/** From now on workers that boot do this. To be undone by removing the file. */
export function sabotageBoots(dir: string, how: BootSabotage): string {
  const file = join(dir, BOOT_FILE);
  writeFileSync(file, how);
  return file;
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

const dir = process.env[DIRECTORY];
if (dir !== undefined && process.argv[1]?.endsWith('/worker/main.js')) {
  const bootFile = join(dir, BOOT_FILE);
  if (existsSync(bootFile)) {
    if (readFileSync(bootFile, 'utf8') === 'hang') block(undefined);
    process.exit(1);
  }
  process.on('SIGUSR2', () => {
    obey(JSON.parse(readFileSync(join(dir, `${process.pid}.json`), 'utf8')) as Sabotage); // As `sabotage` wrote it.
  });
}
