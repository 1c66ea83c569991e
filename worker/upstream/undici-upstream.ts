/** `Upstream` over undici: a keep-alive pool for each provider, bounded in connections and in waiting requests. */
import type { Dispatcher, Pool as PoolTypes } from 'undici';
import { classifyUndiciError } from './undici-errors';
import { Pool, ProxyAgent } from './undici-parts';
import type { UpstreamRequest } from './upstream';
import {
  type ConnectionCounts,
  type Upstream,
  type UpstreamCall,
  UpstreamError,
  type UpstreamHandler,
} from './upstream';

export interface UndiciUpstreamOptions {
  /** Scheme, host and port of the provider. */
  origin: string;
  /** Milliseconds for TCP and TLS. */
  connectTimeoutMs: number;
  maxConnections: number;
  /** Requests that may wait for a connection; one more fails with `queue_full`. */
  maxWaiting: number;
  /** HTTP(S) proxy on the way, or null. Loopback origins never go through it. */
  proxyUrl: string | null;
}

/** Silence after which an unused connection is closed; a provider's `keep-alive` hint may lengthen it to the second. */
const KEEP_ALIVE_MS = 30_000;
const KEEP_ALIVE_MAX_MS = 600_000;

export class UndiciUpstream implements Upstream {
  readonly #options: UndiciUpstreamOptions;
  readonly #dispatcher: Dispatcher;
  #pools: Pool[] = [];
  #running = 0;
  /** In the order of arrival. undici's own queue would hold on to what is aborted while it waits. */
  readonly #waiting = new Set<Call>();

  constructor(options: UndiciUpstreamOptions) {
    this.#options = options;
    this.#dispatcher = this.#createDispatcher();
  }

  dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new Call(request, handler, (ended) => this.#ended(ended));
    if (this.#running < this.#options.maxConnections) {
      this.#start(call);
    } else if (this.#waiting.size < this.#options.maxWaiting) {
      this.#waiting.add(call);
    } else {
      // The caller has its call in hand before it hears of it.
      queueMicrotask(() => call.fail(new UpstreamError('queue_full', 'Too many requests wait for this provider')));
    }
    return call;
  }

  counts(): ConnectionCounts {
    let active = 0;
    let connected = 0;
    for (const pool of this.#pools) {
      active += pool.stats.running;
      connected += pool.stats.connected;
    }
    return { active, idle: Math.max(0, connected - active), waiting: this.#waiting.size };
  }

  destroy(): void {
    void this.#dispatcher.destroy();
  }

  #start(call: Call): void {
    const { target, method, headers, body } = call.request;
    this.#running++;
    call.started = true;
    call.dispatching = true;
    try {
      // The deadlines are the gateway's own: they also count the time of waiting.
      const deadlines = { headersTimeout: 0, bodyTimeout: 0 };
      this.#dispatcher.dispatch(
        { origin: this.#options.origin, path: target, method, headers, body, ...deadlines },
        call,
      );
    } catch (error) {
      queueMicrotask(() => call.fail(classifyUndiciError(error)));
    }
    call.dispatching = false;
  }

  #ended(call: Call): void {
    if (!call.started) {
      this.#waiting.delete(call);
      return;
    }
    this.#running--;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#start(next);
      return;
    }
  }

  #createDispatcher(): Dispatcher {
    const { origin, proxyUrl } = this.#options;
    if (proxyUrl === null || isLoopbackOrigin(origin)) return this.#createPool(origin, this.#poolOptions());
    return new ProxyAgent({
      ...this.#poolOptions(),
      uri: proxyUrl,
      // CONNECT for https providers, a plain absolute-form request for http ones, as proxies expect it.
      proxyTunnel: false,
      requestTls: { timeout: this.#options.connectTimeoutMs },
      factory: (target: string | URL, options: object) => this.#createPool(target, options),
    });
  }

  #createPool(origin: string | URL, options: PoolTypes.Options): Pool {
    const pool = new Pool(origin, options);
    this.#pools = [...this.#pools.filter((other) => !other.destroyed), pool];
    return pool;
  }

  #poolOptions(): PoolTypes.Options {
    return {
      connections: this.#options.maxConnections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      connect: { timeout: this.#options.connectTimeoutMs },
    };
  }
}

/** One request under way: undici's handler on one side, ours on the other. */
class Call implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly request: UpstreamRequest;
  /** It has a place among the running ones. */
  started = false;
  /** `dispatch` is on the stack: the caller does not hold the call yet. */
  dispatching = false;
  readonly #handler: UpstreamHandler;
  readonly #onEnded: (call: Call) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #done = false;
  #released = false;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, onEnded: (call: Call) => void) {
    this.request = request;
    this.#handler = handler;
    this.#onEnded = onEnded;
  }

  pause(): void {
    if (!this.#done) this.#controller?.pause();
  }

  resume(): void {
    if (!this.#done) this.#controller?.resume();
  }

  abort(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#controller !== null) this.#controller.abort(new Error('aborted'));
    // While its connection is being made undici holds the request, and so its place: see onRequestStart.
    if (this.#controller !== null || !this.started) this.#release();
  }

  fail(error: UpstreamError): void {
    if (this.#finish()) this.#handler.onError(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (!this.#done) return;
    controller.abort(new Error('aborted'));
    this.#release();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Informational answers (100, 103) are the provider's and ours alone.
    if (this.#done || status < 200) return;
    // undici gives the raw head as a flat list of buffers.
    this.#handler.onHead(status, (controller.rawHeaders ?? []) as Buffer[]);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#done) this.#handler.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#finish()) this.#handler.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const reason = classifyUndiciError(error);
    if (this.#done) this.#release();
    else if (this.dispatching) queueMicrotask(() => this.fail(reason));
    else this.fail(reason);
  }

  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#release();
    return true;
  }

  /** Gives the place back, once. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#onEnded(this);
  }
}

function isLoopbackOrigin(origin: string): boolean {
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
