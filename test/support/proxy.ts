/** Runs the real proxy, a supervisor and its workers, from the command line, and waits until it serves. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from './http';
import type { HeaderInput } from './http-head';
import { metric } from './prometheus';
import { configText, type ExitInfo, type ProxyOptions, type SpawnedProxy, spawnProxy } from './spawn-proxy';
import type { StatusDocument } from './status-document';
import { eventually } from './wait';

export { type ExitInfo, type ProxyOptions, type SpawnedProxy, spawnProxy } from './spawn-proxy';

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
  /** GET /status; once more when the connection is reset. @throws Error unless it answers 200 */
  status(headers?: HeaderInput): Promise<StatusDocument>;
  /** GET /metrics, likewise. @throws Error unless it answers 200 */
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
   * Signals the supervisor (SIGTERM), waits for its end, ends what is left of its processes and removes `dir`. A
   * second call gives the same answer. @throws Error when it takes over 15 s; then it has been killed
   */
  stop(signal?: NodeJS.Signals): Promise<ExitInfo>;
}

/** Starts a proxy and waits until all its workers serve. @throws Error with its output when it ends before, or is too slow */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const spawned = spawnProxy(options);
  const { readyTimeoutMs = 30_000 } = options;
  const isReady = async () => {
    const { pid, host, port } = readPidFile(spawned.pidFile);
    if (pid !== spawned.pid) throw new Error(`the PID file names ${pid}, not ${spawned.pid}`);
    const connectHost = reachable(host);
    const url = `http://${connectHost.includes(':') ? `[${connectHost}]` : connectHost}:${port}`;
    // One worker is enough for /readyz; tests begin with all of them.
    const { text } = await request({ url: `${url}/health`, timeoutMs: 2000 });
    if (!text.startsWith('{"status":"healthy"')) throw new Error(`/health says ${text.slice(0, 100)}`);
    return { url, host: connectHost, port };
  };
  const ended = spawned.exit.then(({ code, signal }): never => {
    throw new Error(`the proxy ended (${signal ?? `code ${code}`}) before it was ready`);
  });
  const waiting = new AbortController();
  try {
    const { signal } = waiting;
    const ready = eventually(isReady, { timeoutMs: readyTimeoutMs, what: 'the proxy being ready', signal });
    return new Proxied(spawned, await Promise.race([ready, ended]));
  } catch (error) {
    const output = spawned.lines.text();
    await spawned.stop('SIGKILL');
    throw new Error(`${error instanceof Error ? error.message : error}\n--- output of the proxy ---\n${output}`);
  } finally {
    ended.catch(() => {}); // It ends some day, and by then nobody is waiting for this.
    waiting.abort();
  }
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
    const ask = () => request({ url: this.url + path, headers });
    // While workers are replaced the kernel may reset a new connection (net.ipv4.tcp_migrate_req=0); hardly the next one.
    const { status, text } = await ask().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') throw error;
      return ask();
    });
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
