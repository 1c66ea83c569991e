/** Runs the real proxy: a supervisor and its workers, from the command line, with a home and an environment of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from './http';
import type { HeaderInput } from './http-head';
import { OutputLines } from './output-lines';
import { isAlive, membersOfGroup } from './processes';
import { metric } from './prometheus';
import type { StatusDocument } from './status-document';
import { deadline, eventually } from './wait';

/** This file is compiled to test/support/ beside supervisor/. */
const CLI = resolve(__dirname, '../../supervisor/cli.js');

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
  /** Until it is ready. Default 30 s. */
  readyTimeoutMs?: number;
}

/** How the supervisor ended. */
export interface ExitInfo {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

/** A proxy that serves. Stop it in `after`/`afterEach`, whatever happened to it. */
export interface RunningProxy {
  /** Without a trailing slash. */
  url: string;
  /** Where to connect to: the loopback address when it listens on all. */
  host: string;
  port: number;
  /** Of the supervisor. */
  pid: number;
  /** Its own directory, removed by `stop`. */
  dir: string;
  configFile: string;
  pidFile: string;
  /** Everything on stdout and stderr so far. */
  output(): string;
  /** GET /status. @throws Error unless it answers 200 */
  status(headers?: HeaderInput): Promise<StatusDocument>;
  /** GET /metrics. @throws Error unless it answers 200 */
  metrics(headers?: HeaderInput): Promise<string>;
  /** The sum of a metric's samples with these labels, in `text`. */
  metric(text: string, name: string, labels?: Record<string, string>): number;
  /** Replaces the configuration file; nothing is signalled. */
  writeConfig(config: Record<string, unknown> | string): void;
  signal(signal: NodeJS.Signals): void;
  /** The first line, already printed or yet to come, that matches. @throws Error after 10 s, or when the proxy ends */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves when the supervisor has ended. */
  exit: Promise<ExitInfo>;
  /**
   * Signals the supervisor (SIGTERM), waits for its end, ends what is left of its processes and removes `dir`. A second call
   * gives the same answer. @throws Error when it takes over 15 s; then it has been killed
   */
  stop(signal?: NodeJS.Signals): Promise<ExitInfo>;
}

/** Starts a proxy and waits until it serves. @throws Error with its output when it ends before, or is too slow */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const spawned = spawnProxy(options);
  const { readyTimeoutMs = 30_000 } = options;
  const isReady = async () => {
    const { pid, host, port } = readPidFile(spawned.pidFile);
    if (pid !== spawned.pid) throw new Error(`the PID file names ${pid}, not ${spawned.pid}`);
    const connectHost = reachable(host);
    const url = `http://${connectHost.includes(':') ? `[${connectHost}]` : connectHost}:${port}`;
    const { status } = await request({ url: `${url}/readyz`, timeoutMs: 2000 });
    if (status !== 200) throw new Error(`/readyz says ${status}`);
    return { url, host: connectHost, port };
  };
  const ended = spawned.exit.then(({ code, signal }): never => {
    throw new Error(`the proxy ended (${signal ?? `code ${code}`}) before it was ready`);
  });
  try {
    const ready = eventually(isReady, { timeoutMs: readyTimeoutMs, what: 'the proxy being ready' });
    const address = await Promise.race([ready, ended]);
    return new Proxied(spawned, address);
  } catch (error) {
    const output = spawned.lines.text();
    await spawned.stop('SIGKILL');
    throw new Error(`${error instanceof Error ? error.message : error}\n--- output of the proxy ---\n${output}`);
  } finally {
    ended.catch(() => {}); // It ends some day, and by then nobody is waiting for this.
  }
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
  const child = spawn(node, [CLI, 'start', ...argumentsFor(options, configFile)], {
    cwd: dir,
    env: environmentFor(options, dir, pidFile),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
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
    await Promise.race([lines.closed, new Promise((wake) => setTimeout(wake, 200).unref())]);
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
  const inherited = INHERITED.map((name) => [name, process.env[name]]);
  const all = { ...Object.fromEntries(inherited), HOME: home ?? dir, CCPROXY_PID_FILE: pidFile, ...env };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function configText(config: Record<string, unknown> | string): string {
  return typeof config === 'string' ? config : `${JSON.stringify(config, null, 2)}\n`;
}

function readPidFile(path: string): { pid: number; host: string; port: number } {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** An address to connect to, for one to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

class Proxied implements RunningProxy {
  readonly #spawned: SpawnedProxy;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly metric = metric;

  constructor(spawned: SpawnedProxy, address: { url: string; host: string; port: number }) {
    this.#spawned = spawned;
    this.url = address.url;
    this.host = address.host;
    this.port = address.port;
  }

  get pid(): number {
    return this.#spawned.pid;
  }
  get dir(): string {
    return this.#spawned.dir;
  }
  get configFile(): string {
    return this.#spawned.configFile;
  }
  get pidFile(): string {
    return this.#spawned.pidFile;
  }
  get exit(): Promise<ExitInfo> {
    return this.#spawned.exit;
  }

  output(): string {
    return this.#spawned.lines.text();
  }

  async status(headers: HeaderInput = {}): Promise<StatusDocument> {
    return JSON.parse(await this.#page('/status', headers));
  }

  metrics(headers: HeaderInput = {}): Promise<string> {
    return this.#page('/metrics', headers);
  }

  async #page(path: string, headers: HeaderInput): Promise<string> {
    const { status, text } = await request({ url: this.url + path, headers });
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`);
    return text;
  }

  writeConfig(config: Record<string, unknown> | string): void {
    writeFileSync(this.configFile, configText(config));
  }

  signal(signal: NodeJS.Signals): void {
    this.#spawned.child.kill(signal);
  }

  waitForLine(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpExecArray> {
    return this.#spawned.lines.waitFor(pattern, timeoutMs);
  }

  stop(signal?: NodeJS.Signals): Promise<ExitInfo> {
    return this.#spawned.stop(signal);
  }
}
