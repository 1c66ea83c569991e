/** Which headers of an answer go back to the client. Everything unknown passes: clients and providers change often. */
import { HOP_BY_HOP } from '../http/header-meaning';
import { NameTable } from '../http/name-table';
import { lastOf } from '../http/remembered';
import type { ExchangeRecord } from './exchange-record';

/** What an answer's header is to the gateway, by its name. */
type AnswerHeader =
  | 'request-id'
  | 'content-type'
  | 'content-encoding'
  | 'content-length'
  | 'connection'
  /** It is of one connection only (RFC 9110, 7.6.1), or said here anew. */
  | 'ends here'
  /** It just passes. */
  | 'unknown';

const ANSWER_HEADERS = new NameTable<AnswerHeader>(
  [
    ['request-id', 'request-id'],
    ['content-type', 'content-type'],
    ['content-encoding', 'content-encoding'],
    ['content-length', 'content-length'],
    ['connection', 'connection'],
    ...HOP_BY_HOP.map((name) => [name, 'ends here'] as const),
    ['transfer-encoding', 'ends here'],
    ['date', 'ends here'],
    // A provider may be a CCProxy too: what is told is the decision made here.
    ['x-ccproxy-provider', 'ends here'],
    ['x-ccproxy-model', 'ends here'],
    ['x-ccproxy-route', 'ends here'],
  ],
  'unknown',
);

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
    switch (ANSWER_HEADERS.get(name)) {
      case 'unknown':
        out.push(name, value);
        break;
      case 'content-type':
        facts.contentType = value.toLowerCase();
        out.push(name, value);
        break;
      case 'content-encoding':
        facts.contentEncoding = value.toLowerCase();
        out.push(name, value);
        break;
      case 'content-length':
        facts.contentLength = Number(value);
        break;
      case 'request-id':
        facts.requestId = value;
        break;
      case 'connection':
        named = addOptions(named, value);
        break;
    }
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

/**
 * Tells the client what routing decided. Flat list of name, value, where further headers are lines of the value; empty
 * before that.
 */
export function routeHeaders({ provider, model, route }: ExchangeRecord): readonly string[] {
  return provider === '' ? [] : lastRouteHeaders(provider, model, route);
}

const lastRouteHeaders = lastOf((provider, model, route): readonly string[] => [
  'x-ccproxy-provider',
  `${headerText(provider)}\r\nx-ccproxy-model: ${headerText(model)}\r\nx-ccproxy-route: ${headerText(route)}`,
]);

/** Text as a header value: a client's model name may hold anything. */
function headerText(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(/[^\x20-\x7e]/g, '?') : text;
}

const UNPRINTABLE = /[^\x20-\x7e]/;
