/** An Anthropic Messages provider for tests: exact bytes, bad manners on request, and a record of all it saw. */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { sendError } from './mock/answers';
import { type ConnectionHost, MockConnection } from './mock/connection';
import type { Exchange, Scenario } from './mock/exchange';
import type { ScenarioParams } from './mock/params';
import type { MockRequest } from './mock/request';
import { isScenarioName, SCENARIOS, type ScenarioName } from './mock/scenarios';
import { deadline } from './wait';

export type { Exchange, Pace } from './mock/exchange';
export type { ScenarioParams } from './mock/params';
export { ClientGone, MockReply } from './mock/reply';
export { MockRequest } from './mock/request';
export { SCENARIOS, type ScenarioName } from './mock/scenarios';

/** A scenario with parameters that go over all others. */
export interface ScenarioChoice {
  scenario: ScenarioName;
  params?: ScenarioParams;
}

/**
 * Answers a request. It may throw `ClientGone` as it comes; anything else that it throws is in `provider.failures`, as
 * is a missing answer, and closes the connection.
 */
export type Responder = (exchange: Exchange) => Promise<void>;

/** Who answers: a scenario, one chosen by the request's head, or code that runs after (or before) the body is read. */
export type Answer =
  | ScenarioName
  | ScenarioChoice
  | { choose: (request: MockRequest) => ScenarioName | ScenarioChoice }
  | Responder
  | { beforeBody: Responder };

export interface MockProviderOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default: any free one. */
  port?: number;
  /** PEM; without it plain HTTP. */
  tls?: { key: string | Buffer; cert: string | Buffer };
  /** For requests that do not choose. Default `text`. */
  scenario?: ScenarioName;
  /** For all scenarios; a request's own go over them. */
  params?: ScenarioParams;
  /** What `count_tokens` calls get that choose no scenario: a number of tokens, or that status. Default `answer`. */
  countTokens?: 'answer' | 404 | 501;
  /** After so many answers a connection is closed without a word. Default: never. */
  requestsPerConnection?: number;
  /** Whether `requests` is filled. Default true; false for long load. */
  record?: boolean;
}

export interface MockProvider {
  /** Without a trailing slash: `http://127.0.0.1:PORT`. */
  url: string;
  host: string;
  port: number;
  /** All requests, in the order of arrival. */
  readonly requests: readonly MockRequest[];
  /** Requests so far, recorded or not. */
  readonly requestCount: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections since the start. */
  readonly connectionCount: number;
  /** Broken protocol of clients, and failures of responders. Empty unless something is wrong. */
  readonly failures: readonly unknown[];
  /** For every request from now on, `count_tokens` included; null ends it. Comes before the request's own header. */
  respond(answer: Answer | null): void;
  /** For the next request that nothing queued before takes. Comes before `respond`. */
  respondOnce(answer: Answer): void;
  /** The first request that this has not handed out yet, if need be after waiting for it (10 s). */
  nextRequest(timeoutMs?: number): Promise<MockRequest>;
  /** Resolves when that many requests have come (10 s). */
  waitForRequests(count: number, timeoutMs?: number): Promise<readonly MockRequest[]>;
  /** Destroys the connections that are open now; new ones are served. */
  dropConnections(): void;
  /** Forgets requests, failures and programmed answers. Connections stay. */
  reset(): void;
  /** Destroys everything; nothing listens afterwards. */
  close(): Promise<void>;
}

/**
 * Starts a provider. Who answers a request: the queue (`respondOnce`), then the handler (`respond`), then the scenario
 * in its `x-mock-scenario` header with the parameters in `x-mock-params` (JSON), then `options.scenario`.
 */
export async function startMockProvider(options: MockProviderOptions = {}): Promise<MockProvider> {
  const provider = new Provider(options);
  await provider.listen();
  return provider;
}

class Provider implements MockProvider, ConnectionHost {
  readonly #options: MockProviderOptions;
  readonly #server = createServer({ noDelay: true });
  readonly #open = new Set<MockConnection>();
  readonly #arrivals = new EventEmitter();
  readonly #closed = new AbortController();
  readonly requestsPerConnection: number;
  readonly host: string;
  requests: MockRequest[] = [];
  failures: unknown[] = [];
  requestCount = 0;
  connectionCount = 0;
  port = 0;
  url = '';
  #handler: Answer | null = null;
  #queue: Answer[] = [];
  #handedOut = 0;

  constructor(options: MockProviderOptions) {
    this.#options = options;
    this.host = options.host ?? '127.0.0.1';
    this.requestsPerConnection = options.requestsPerConnection ?? Number.POSITIVE_INFINITY;
    this.#arrivals.setMaxListeners(0);
  }

  async listen(): Promise<void> {
    const { port = 0, tls } = this.#options;
    const secureContext = tls === undefined ? undefined : createSecureContext(tls);
    this.#server.on('connection', (tcp) => {
      const socket =
        secureContext === undefined
          ? tcp
          : new TLSSocket(tcp, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
      this.#accept(tcp, socket);
    });
    this.#server.listen({ port, host: this.host, backlog: 4096 });
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port; // It listens on TCP, so it has one.
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    this.url = `${tls === undefined ? 'http' : 'https'}://${host}:${this.port}`;
  }

  #accept(tcp: Socket, socket: Socket): void {
    const connection = new MockConnection(++this.connectionCount, { tcp, socket }, this);
    this.#open.add(connection);
    tcp.on('error', () => {}); // The connection itself notices; this one is for TLS, where it is heard on both.
    tcp.once('close', () => {
      socket.destroy();
      this.#open.delete(connection);
    });
    void connection.serve();
  }

  get connections(): number {
    return this.#open.size;
  }

  respond(answer: Answer | null): void {
    this.#handler = answer;
  }

  respondOnce(answer: Answer): void {
    this.#queue.push(answer);
  }

  async nextRequest(timeoutMs = 10_000): Promise<MockRequest> {
    const index = this.#handedOut++;
    const requests = await this.waitForRequests(index + 1, timeoutMs);
    const request = requests[index];
    if (request === undefined) throw new Error('the mock provider was reset meanwhile');
    return request;
  }

  async waitForRequests(count: number, timeoutMs = 10_000): Promise<readonly MockRequest[]> {
    const { signal } = this.#closed;
    const stop = new AbortController();
    const come = async () => {
      while (this.requests.length < count) {
        await once(this.#arrivals, 'request', { signal: AbortSignal.any([signal, stop.signal]) });
      }
    };
    const what = `request ${count} at the mock provider (${this.requests.length} so far)`;
    await deadline(come(), timeoutMs, what).finally(() => stop.abort());
    return this.requests;
  }

  dropConnections(): void {
    for (const connection of this.#open) connection.destroy();
  }

  reset(): void {
    this.requests = [];
    this.failures = [];
    this.#handler = null;
    this.#queue = [];
    this.#handedOut = 0;
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.dropConnections();
    await closed;
  }

  // For the connections.

  nextNumber(): number {
    return ++this.requestCount;
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }

  choose(request: MockRequest): { scenario: Scenario; params: ScenarioParams } {
    const own = JSON.parse(request.headers['x-mock-params'] ?? '{}') as ScenarioParams;
    const params = { ...this.#options.params, ...own };
    request.marker = params.marker ?? request.headers['x-mock-marker'] ?? `r${request.number}`;
    const answer = this.#queue.shift() ?? this.#handler ?? this.#choiceOf(request);
    const chosen = this.#toScenario(request, answer, params);
    if (this.#options.record !== false) this.requests.push(request);
    this.#arrivals.emit('request');
    return chosen;
  }

  #choiceOf(request: MockRequest): Answer {
    const name = request.headers['x-mock-scenario'];
    if (name !== undefined) {
      if (!isScenarioName(name)) throw new Error(`x-mock-scenario ${JSON.stringify(name)} is unknown`);
      return name;
    }
    if (request.method === 'POST' && request.path.endsWith('/v1/messages')) return this.#options.scenario ?? 'text';
    const counts = request.method === 'POST' && request.path.endsWith('/v1/messages/count_tokens');
    const { countTokens = 'answer' } = this.#options;
    if (counts && countTokens === 'answer') return 'count_tokens';
    const status = counts && countTokens !== 'answer' ? countTokens : 404;
    return (exchange) =>
      sendError(exchange, status, 'not_found_error', `${request.method} ${request.path} is not here`);
  }

  #toScenario(
    request: MockRequest,
    answer: Answer,
    params: ScenarioParams,
  ): { scenario: Scenario; params: ScenarioParams } {
    if (typeof answer === 'string') return this.#toScenario(request, { scenario: answer }, params);
    if (typeof answer === 'object' && 'choose' in answer) {
      return this.#toScenario(request, answer.choose(request), params);
    }
    if (typeof answer === 'object' && 'scenario' in answer) {
      request.scenario = answer.scenario;
      const merged = { ...params, ...answer.params };
      if (merged.marker !== undefined) request.marker = merged.marker;
      return { scenario: SCENARIOS[answer.scenario], params: merged };
    }
    request.scenario = 'handler';
    const scenario: Scenario =
      typeof answer === 'function' ? { reads: 'before', run: answer } : { reads: 'itself', run: answer.beforeBody };
    return { scenario, params };
  }
}
