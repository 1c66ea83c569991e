/**
 * What goes to the provider for a request whose way is decided, and what becomes of the answer: where both sides speak
 * one dialect everything passes byte for byte, else both are translated. The middle of a translation is always a
 * Messages request: a Chat Completions request becomes one first.
 */
import { Buffer } from 'node:buffer';
import type { Provider } from '../../shared/config/config';
import { joinUrl } from '../../shared/config/join-url';
import { maxOutputTokensOf } from '../../shared/config/models';
import { anthropicClient } from '../dialects/anthropic/client';
import { anthropicReaders } from '../dialects/anthropic/readers';
import { anthropicTapRules } from '../dialects/anthropic/tap-rules';
import type { ClientDialect, RequestContext, TranslatedRequest } from '../dialects/dialect';
import { openAiClient } from '../dialects/openai/client';
import { translateChatRequest } from '../dialects/openai/from-request';
import { openAiTapRules } from '../dialects/openai/tap-rules';
import { providerDialect } from '../dialects/provider-dialects';
import type { TapRules } from '../dialects/tap';
import type { AccessRule } from '../http/access-rule';
import type { RequestHead } from '../http/request-head';
import { type JsonMembers, type ScannedObject, scanMembers } from '../json/members';
import { isObject, type JsonObject, valueAt } from '../json/parsed';
import { isTrue, ScannedMembers } from '../json/request-members';
import { spliceMembers } from '../json/splice';
import { type JsonView, rootView } from '../json/view';
import type { RouteDecision } from '../routing/route';
import type { HeaderText } from '../upstream/upstream';
import type { AnswerPath } from './answer-path';
import { CountAnswer } from './count-answer';
import { PassthroughAnswer } from './passthrough-answer';
import { RequestHeaders } from './request-headers';
import { estimateTokens } from './token-estimate';
import { TranslatedAnswer } from './translated-answer';

/** A call that is proxied, by its path. */
export type ProxiedPath = '/v1/messages' | '/v1/messages/count_tokens' | '/v1/chat/completions';

/** A request that is ready to leave, and the way of its answer. */
export interface Outbound {
  /** Path and query at the provider. */
  target: string;
  /** As an `UpstreamRequest` has them. */
  headers: HeaderText | null;
  /** In pieces; see `spliceMembers`. */
  body: readonly Buffer[];
  answer: AnswerPath;
}

/** A request as it came, and where routing sends it. */
export interface Inbound {
  path: ProxiedPath;
  head: RequestHead;
  body: Buffer;
  scan: ScannedObject;
  /** The model that the client asked for. */
  asked: string;
  decision: RouteDecision;
  requestId: string;
}

interface Clients {
  dialect: 'anthropic' | 'openai';
  client: ClientDialect;
  rules: TapRules;
  /** Members that limit an answer's tokens. */
  limits: readonly string[];
}

const ANTHROPIC: Clients = {
  dialect: 'anthropic',
  client: anthropicClient,
  rules: anthropicTapRules,
  limits: ['max_tokens'],
};
const OPENAI: Clients = {
  dialect: 'openai',
  client: openAiClient,
  rules: openAiTapRules,
  limits: ['max_completion_tokens', 'max_tokens'],
};

const MAX_TARGETS = 1000;

/** Who calls this path, and so how it is answered. */
export function clientOf(path: ProxiedPath): ClientDialect {
  return clientsOf(path).client;
}

function clientsOf(path: ProxiedPath): Clients {
  return path === '/v1/chat/completions' ? OPENAI : ANTHROPIC;
}

/** What requests with one decision have in common, where they pass through and have the same path. */
interface Way {
  path: ProxiedPath;
  /** The name of the model that routing chose, as JSON. */
  model: Buffer;
  /** More than the model may have to change in a body. */
  mayChange: boolean;
}

export class OutboundRequests {
  readonly #headers: RequestHeaders;
  /** By provider and path: the last query, and what became of them. */
  readonly #targets = new Map<Provider, Map<string, { query: string; text: string }>>();
  readonly #ways = new WeakMap<RouteDecision, Way>();

  constructor(access: AccessRule) {
    this.#headers = new RequestHeaders(access);
  }

  /**
   * @param warn hears of what a translation had to leave out
   * @throws BadDocument for what cannot be translated; its message is the client's
   */
  prepare(inbound: Inbound, warn: (message: string) => void): Outbound {
    const { path, head, body, scan, decision } = inbound;
    const { provider } = decision;
    const clients = clientsOf(path);
    if (provider.dialect !== clients.dialect) return this.#translate(inbound, clients, warn);
    const way = this.#wayOf(path, decision);
    const changed = way.mayChange ? overrides(inbound, clients.limits, body, scan) : null;
    return {
      target: this.#targetOf(provider, path, head.query),
      headers: this.#headers.passedOn(head, provider),
      body: changed === null ? withModel(inbound, way.model) : spliceMembers(body, scan, changed),
      answer: path === '/v1/messages/count_tokens' ? countAnswer(clients, inbound) : passthroughAnswer(clients),
    };
  }

  #translate(inbound: Inbound, clients: Clients, warn: (message: string) => void): Outbound {
    const { head, body, scan, decision, requestId } = inbound;
    const { provider, model } = decision;
    const asked = rootView(body, scan);
    const stream = isTrue(asked.get('stream'));
    const context: RequestContext = { provider, model, stream, warn };
    const translated = translate(messagesRequest(inbound, clients, asked, context), context);
    const answer = new TranslatedAnswer({
      client: clients.client,
      provider: provider.dialect === 'anthropic' ? anthropicReaders : providerDialect(provider.dialect),
      stream,
      reader: { provider, model },
      writer: { requestId, model, includeUsage: isTrue(asked.get('stream_options')?.get('include_usage')) },
    });
    return {
      target: this.#targetOf(provider, translated.path, ''),
      headers: this.#headers.translated(head, provider, stream, translated.headers),
      body: [translated.body],
      answer,
    };
  }

  #wayOf(path: ProxiedPath, decision: RouteDecision): Way {
    const last = this.#ways.get(decision);
    if (last?.path === path) return last;
    const model = Buffer.from(JSON.stringify(decision.model));
    const way: Way = { path, model, mayChange: mayChange(path, decision) };
    this.#ways.set(decision, way);
    return way;
  }

  /** The client's query goes on as it came, behind what the base URL may have. */
  #targetOf(provider: Provider, path: string, query: string): string {
    let targets = this.#targets.get(provider);
    if (targets === undefined) {
      targets = new Map();
      this.#targets.set(provider, targets);
    }
    let target = targets.get(path);
    if (target === undefined || target.query !== query) {
      const url = new URL(joinUrl(provider.baseUrl, path));
      const own = url.pathname + url.search;
      const joint = own.includes('?') ? '&' : '?';
      target = { query, text: query === '' ? own : own + joint + query };
      // A path may name a model, of which clients can think up many.
      if (targets.size >= MAX_TARGETS) targets.clear();
      targets.set(path, target);
    }
    return target.text;
  }
}

function passthroughAnswer({ client, rules }: Clients): AnswerPath {
  return new PassthroughAnswer(client, rules);
}

function countAnswer(clients: Clients, { body, scan }: Inbound): AnswerPath {
  return new CountAnswer(passthroughAnswer(clients), () => countDocument(body, scan.members));
}

/** What a count of tokens is answered with, estimated from the request. */
export function countDocument(body: Buffer, members: JsonMembers): string {
  return JSON.stringify({ input_tokens: estimateTokens(new ScannedMembers(body, members)) });
}

/** The body with nothing but the model that routing chose, which hardly ever is the client's own. */
function withModel({ body, scan, asked, decision }: Inbound, model: Buffer): readonly Buffer[] {
  const range = scan.members.get('model');
  if (decision.model === asked || range === undefined) return [body];
  return [body.subarray(0, range.start), model, body.subarray(range.end)];
}

/** The middle of every translation, with what the route overrides in it. The model is the translation's own affair. */
function messagesRequest(inbound: Inbound, clients: Clients, asked: JsonView, context: RequestContext): JsonView {
  const isTranslated = clients.dialect === 'openai';
  const messages = isTranslated ? translateChatRequest(asked, context) : inbound.body;
  const scan = isTranslated ? scanMembers(messages) : inbound.scan;
  if (!scan.ok) throw new Error(`a translated request is no JSON: ${scan.reason}`);
  if (mayChange(inbound.path, inbound.decision)) {
    const changed = overrides(inbound, ANTHROPIC.limits, messages, scan);
    return rootView(joined(spliceMembers(messages, scan, changed)));
  }
  return isTranslated ? rootView(messages, scan) : asked;
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

function translate(messages: JsonView, context: RequestContext): TranslatedRequest {
  const { dialect } = context.provider;
  if (dialect === 'anthropic') {
    return { path: '/v1/messages', body: messages.body, headers: ['anthropic-version', '2023-06-01'] };
  }
  return providerDialect(dialect).translateRequest(messages, context);
}

/**
 * What must change in a body: the model where routing chose another, the route's parameters, and limits that are too
 * high.
 * @param limits members that limit an answer's tokens
 * @param scan of that body
 */
function overrides(
  inbound: Inbound,
  limits: readonly string[],
  body: Buffer,
  scan: ScannedObject,
): Record<string, unknown> {
  const { asked, decision } = inbound;
  const { provider, model, parameters } = decision;
  const most = maxOutputTokensOf(provider, model);
  const changed: Record<string, unknown> = { ...parameters };
  if (model !== asked) changed['model'] = model;
  if (most === null) return changed;
  const members = new ScannedMembers(body, scan.members);
  const valueAfter = (name: string) => changed[name] ?? members.get(name)?.value();
  for (const name of limits) {
    const wanted = valueAfter(name);
    if (typeof wanted === 'number' && wanted > most) changed[name] = most;
  }
  const thinking = valueAfter('thinking');
  if (changed[limits[0] ?? ''] === most && isObject(thinking)) changed['thinking'] = thinkingWithin(most, thinking);
  return changed;
}

/** Whether it may be more than the model. Counting takes none of the parameters of an answer. */
function mayChange(path: ProxiedPath, { provider, model, parameters }: RouteDecision): boolean {
  if (path === '/v1/messages/count_tokens') return false;
  return maxOutputTokensOf(provider, model) !== null || Object.keys(parameters).length > 0;
}

/** A budget must be lower than the limit, and has a least value of its own (Anthropic's `thinking.budget_tokens`). */
function thinkingWithin(most: number, thinking: JsonObject): JsonObject {
  const budget = valueAt(thinking, 'budget_tokens');
  if (typeof budget !== 'number' || budget < most) return thinking;
  return most > MIN_BUDGET ? { ...thinking, budget_tokens: most - 1 } : { type: 'disabled' };
}

const MIN_BUDGET = 1024;
