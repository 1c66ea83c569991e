/** Starts the proxy's command in a directory, a home, an environment and a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { OutputLines } from './output-lines';
import { isAlive, membersOfGroup } from './processes';
import { deadline, eventually } from './wait';

/** This file is compiled to dist/test/support/. */
const DIST = resolve(__dirname, '../..');

/** How long a proxy may take to stop before it is killed, and the test fails. */
const STOP_LIMIT_MS = 15_000;

/** Taken over from the environment of the tests; everything else is left out, providers' keys above all. */
const INHERITED = ['PATH', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH', 'NODE_PATH', 'NODE_V8_COVERAGE', 'CCPROXY_ENGINE'];

export interface ProxyOptions {
  /** Written as JSON; a string as it is (see `configName`); null starts without a file. */
  config: Record<string, unknown> | string | null;
  /** Name of the file, for other formats. Default `ccproxy.json`. */
  configName?: string;
  /** Added to the clean environment; `undefined` takes away. */
  env?: Record<string, string | undefined>;
  /** Default: what the configuration says, else 2. */
  workers?: number;
  /** Default: what the configuration says, else any free one. */
  port?: number;
  /** More arguments of `start`. */
  args?: string[];
  /** HOME. Default: the proxy's own directory. */
  home?: string;
  /** The build that is started. Default: the one that this file is in. */
  dist?: string;
  /** Until it is ready. Default 30 s. */
  readyTimeoutMs?: number;
}

/** How the supervisor ended. */
export interface ExitInfo {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

/** What runs, ready or not. */
export interface SpawnedProxy {
  child: ChildProcess;
  pid: number;
  dir: string;
  configFile: string;
  pidFile: string;
  lines: OutputLines;
  exit: Promise<ExitInfo>;
  stop(signal?: NodeJS.Signals): Promise<ExitInfo>;
}

/** Groups of proxies that run now: none outlives the tests, however they end. */
const running = new Set<number>();
process.once('exit', () => {
  for (const group of running) killGroup(group);
});

/** Starts the command without waiting for anything: for tests of starts that fail. */
export function spawnProxy(options: ProxyOptions): SpawnedProxy {
  const dir = mkdtempSync(join(tmpdir(), 'ccproxy-test-'));
  const configFile = join(dir, options.configName ?? 'ccproxy.json');
  const pidFile = join(dir, 'proxy.pid');
  if (options.config !== null) writeFileSync(configFile, configText(options.config));
  const node = process.env['CCPROXY_TEST_NODE'] ?? process.execPath;
  // A group of its own, by which everything that it started can be ended, also when the supervisor died first.
  const child = spawn(
    node,
    [join(options.dist ?? DIST, 'supervisor/cli.js'), 'start', ...argumentsFor(options, configFile)],
    {
      cwd: dir,
      env: environmentFor(options, dir, pidFile),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const pid = child.pid ?? -1; // Without one an `error` event follows.
  const lines = new OutputLines([child.stdout, child.stderr]);
  if (pid > 0) running.add(pid);
  const exit = endOf(child, lines).then((info) => {
    lines.end(`the proxy ended (${info.signal ?? `code ${info.code}`})`);
    return info;
  });
  let stopped: Promise<ExitInfo> | null = null;
  const stopOnce = async (signal: NodeJS.Signals): Promise<ExitInfo> => {
    try {
      if (isAlive(pid)) child.kill(signal);
      return await deadline(exit, STOP_LIMIT_MS, `the end of the proxy after ${signal}`).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : error}\n${lines.text()}`);
      });
    } finally {
      await endGroup(pid);
      running.delete(pid);
      child.stdout.destroy();
      child.stderr.destroy();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    stopped ??= stopOnce(signal);
    return stopped;
  };
  return { child, pid, dir, configFile, pidFile, lines, exit, stop };
}

/** The end of the process itself; workers that still hold its output open do not delay it. */
async function endOf(child: ChildProcess, lines: OutputLines): Promise<ExitInfo> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]; // As documented.
    // What it printed last may still be on its way.
    await deadline(lines.closed, 200).catch(() => {});
    return { code, signal, output: lines.text() };
  } catch (error) {
    return { code: null, signal: null, output: `it could not be started: ${error}` };
  }
}

/** Ends what is left of a group, and waits until it is gone. */
async function endGroup(group: number): Promise<void> {
  if (group <= 0) return;
  killGroup(group);
  await eventually(() => membersOfGroup(group).length === 0, { what: 'the end of all processes of the proxy' });
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

function argumentsFor({ config, workers, port, args = [] }: ProxyOptions, configFile: string): string[] {
  const known = typeof config === 'object' && config !== null ? config : {};
  const list = config === null ? [] : ['--config', configFile];
  if (port !== undefined || known['port'] === undefined) list.push('--port', String(port ?? 0));
  if (workers !== undefined || known['workers'] === undefined) list.push('--workers', String(workers ?? 2));
  return [...list, ...args];
}

function environmentFor({ env = {}, home }: ProxyOptions, dir: string, pidFile: string): NodeJS.ProcessEnv {
  const inherited: NodeJS.ProcessEnv = {};
  for (const name of INHERITED) inherited[name] = process.env[name];
  const all = { ...inherited, HOME: home ?? dir, CCPROXY_PID_FILE: pidFile, ...env };
  // Those without a value are left out by `spawn`.
  return all;
}

/** A configuration as its file's text. */
export function configText(config: Record<string, unknown> | string): string {
  return typeof config === 'string' ? config : `${JSON.stringify(config, null, 2)}\n`;
}
