/**
 * The life of a proxied request: admit → read → route → prepare → send. The answer's way back is the exchange's;
 * at its end it comes here once more, to be accounted for. What follows a whole body and a whole answer is done at the
 * end of the event loop's turn, in this order, for all of them that the turn brought (see `Turn`).
 */
import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { Config, Provider } from '../../shared/config/config';
import type { ProxyError } from '../../shared/errors';
import { type AccessRule, apiRefusal } from '../http/access-rule';
import type { EngineResponse } from '../http/engine';
import type { RequestHead } from '../http/request-head';
import { memberValue, type ScannedObject, scanMembers } from '../json/members';
import { BadDocument } from '../json/view';
import { ChatFacts } from '../routing/chat-facts';
import { MessagesFacts } from '../routing/facts';
import { routerOf } from '../routing/route';
import type { UpstreamError } from '../upstream/upstream';
import type { Upstreams } from '../upstream/upstreams';
import type { Accounting } from './accounting';
import type { Admission } from './admission';
import { BodyMemory } from './body-memory';
import { Exchange, type ExchangeHost } from './exchange';
import { clientOf, countDocument, type Inbound, OutboundRequests, type ProxiedPath } from './outbound';
import { readBody } from './read-body';
import { nextRequestId } from './request-id';
import { Ticker } from './ticker';
import { Turn } from './turn';

export interface GatewayParts {
  config: Config;
  access: AccessRule;
  admission: Admission;
  upstreams: Upstreams;
  accounting: Accounting;
  /** What the supervisor says of the whole. */
  cluster: { isUnavailable(provider: string): boolean };
  drain: { readonly active: boolean };
}

/** A request whose body is there. */
interface Arrival {
  path: ProxiedPath;
  exchange: Exchange;
  head: RequestHead;
  body: Buffer;
  /** When it was (`performance.now()`): from here on the proxy's own time is measured. */
  readAt: number;
}

/** Members of a body that decisions read: a second one of these would be seen by the provider and not by the proxy. */
const DECISIVE_MEMBERS = [
  'model',
  'stream',
  'max_tokens',
  'max_completion_tokens',
  'thinking',
  'reasoning_effort',
  'reasoning',
  'web_search_options',
  'tools',
  'messages',
  'metadata',
];

export class Gateway implements ExchangeHost {
  readonly #parts: GatewayParts;
  readonly #ticker = new Ticker();
  readonly #bodies = new BodyMemory();
  readonly #route: ReturnType<typeof routerOf>;
  readonly #outbound: OutboundRequests;
  readonly #proceedLater: (arrival: Arrival) => void;
  readonly #endAnswerLater: (exchange: Exchange) => void;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    const turn = new Turn();
    this.#proceedLater = turn.stage((arrival) => this.#guarded(arrival.exchange, () => this.#proceed(arrival)));
    this.#endAnswerLater = turn.stage((exchange) => exchange.endAnswer());
    this.#route = routerOf(parts.config);
    this.#outbound = new OutboundRequests(parts.access);
  }

  get draining(): boolean {
    return this.#parts.drain.active;
  }

  /** Takes a POST to one of the proxied paths. */
  handle(path: ProxiedPath, res: EngineResponse, head: RequestHead): void {
    const { access, admission, config } = this.#parts;
    const level = access.level(head);
    const client = access.clientOf(head, level);
    const exchange = this.#begin(path, res, head, client);

    const refusal = apiRefusal(level, config.apiKey !== null) ?? admission.enter(client);
    if (refusal !== null) {
      exchange.refuse(refusal);
      return;
    }
    exchange.admitted = true;

    readBody(res, head.contentLength, config.performance.maxRequestBodyBytes, this.#bodies, (body) => {
      if (exchange.ended) return;
      if (!Buffer.isBuffer(body)) {
        exchange.refuse(body);
        return;
      }
      exchange.body = body;
      this.#proceedLater({ path, exchange, head, body, readAt: performance.now() });
    });
  }

  /** A bug in what a client's bytes lead to must not end the process, and leave nobody without an answer. */
  #guarded(exchange: Exchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof BadDocument) {
        exchange.refuse(invalid(error.message));
        return;
      }
      this.#parts.accounting.bug(error);
      exchange.refuse({ type: 'internal_error', message: 'Internal error' });
    }
  }

  #proceed({ path, exchange, head, body, readAt }: Arrival): void {
    if (exchange.ended) return;
    const checked = checkBody(body);
    if ('type' in checked) {
      exchange.refuse(checked);
      return;
    }
    const { scan, model: asked } = checked;
    exchange.record.model = asked;
    const Facts = path === '/v1/chat/completions' ? ChatFacts : MessagesFacts;
    const decision = this.#route(new Facts(asked, body, scan.members));
    if ('message' in decision) {
      exchange.refuse({ type: 'not_found_error', message: decision.message });
      return;
    }
    const { provider } = decision;
    exchange.record.provider = provider.name;
    exchange.record.model = decision.model;
    exchange.record.route = decision.route;
    this.#parts.accounting.routed(exchange.record);

    if (path === '/v1/messages/count_tokens' && provider.dialect !== 'anthropic') {
      exchange.reply(countDocument(body, scan.members));
      return;
    }
    const refusal = this.#refusalAtTheProvider(provider);
    if (refusal !== null) {
      exchange.refuse(refusal);
      return;
    }
    exchange.provider = provider;
    this.#send(exchange, provider, { path, head, body, scan, asked, decision, requestId: exchange.record.requestId });
    // Nothing was sent where it ended meanwhile.
    if (exchange.record.sentAt !== 0) exchange.record.overheadMs = exchange.record.sentAt - readAt;
  }

  /** Takes a place among the requests to the provider, or says why not. */
  #refusalAtTheProvider(provider: Provider): ProxyError | null {
    const { config, cluster, admission } = this.#parts;
    if (config.performance.circuitBreakerEnabled && cluster.isUnavailable(provider.name)) return unavailable(provider);
    return admission.enterProvider(provider.name);
  }

  #send(exchange: Exchange, provider: Provider, inbound: Inbound): void {
    const { accounting, upstreams } = this.#parts;
    const { record } = exchange;
    let warnings = 0;
    // What is left out may be named by the client: neither many nor long lines.
    const warn = (left: string) => {
      if (++warnings <= MAX_WARNINGS) accounting.leftOut(record, left.slice(0, MAX_WARNING_CHARS));
    };
    const { target, headers, body, answer } = this.#outbound.prepare(inbound, warn);
    exchange.answer = answer;
    accounting.sent(record);
    this.#ticker.add(exchange);
    exchange.sent(upstreams.of(provider).dispatch({ target, method: 'POST', headers, body }, exchange));
  }

  account(exchange: Exchange): void {
    const { admission } = this.#parts;
    this.#ticker.remove(exchange);
    if (exchange.admitted) admission.leave();
    if (exchange.provider !== null) admission.leaveProvider(exchange.provider.name);
    this.#parts.accounting.ended(exchange.record);
  }

  answerIsWhole(exchange: Exchange): void {
    this.#endAnswerLater(exchange);
  }

  bodySent(body: Buffer): void {
    this.#bodies.giveBack(body);
  }

  bug(error: unknown): void {
    this.#parts.accounting.bug(error);
  }

  providerFailed(exchange: Exchange, error: UpstreamError): void {
    this.#parts.accounting.providerFailed(exchange.record, error);
  }

  #begin(path: ProxiedPath, res: EngineResponse, head: RequestHead, client: string): Exchange {
    const exchange = new Exchange(this, res, clientOf(path), {
      requestId: nextRequestId(),
      hasOwnId: true,
      method: head.method,
      path: head.path,
      client,
      sessionId: head.first('session') ?? '',
      model: '',
      route: '',
      provider: '',
      status: 0,
      failure: '',
      isClientsFault: false,
      abortedIn: null,
      refused: null,
      startedAt: performance.now(),
      sentAt: 0,
      headAt: 0,
      firstTokenAt: 0,
      endedAt: 0,
      overheadMs: 0,
      streamBytes: 0,
      usage: null,
    });
    this.#parts.accounting.started();
    return exchange;
  }
}

/** It goes into paths, headers and tables. */
const MAX_MODEL_CHARS = 1000;
/** Of one request, in the log. */
const MAX_WARNINGS = 10;
const MAX_WARNING_CHARS = 300;

function unavailable(provider: Provider): ProxyError {
  const message = `Provider ${JSON.stringify(provider.name)} is unavailable at the moment`;
  return { type: 'overloaded_error', message, retryAfter: 5 };
}

/** The body's members and its model, or what is wrong with it, in words that name the member. */
function checkBody(body: Buffer): { scan: ScannedObject; model: string } | ProxyError {
  const scan = scanMembers(body);
  if (!scan.ok) return invalid(scan.reason);
  const twice = scan.duplicates.find((name) => DECISIVE_MEMBERS.includes(name));
  if (twice !== undefined) return invalid(`"${twice}" occurs twice in the request body`);
  const range = scan.members.get('model');
  if (range === undefined) return invalid('model: Field required');
  const model = memberValue(body, range);
  if (typeof model !== 'string') return invalid('model: Input should be a valid string');
  if (model === '') return invalid('model: String should have at least 1 character');
  if (model.length > MAX_MODEL_CHARS) return invalid(`model: String should have at most ${MAX_MODEL_CHARS} characters`);
  return { scan, model };
}

function invalid(message: string): ProxyError {
  return { type: 'invalid_request_error', message };
}
