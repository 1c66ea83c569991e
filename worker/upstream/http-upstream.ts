/** `Upstream` over HTTP/1.1: a pool of kept connections, bounded in number and in the requests that wait for one. */
import { performance } from 'node:perf_hooks';
import { Call, type CallHolder } from './call';
import { Connection, type ConnectionOwner } from './connection';
import { Connector, type ConnectorOptions } from './connector';
import { headerLines, NO_START, RequestStarts } from './http1/request-head';
import { proxyAuthorization } from './tunnel';
import {
  type ConnectionCounts,
  type Upstream,
  type UpstreamCall,
  UpstreamError,
  type UpstreamHandler,
  type UpstreamRequest,
} from './upstream';

export interface HttpUpstreamOptions extends ConnectorOptions {
  maxConnections: number;
  /** Requests that may wait for a connection; one more fails with `queue_full`. */
  maxWaiting: number;
  /** A request is sent for the second time: the kept connection that it went out on was stale. */
  retried: () => void;
}

/** How often unused connections are looked through for those that have been so for too long. */
const SWEEP_MS = 1000;

export class HttpUpstream implements Upstream, ConnectionOwner, CallHolder {
  readonly #options: HttpUpstreamOptions;
  readonly #connector: Connector;
  readonly #starts: RequestStarts;
  readonly #connections = new Set<Connection>();
  /** The last one used is the next one used: what a smaller load does not need grows old and is closed. */
  #idle: Connection[] = [];
  /** In the order of arrival. */
  readonly #waiting = new Set<Call>();
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: HttpUpstreamOptions) {
    this.#options = options;
    this.#connector = new Connector(options);
    const { origin, proxy, proxyReadsRequests } = this.#connector;
    const authorization = proxyReadsRequests && proxy !== null ? proxyAuthorization(proxy) : [];
    this.#starts = new RequestStarts({
      targetPrefix: proxyReadsRequests ? origin.origin : '',
      headers: headerLines(['host', origin.host, ...authorization]) ?? '',
    });
  }

  dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    let start = NO_START;
    let problem: UpstreamError | null = null;
    try {
      start = this.#starts.of(request);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      problem = error;
    }
    const call = new Call(start, request.body, handler, this);
    problem ??= this.#place(call);
    // The caller has its call in hand before it hears of it.
    if (problem !== null) queueMicrotask(() => call.fail(problem));
    return call;
  }

  counts(): ConnectionCounts {
    const idle = this.#idle.length;
    return { active: this.#connections.size - idle, idle, waiting: this.#waiting.size };
  }

  destroy(): void {
    for (const call of this.#waiting) call.fail(new UpstreamError('closed', 'The connections are closed'));
    this.#waiting.clear();
    for (const connection of [...this.#connections]) connection.destroy();
  }

  // --- a call that waits ---

  /** It has no connection yet: what it is told on its connection is looked up there. */
  pause(): void {}

  resume(): void {}

  drop(call: Call): void {
    this.#waiting.delete(call);
  }

  // --- what connections say ---

  released(connection: Connection): void {
    const next = this.#nextWaiting();
    if (next !== null) {
      connection.send(next, performance.now());
      return;
    }
    this.#idle.push(connection);
    this.#sweepLater();
  }

  closed(connection: Connection, unanswered: Call | null): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // On a new connection: others that were kept may be as stale.
    const next = unanswered ?? this.#nextWaiting();
    if (next === null) return;
    if (next === unanswered) {
      next.retried = true;
      this.#options.retried();
    }
    this.#open(next);
  }

  // --- inner parts ---

  #place(call: Call): UpstreamError | null {
    const nowMs = performance.now();
    const idle = this.#takeIdle(nowMs);
    if (idle !== undefined) idle.send(call, nowMs);
    else if (this.#connections.size < this.#options.maxConnections) this.#open(call);
    else if (this.#waiting.size < this.#options.maxWaiting) this.#waiting.add(call);
    else return new UpstreamError('queue_full', 'Too many requests wait for this provider');
    return null;
  }

  /** The last one used, unless its time is over: the sweep may be late. */
  #takeIdle(nowMs: number): Connection | undefined {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined || idle.idleUntilMs > nowMs) return idle;
      idle.destroy();
    }
  }

  #open(call: Call): void {
    const connection = new Connection(this);
    this.#connections.add(connection);
    connection.open(this.#connector, call);
  }

  #nextWaiting(): Call | null {
    for (const call of this.#waiting) {
      this.#waiting.delete(call);
      return call;
    }
    return null;
  }

  #sweepLater(): void {
    this.#sweeper ??= setTimeout(() => this.#sweep(), SWEEP_MS).unref();
  }

  #sweep(): void {
    this.#sweeper = null;
    const now = performance.now();
    for (const connection of this.#idle.filter(({ idleUntilMs }) => idleUntilMs <= now)) connection.destroy();
    if (this.#idle.length > 0) this.#sweepLater();
  }
}
