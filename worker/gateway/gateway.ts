/**
 * The life of a proxied request: admit → read → route → prepare → send. The answer's way back is the exchange's;
 * at its end it comes here once more, to be accounted for.
 */
import type { Config, Provider } from '../../shared/config/config';
import { joinUrl } from '../../shared/config/join-url';
import type { ProxyError } from '../../shared/errors';
import { type AccessRule, apiRefusal } from '../http/access-rule';
import type { EngineResponse } from '../http/engine';
import { header, type RequestHead } from '../http/request-head';
import { memberValue, type ScannedObject, scanMembers } from '../json/members';
import { ScannedMembers } from '../json/request-members';
import { spliceMembers } from '../json/splice';
import { MessagesFacts } from '../routing/facts';
import { decideRoute, type RouteDecision } from '../routing/route';
import type { UpstreamError } from '../upstream/upstream';
import type { Upstreams } from '../upstream/upstreams';
import type { Accounting } from './accounting';
import type { Admission } from './admission';
import { Exchange, type ExchangeHost } from './exchange';
import { requestHeaders } from './headers';
import { readBody } from './read-body';
import { nextRequestId } from './request-id';
import { Ticker } from './ticker';
import { estimateTokens } from './token-estimate';

/** A call that is proxied; the value is its path at an Anthropic-dialect provider. */
export type ProxiedPath = '/v1/messages' | '/v1/messages/count_tokens';

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

/** Members of a body that decisions read: a second one of these would be seen by the provider and not by the proxy. */
const DECISIVE_MEMBERS = ['model', 'stream', 'max_tokens', 'thinking', 'tools', 'messages', 'metadata'];

export class Gateway implements ExchangeHost {
  readonly #parts: GatewayParts;
  readonly #ticker = new Ticker();
  /** Provider and path → path at the provider. */
  readonly #targets = new Map<string, string>();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  get draining(): boolean {
    return this.#parts.drain.active;
  }

  /** Takes a POST to one of the proxied paths. */
  handle(path: ProxiedPath, res: EngineResponse, head: RequestHead): void {
    const { access, admission, config } = this.#parts;
    const caller = access.evaluate(head);
    const exchange = this.#begin(res, head, caller.client);

    const refusal = apiRefusal(caller.level, config.apiKey !== null) ?? admission.enter(caller.client);
    if (refusal !== null) {
      exchange.refuse(refusal);
      return;
    }
    exchange.admitted = true;

    readBody(res, header(head, 'content-length'), config.performance.maxRequestBodyBytes, (body) => {
      if (exchange.ended) return;
      if (Buffer.isBuffer(body)) this.#guarded(exchange, () => this.#proceed(path, exchange, head, body));
      else exchange.refuse(body);
    });
  }

  /** A bug in what a client's bytes lead to must not end the process, and leave nobody without an answer. */
  #guarded(exchange: Exchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.accounting.bug(error);
      exchange.refuse({ type: 'internal_error', message: 'Internal error' });
    }
  }

  /** The body is there: from here on the proxy's own time is measured. */
  #proceed(path: ProxiedPath, exchange: Exchange, head: RequestHead, body: Buffer): void {
    const readAt = performance.now();
    const scan = checkBody(body);
    if ('type' in scan) {
      exchange.refuse(scan);
      return;
    }
    const asked = String(memberValue(body, scan.members.get('model') ?? NOWHERE));
    exchange.record.model = asked;
    const decision = decideRoute(this.#parts.config, new MessagesFacts(asked, body, scan.members));
    if ('message' in decision) {
      exchange.refuse({ type: 'not_found_error', message: decision.message });
      return;
    }
    const { provider } = decision;
    exchange.record.provider = provider.name;
    exchange.record.model = decision.model;
    exchange.record.route = decision.route;
    this.#parts.accounting.routed(exchange.record);

    if (path === '/v1/messages/count_tokens') {
      const estimate = () => JSON.stringify({ input_tokens: estimateTokens(new ScannedMembers(body, scan.members)) });
      if (provider.dialect !== 'anthropic') {
        exchange.reply(estimate());
        return;
      }
      exchange.fallback = () => this.#guarded(exchange, () => exchange.reply(estimate()));
    }
    const refusal = this.#refusalAtTheProvider(provider);
    if (refusal !== null) {
      exchange.refuse(refusal);
      return;
    }
    exchange.provider = provider;
    this.#send(path, exchange, provider, head, spliceMembers(body, scan, overrides(path, decision, asked)));
    exchange.record.overheadMs = performance.now() - readAt;
  }

  /** Takes a place among the requests to the provider, or says why not. */
  #refusalAtTheProvider(provider: Provider): ProxyError | null {
    const { config, cluster, admission } = this.#parts;
    if (provider.dialect !== 'anthropic') return wrongDialect(provider);
    if (config.performance.circuitBreakerEnabled && cluster.isUnavailable(provider.name)) return unavailable(provider);
    return admission.enterProvider(provider.name);
  }

  #send(path: ProxiedPath, exchange: Exchange, provider: Provider, head: RequestHead, body: Buffer): void {
    const target = this.#targetOf(provider, path, head.query);
    const headers = requestHeaders(head.headers, provider, this.#parts.access);
    const upstream = this.#parts.upstreams.of(provider);
    this.#parts.accounting.sent(exchange.record);
    this.#ticker.add(exchange);
    exchange.sent(upstream.dispatch({ target, method: 'POST', headers, body }, exchange));
  }

  /** The client's query goes on as it came, behind what the base URL may have. */
  #targetOf(provider: Provider, path: ProxiedPath, query: string): string {
    const key = `${provider.name} ${path}`;
    let target = this.#targets.get(key);
    if (target === undefined) {
      const url = new URL(joinUrl(provider.baseUrl, path));
      target = url.pathname + url.search;
      this.#targets.set(key, target);
    }
    if (query === '') return target;
    return `${target}${target.includes('?') ? '&' : '?'}${query}`;
  }

  account(exchange: Exchange): void {
    const { admission, accounting } = this.#parts;
    this.#ticker.remove(exchange);
    if (exchange.admitted) admission.leave();
    if (exchange.provider !== null) admission.leaveProvider(exchange.provider.name);
    accounting.ended(exchange.record);
  }

  providerFailed(exchange: Exchange, error: UpstreamError): void {
    this.#parts.accounting.providerFailed(exchange.record, error);
  }

  #begin(res: EngineResponse, head: RequestHead, client: string): Exchange {
    const exchange = new Exchange(this, res, {
      requestId: nextRequestId(),
      method: head.method,
      path: head.path,
      client,
      sessionId: header(head, 'x-claude-code-session-id') ?? '',
      model: '',
      route: '',
      provider: '',
      status: 0,
      failure: '',
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

const NOWHERE = { start: 0, end: 0 };
function wrongDialect(provider: Provider): ProxyError {
  return {
    type: 'not_implemented_error',
    message: `Provider ${JSON.stringify(provider.name)} speaks the ${provider.dialect} dialect; only providers of the anthropic dialect are served so far`,
  };
}

function unavailable(provider: Provider): ProxyError {
  const message = `Provider ${JSON.stringify(provider.name)} is unavailable at the moment`;
  return { type: 'overloaded_error', message, retryAfter: 5 };
}

/** The body's members, or what is wrong with it, in words that name the member. */
function checkBody(body: Buffer): ScannedObject | ProxyError {
  const scan = scanMembers(body);
  if (!scan.ok) return invalid(scan.reason);
  const twice = DECISIVE_MEMBERS.find((name) => scan.duplicates.includes(name));
  if (twice !== undefined) return invalid(`"${twice}" occurs twice in the request body`);
  const range = scan.members.get('model');
  if (range === undefined) return invalid('model: Field required');
  const model = memberValue(body, range);
  if (typeof model !== 'string') return invalid('model: Input should be a valid string');
  if (model === '') return invalid('model: String should have at least 1 character');
  return scan;
}

function invalid(message: string): ProxyError {
  return { type: 'invalid_request_error', message };
}

/** What must change in the body: the model where routing chose another, and what the route's parameters override. */
function overrides(path: ProxiedPath, decision: RouteDecision, asked: string): Record<string, unknown> {
  // Counting takes none of the parameters of an answer.
  const changed: Record<string, unknown> = path === '/v1/messages' ? { ...decision.parameters } : {};
  if (decision.model !== asked) changed['model'] = decision.model;
  return changed;
}
