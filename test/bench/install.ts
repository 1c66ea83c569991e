/** Gets what the benchmark needs and the machine has not: programs by apt, the peers by npm. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OutputLines } from '../support/output-lines';
import { deadline } from '../support/wait';
import type { Reaper } from './reaper';

const run = promisify(execFile);

/** Programs and their Debian packages. */
const PACKAGES = { wrk: 'wrk', nginx: 'nginx-light', haproxy: 'haproxy' } as const;
export type Program = keyof typeof PACKAGES;

/** Installs those of the programs that are missing. @throws Error that says what to do when that is not possible */
export async function ensurePrograms(programs: readonly Program[]): Promise<void> {
  // Debian keeps servers where only root's PATH looks.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map((program) => PACKAGES[program]);
  console.log(`installing ${packages.join(', ')}`);
  try {
    await asRoot('apt-get', 'update', '-qq');
    await asRoot('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error);
    throw new Error(`missing: ${missing.join(', ')}. Install with: apt-get install ${packages.join(' ')}\n${reason}`);
  }
  // The packages of servers start them, on ports of their own choice.
  for (const program of missing) {
    if (program === 'wrk') continue;
    await asRoot('service', program, 'stop').catch(() => {});
    if (isInstalled('systemctl')) await asRoot('systemctl', 'disable', '--quiet', program).catch(() => {});
  }
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function asRoot(program: string, ...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (process.getuid?.() === 0) await run(program, args, { env });
  else await run('sudo', ['-n', 'DEBIAN_FRONTEND=noninteractive', program, ...args], { env });
}

/** `hono` and its server are pinned: newer ones break the gateway's streams. */
const PEERS = {
  private: true,
  dependencies: { '@portkey-ai/gateway': '1.15.2', '@musistudio/claude-code-router': '2.0.0' },
  overrides: { hono: '4.9.7', '@hono/node-server': '1.13.7' },
};
const INSTALL_LIMIT_MS = 180_000;

/** Installs the peers once, below the user's cache. @returns their `node_modules` @throws Error when npm fails */
export async function ensurePeers(reaper: Reaper): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const versions = Object.values(PEERS.dependencies).join('-');
  const dir = join(cache, 'ccproxy-bench', `peers-${versions}`);
  const modules = join(dir, 'node_modules');
  if (existsSync(dir)) return modules;
  console.log(`installing the peers from npm into ${dir}`);
  mkdirSync(dirname(dir), { recursive: true });
  // Renamed when it is whole.
  const work = mkdtempSync(`${dir}-`);
  reaper.remove(work);
  writeFileSync(join(work, 'package.json'), JSON.stringify(PEERS));
  // None of their code runs yet: scripts of packages do not.
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1'];
  const npm = reaper.spawn('npm', args, { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = new OutputLines(npm.stderr === null ? [] : [npm.stderr]);
  try {
    const [code] = await deadline(once(npm, 'exit'), INSTALL_LIMIT_MS, 'npm install');
    if (code !== 0) throw new Error(`npm install failed: ${lines.lines.slice(0, 3).join(' ')}`);
  } finally {
    if (npm.pid !== undefined) await reaper.end(npm.pid);
  }
  if (!existsSync(dir)) renameSync(work, dir);
  return modules;
}
