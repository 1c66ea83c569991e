/**
 * An open-loop load: requests at a fixed rate, on kept connections and on new ones, whatever the answers do. Cheap
 * enough for some thousands a second beside the proxy under test: raw sockets, prepared bytes, the least of parsing.
 */
import { connect, type Socket } from 'node:net';

export interface PacedLoadOptions {
  host: string;
  port: number;
  /** The bytes of every request. */
  request: Buffer;
  /** Requests a second on kept connections. */
  keptPerSecond: number;
  /** Connections that are kept; when all are busy a request waits, and its latency grows. */
  connections: number;
  /** Requests a second on a connection of their own, which is closed after the answer. */
  newPerSecond: number;
  /** Each connection first asks for `/status`, to know its worker. */
  identify?: boolean;
  /** Until the rate is reached: processes that are cold take several times as long for a request. Default 0. */
  rampSeconds?: number;
}

export interface Outcomes {
  sent: number;
  ok: number;
  /** By what they saw (an error's code, or an HTTP status), with counts. */
  failures: Map<string, number>;
  /** `performance.now()` of each failure. */
  failedAtMs: number[];
  /** The worker of each failure, null where it is not known. */
  failedPids: (number | null)[];
}

export interface PacedReport {
  /** Requests on a connection that had served one before. */
  kept: Outcomes;
  /** First requests of a connection. */
  fresh: Outcomes;
  /** Latencies of answers, milliseconds, ascending. */
  latenciesMs: number[];
}

const TICK_MS = 2;
const STATUS = 'GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n';
/** A request without an answer by then has failed. */
const LIMIT_MS = 10_000;

export class PacedLoad {
  readonly #options: PacedLoadOptions;
  readonly #idle: Line[] = [];
  /** When requests were due that no connection was free for. */
  readonly #waiting: number[] = [];
  #keptLines = 0;
  readonly #lines = new Set<Line>();
  readonly #kept = outcomes();
  readonly #fresh = outcomes();
  readonly #latenciesMs: number[] = [];
  readonly #beganMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #keptBegun = 0;
  #newBegun = 0;
  #onIdle: (() => void) | null = null;

  constructor(options: PacedLoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Requests that wait for their answer now. */
  get inFlight(): number {
    let count = 0;
    for (const line of this.#lines) if (line.busy) count++;
    return count;
  }

  /** Open connections that this worker has accepted. */
  connectionsOf(pid: number): number {
    let count = 0;
    for (const line of this.#lines) if (line.pid === pid) count++;
    return count;
  }

  /** Begins no more requests and breaks off what is under way, which fails. */
  abandon(): void {
    clearInterval(this.#timer);
    this.#waiting.length = 0;
    for (const line of this.#lines) line.close();
  }

  /** Requests that are due and wait for a connection. */
  get behind(): number {
    return this.#waiting.length;
  }

  get report(): PacedReport {
    const latenciesMs = this.#latenciesMs.toSorted((a, b) => a - b);
    return { kept: this.#kept, fresh: this.#fresh, latenciesMs };
  }

  /** Begins no more requests; resolves when all have their outcome. */
  async stop(): Promise<PacedReport> {
    clearInterval(this.#timer);
    this.#waiting.length = 0;
    const ended = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#checkIdle();
    await ended;
    for (const line of this.#lines) line.close();
    return this.report;
  }

  #tick(): void {
    const { keptPerSecond, newPerSecond, rampSeconds = 0 } = this.#options;
    const elapsed = (performance.now() - this.#beganMs) / 1000;
    const seconds = elapsed < rampSeconds ? elapsed ** 2 / (2 * rampSeconds) : elapsed - rampSeconds / 2;
    const now = performance.now();
    for (; this.#keptBegun < seconds * keptPerSecond; this.#keptBegun++) this.#waiting.push(now);
    // First comes what arrived meanwhile: when this process stood still, connections may have been closed.
    setImmediate(() => this.#sendWaiting());
    for (; this.#newBegun < seconds * newPerSecond; this.#newBegun++) this.#open(false).send(now);
    for (const line of this.#lines) line.checkTime(now);
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const line = this.#nextIdle() ?? (this.#keptLines < this.#options.connections ? this.#open(true) : undefined);
      if (line === undefined) return;
      line.send(this.#waiting.shift() ?? 0);
    }
  }

  /** The one that has been idle longest: each is used again and again, and none is left until the proxy closes it. */
  #nextIdle(): Line | undefined {
    for (;;) {
      const line = this.#idle.shift();
      if (line === undefined || line.reusable) return line;
    }
  }

  #open(keep: boolean): Line {
    const line = new Line(this.#options, {
      answered: (served, status, ms) => {
        const where = served === 1 ? this.#fresh : this.#kept;
        this.#latenciesMs.push(ms);
        if (status === 200) where.ok++;
        else fail(where, `status ${status}`, line.pid);
        if (keep && line.reusable) this.#idle.push(line);
        else line.close();
        this.#sendWaiting();
        this.#checkIdle();
      },
      failed: (served, reason) => fail(served === 1 ? this.#fresh : this.#kept, reason, line.pid),
      closed: () => {
        this.#lines.delete(line);
        if (keep) this.#keptLines--;
        const at = this.#idle.indexOf(line);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#checkIdle();
      },
      sent: (served) => {
        (served === 1 ? this.#fresh : this.#kept).sent++;
      },
    });
    this.#lines.add(line);
    if (keep) this.#keptLines++;
    return line;
  }

  #checkIdle(): void {
    if (this.#onIdle !== null && this.inFlight === 0) this.#onIdle();
  }
}

function outcomes(): Outcomes {
  return { sent: 0, ok: 0, failures: new Map(), failedAtMs: [], failedPids: [] };
}

function fail(where: Outcomes, reason: string, pid: number | null): void {
  where.failedPids.push(pid);
  where.failures.set(reason, (where.failures.get(reason) ?? 0) + 1);
  where.failedAtMs.push(performance.now());
}

interface LineEvents {
  sent(served: number): void;
  answered(served: number, status: number, ms: number): void;
  failed(served: number, reason: string): void;
  closed(): void;
}

/** One connection. `served` counts its requests, the one that waits included. */
class Line {
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #events: LineEvents;
  #served = 0;
  #sentMs = 0;
  #dueMs = 0;
  #text = '';
  #code = 'the connection ended before the answer';
  busy = false;
  reusable = true;
  /** The worker that has it, or null when that is not known. */
  pid: number | null = null;
  #identifies: boolean;

  constructor({ host, port, request, identify = false }: PacedLoadOptions, events: LineEvents) {
    this.#request = request;
    this.#identifies = identify;
    this.#events = events;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#received(text));
    this.#socket.on('end', () => {
      this.reusable = false;
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.reusable = false;
      this.#code = `${error.code ?? error.message}`;
    });
    this.#socket.on('close', () => {
      this.reusable = false;
      if (this.busy) this.#fail(this.#code);
      this.#events.closed();
    });
  }

  /** @param dueMs `performance.now()` when it should have been sent */
  send(dueMs: number): void {
    this.busy = true;
    this.#dueMs = dueMs;
    this.#served++;
    this.#sentMs = performance.now();
    this.#text = '';
    this.#events.sent(this.#served);
    this.#socket.write(this.#identifies ? STATUS : this.#request);
  }

  checkTime(nowMs: number): void {
    if (!this.busy || nowMs - this.#sentMs < LIMIT_MS) return;
    this.#fail(`no answer within ${LIMIT_MS / 1000} s`);
    this.close();
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(reason: string): void {
    this.busy = false;
    this.#events.failed(this.#served, reason);
  }

  #received(text: string): void {
    this.#text += text;
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (!this.busy || headEnd < 0) return;
    const head = this.#text.slice(0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const whole =
      length === undefined ? this.#text.endsWith('\r\n0\r\n\r\n') : this.#text.length >= headEnd + 4 + Number(length);
    if (!whole) return;
    if (this.#identifies) {
      this.#identifies = false;
      this.pid = Number(/"served_by":{"slot":\d+,"pid":(\d+)/.exec(this.#text)?.[1] ?? 0);
      this.#text = '';
      this.#socket.write(this.#request);
      return;
    }
    if (/\r\nconnection: *close/i.test(head)) this.reusable = false;
    this.busy = false;
    this.#events.answered(this.#served, Number(head.slice(9, 12)), performance.now() - this.#dueMs);
  }
}
