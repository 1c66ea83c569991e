/** Which headers of an answer go back to the client. Everything unknown passes: clients and providers change often. */
import { lastOf } from '../http/remembered';
import type { ExchangeRecord } from './exchange-record';

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

/** Adds what the value of `Connection` names: such headers end here too. */
export function addOptions(named: Set<string> | null, connection: string): Set<string> | null {
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
