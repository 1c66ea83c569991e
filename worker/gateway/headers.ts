/** Which headers cross the proxy, and which do not. Everything unknown passes: clients and providers change often. */
import type { Provider } from '../../shared/config/config';
import { readBuildInfo } from '../../shared/version';
import type { AccessRule } from '../http/access-rule';
import { lastOf } from '../http/remembered';
import type { RequestHead } from '../http/request-head';
import type { ExchangeRecord } from './exchange-record';
import { decodableEncodings } from './inflate';

const USER_AGENT = `CCProxy/${readBuildInfo().version}`;

/** Of one connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Answer headers that end here: the engine writes its own framing and date. */
const NOT_RETURNED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'date',
  'request-id',
  // A provider may be a CCProxy too: what is told is the decision made here.
  'x-ccproxy-provider',
  'x-ccproxy-model',
  'x-ccproxy-route',
]);

/**
 * The headers of a request that passes through: the client's, with the provider's credential in place of its own.
 * Framing is redone, and who called is no provider's business.
 */
export function requestHeaders(head: RequestHead, provider: Provider, access: AccessRule): string[] {
  const headers: string[] = [];
  const named = connectionOptions(head);
  const own = ownHeaders(provider);
  const { meanings } = head;
  for (let i = 0; i < meanings.length; i++) {
    const name = head.headers[2 * i] ?? '';
    const value = head.headers[2 * i + 1] ?? '';
    if (named?.has(name) || own.configured?.has(name)) continue;
    switch (meanings[i]) {
      case 'unknown':
        if (provider.dialect === 'anthropic' || !isAnthropics(name)) headers.push(name, value);
        break;
      case 'session':
        if (provider.dialect === 'anthropic') headers.push(name, value);
        break;
      case 'origin':
      case 'sec-fetch-site':
        headers.push(name, value);
        break;
      case 'accept-encoding':
        headers.push(name, decodableEncodings(value));
        break;
      case 'x-api-key':
      case 'authorization':
        if (provider.passthroughKey) forwardCredential(headers, name, value, access);
        break;
    }
  }
  for (const part of own.list) headers.push(part);
  return headers;
}

/**
 * The headers of a translated request: none of the client's goes on (but for its credential, where the provider is to
 * have that), since none was meant for this provider.
 * @param more flat list of lower-case name, value
 */
export function translatedHeaders(
  head: RequestHead,
  provider: Provider,
  stream: boolean,
  more: readonly string[],
  access: AccessRule,
): string[] {
  const headers: string[] = [];
  const own = ownHeaders(provider);
  const add = (name: string, value: string) => {
    if (!own.configured?.has(name)) headers.push(name, value);
  };
  add('content-type', 'application/json');
  add('accept', stream ? 'text/event-stream' : 'application/json');
  // The answer is read here, as it comes.
  add('accept-encoding', 'identity');
  add('user-agent', USER_AGENT);
  for (let i = 0; i + 1 < more.length; i += 2) add(more[i] ?? '', more[i + 1] ?? '');
  if (provider.passthroughKey) {
    for (let i = 0; i < head.meanings.length; i++) {
      const meaning = head.meanings[i];
      if (meaning !== 'x-api-key' && meaning !== 'authorization') continue;
      forwardCredential(headers, meaning, head.headers[2 * i + 1] ?? '', access);
    }
  }
  for (const part of own.list) headers.push(part);
  return headers;
}

/** What every request to a provider gets. */
interface OwnHeaders {
  /** Names of those of the configuration, which take the place of a client's; null when there are none. */
  configured: ReadonlySet<string> | null;
  /** Flat list of name, value; the credential among them. */
  list: readonly string[];
}

const ownByProvider = new WeakMap<Provider, OwnHeaders>();

function ownHeaders(provider: Provider): OwnHeaders {
  let own = ownByProvider.get(provider);
  if (own === undefined) {
    const names = Object.keys(provider.headers);
    const list = [...Object.entries(provider.headers).flat(), ...credential(provider)];
    own = { configured: names.length === 0 ? null : new Set(names), list };
    ownByProvider.set(provider, own);
  }
  return own;
}

function credential({ passthroughKey, apiKey, keyHeader }: Provider): readonly string[] {
  if (passthroughKey || apiKey === null || keyHeader === 'none') return [];
  return keyHeader === 'bearer' ? ['authorization', `Bearer ${apiKey}`] : [keyHeader, apiKey];
}

/** Meant for Anthropic, or saying who calls: no other dialect's provider gets these. */
function isAnthropics(name: string): boolean {
  return name.startsWith('anthropic-') || name.startsWith('x-claude-');
}

/** The client's own credential, unless it is the key of this proxy, which no provider may see. */
function forwardCredential(headers: string[], name: string, value: string, access: AccessRule): void {
  const ours = value.split(/[\s,]+/).some((part) => access.isKey(part));
  if (!ours) headers.push(name, value);
}

/** Headers that `Connection` names end here too. */
function connectionOptions({ headers, meanings }: RequestHead): Set<string> | null {
  let named: Set<string> | null = null;
  for (let i = 0; i < meanings.length; i++) {
    if (meanings[i] === 'connection') named = addOptions(named, headers[2 * i + 1] ?? '');
  }
  return named;
}

function addOptions(named: Set<string> | null, connection: string): Set<string> | null {
  if (connection === 'keep-alive') return named;
  const value = connection.trim().toLowerCase();
  if (value === 'keep-alive' || value === 'close') return named;
  return new Set([...(named ?? []), ...value.split(',').map((option) => option.trim())]);
}

/** What an answer's head says that the gateway needs to know. */
export interface AnswerFacts {
  requestId: string | null;
  contentType: string;
  contentEncoding: string;
  /** Bytes, or null when the provider did not say. */
  contentLength: number | null;
}

/**
 * Copies an answer's headers as they are into `out` and notes what the gateway needs.
 * @param providerHeaders flat list of lower-case name, value; one char per byte
 */
export function copyAnswerHeaders(providerHeaders: readonly string[], out: string[]): AnswerFacts {
  const facts: AnswerFacts = { requestId: null, contentType: '', contentEncoding: '', contentLength: null };
  let named: Set<string> | null = null;
  for (let i = 0; i + 1 < providerHeaders.length; i += 2) {
    const name = providerHeaders[i] ?? '';
    const value = providerHeaders[i + 1] ?? '';
    if (name === 'request-id') facts.requestId = value;
    else if (name === 'content-type') facts.contentType = value.toLowerCase();
    else if (name === 'content-encoding') facts.contentEncoding = value.toLowerCase();
    else if (name === 'content-length') facts.contentLength = Number(value);
    else if (name === 'connection') named = addOptions(named, value);
    if (!NOT_RETURNED.has(name)) out.push(name, value);
  }
  if (named !== null) dropNamed(out, named);
  return facts;
}

function dropNamed(headers: string[], named: ReadonlySet<string>): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (named.has(headers[i] ?? '')) headers.splice(i, 2);
  }
}

/** What a translation needs to know of an answer's head. */
export interface TranslatedAnswerFacts {
  requestId: string | null;
  contentType: string;
  contentEncoding: string;
  retryAfterSeconds: number | null;
}

/** Reads a head of which nothing is copied. */
export function readAnswerFacts(providerHeaders: readonly string[]): TranslatedAnswerFacts {
  const facts: TranslatedAnswerFacts = {
    requestId: null,
    contentType: '',
    contentEncoding: '',
    retryAfterSeconds: null,
  };
  for (let i = 0; i + 1 < providerHeaders.length; i += 2) {
    const name = providerHeaders[i] ?? '';
    const value = providerHeaders[i + 1] ?? '';
    if (name === 'content-type') facts.contentType = value.toLowerCase();
    else if (name === 'content-encoding') facts.contentEncoding = value.toLowerCase();
    else if (name === 'retry-after') facts.retryAfterSeconds = secondsOf(value);
    else if ((name === 'request-id' || name === 'x-request-id') && /^[\w.-]{1,128}$/.test(value))
      facts.requestId = value;
  }
  return facts;
}

/** `retry-after` has seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(retryAfter: string): number | null {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const seconds = Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

/** Tells the client what routing decided. Flat list of name, value; empty before that. */
export function routeHeaders({ provider, model, route }: ExchangeRecord): readonly string[] {
  return provider === '' ? [] : lastRouteHeaders(provider, model, route);
}

const lastRouteHeaders = lastOf((provider, model, route): readonly string[] => [
  'x-ccproxy-provider',
  headerText(provider),
  'x-ccproxy-model',
  headerText(model),
  'x-ccproxy-route',
  headerText(route),
]);

/** Text as a header value: a client's model name may hold anything. */
function headerText(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(/[^\x20-\x7e]/g, '?') : text;
}

const UNPRINTABLE = /[^\x20-\x7e]/;
