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
import type { ClientDialect, ProviderDialect, RequestContext, TranslatedRequest } from '../dialects/dialect';
import { geminiProvider } from '../dialects/gemini/provider';
import { openAiClient } from '../dialects/openai/client';
import { translateChatRequest } from '../dialects/openai/from-request';
import { openAiProvider } from '../dialects/openai/provider';
import { openAiTapRules } from '../dialects/openai/tap-rules';
import type { TapRules } from '../dialects/tap';
import type { AccessRule } from '../http/access-rule';
import type { RequestHead } from '../http/request-head';
import { type ScannedObject, scanMembers } from '../json/members';
import { isObject, type JsonObject, valueAt } from '../json/parsed';
import { isTrue, type RequestMembers, ScannedMembers } from '../json/request-members';
import { spliceMembers } from '../json/splice';
import { type JsonView, rootView } from '../json/view';
import type { RouteDecision } from '../routing/route';
import type { AnswerPath } from './answer-path';
import { requestHeaders, translatedHeaders } from './headers';
import { PassthroughAnswer } from './passthrough-answer';
import { TranslatedAnswer } from './translated-answer';

/** A call that is proxied, by its path. */
export type ProxiedPath = '/v1/messages' | '/v1/messages/count_tokens' | '/v1/chat/completions';

/** A request that is ready to leave, and the way of its answer. */
export interface Outbound {
  /** Path and query at the provider. */
  target: string;
  headers: string[];
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
const PROVIDERS: Record<'openai' | 'gemini', ProviderDialect> = { openai: openAiProvider, gemini: geminiProvider };

const MAX_TARGETS = 1000;

/** Who calls this path, and so how it is answered. */
export function clientOf(path: ProxiedPath): ClientDialect {
  return clientsOf(path).client;
}

function clientsOf(path: ProxiedPath): Clients {
  return path === '/v1/chat/completions' ? OPENAI : ANTHROPIC;
}

export class OutboundRequests {
  readonly #access: AccessRule;
  /** Provider and path → path at the provider. */
  readonly #targets = new Map<string, string>();

  constructor(access: AccessRule) {
    this.#access = access;
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
    return {
      target: withQuery(this.#targetOf(provider, path), head.query),
      headers: requestHeaders(head, provider, this.#access),
      body: spliceMembers(body, scan, overrides(inbound, clients.limits, new ScannedMembers(body, scan.members))),
      answer: new PassthroughAnswer(clients.client, clients.rules),
    };
  }

  #translate(inbound: Inbound, clients: Clients, warn: (message: string) => void): Outbound {
    const { head, body, decision, requestId } = inbound;
    const { provider, model } = decision;
    const asked = rootView(body);
    const stream = isTrue(asked.get('stream'));
    const context: RequestContext = { provider, model, stream, warn };
    const translated = translate(messagesRequest(inbound, clients, asked, context), context);
    const answer = new TranslatedAnswer({
      client: clients.client,
      provider: provider.dialect === 'anthropic' ? anthropicReaders : PROVIDERS[provider.dialect],
      stream,
      reader: { provider, model },
      writer: { requestId, model, includeUsage: isTrue(asked.get('stream_options')?.get('include_usage')) },
    });
    return {
      target: this.#targetOf(provider, translated.path),
      headers: translatedHeaders(head, provider, stream, translated.headers, this.#access),
      body: [translated.body],
      answer,
    };
  }

  /** A path may name a model, of which clients can think up many. */
  #targetOf(provider: Provider, path: string): string {
    const key = `${provider.name} ${path}`;
    let target = this.#targets.get(key);
    if (target === undefined) {
      const url = new URL(joinUrl(provider.baseUrl, path));
      target = url.pathname + url.search;
      if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
      this.#targets.set(key, target);
    }
    return target;
  }
}

/** The middle of every translation, with what the route overrides in it. */
function messagesRequest(inbound: Inbound, clients: Clients, asked: JsonView, context: RequestContext): Buffer {
  const messages = clients.dialect === 'openai' ? translateChatRequest(asked, context) : inbound.body;
  const scan = messages === inbound.body ? inbound.scan : scanMembers(messages);
  if (!scan.ok) throw new Error(`a translated request is no JSON: ${scan.reason}`);
  return joined(
    spliceMembers(messages, scan, overrides(inbound, ANTHROPIC.limits, new ScannedMembers(messages, scan.members))),
  );
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

function translate(messages: Buffer, context: RequestContext): TranslatedRequest {
  const { dialect } = context.provider;
  if (dialect === 'anthropic') {
    return { path: '/v1/messages', body: messages, headers: ['anthropic-version', '2023-06-01'] };
  }
  return PROVIDERS[dialect].translateRequest(rootView(messages), context);
}

/** The client's query goes on as it came, behind what the base URL may have. */
function withQuery(target: string, query: string): string {
  if (query === '') return target;
  return `${target}${target.includes('?') ? '&' : '?'}${query}`;
}

/**
 * What must change in a body: the model where routing chose another, the route's parameters, and limits that are too
 * high. Counting takes none of the parameters of an answer.
 * @param limits members that limit an answer's tokens
 * @param members of that body
 */
function overrides({ path, asked, decision }: Inbound, limits: readonly string[], members: RequestMembers) {
  const changed: Record<string, unknown> = path === '/v1/messages/count_tokens' ? {} : { ...decision.parameters };
  if (decision.model !== asked) changed['model'] = decision.model;
  const most = maxOutputTokensOf(decision.provider, decision.model);
  if (most === null || path === '/v1/messages/count_tokens') return changed;
  const valueAfter = (name: string) => changed[name] ?? members.get(name)?.value();
  for (const name of limits) {
    const wanted = valueAfter(name);
    if (typeof wanted === 'number' && wanted > most) changed[name] = most;
  }
  const thinking = valueAfter('thinking');
  if (changed[limits[0] ?? ''] === most && isObject(thinking)) changed['thinking'] = thinkingWithin(most, thinking);
  return changed;
}

/** A budget must be lower than the limit, and has a least value of its own (Anthropic's `thinking.budget_tokens`). */
function thinkingWithin(most: number, thinking: JsonObject): JsonObject {
  const budget = valueAt(thinking, 'budget_tokens');
  if (typeof budget !== 'number' || budget < most) return thinking;
  return most > MIN_BUDGET ? { ...thinking, budget_tokens: most - 1 } : { type: 'disabled' };
}

const MIN_BUDGET = 1024;
