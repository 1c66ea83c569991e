/** Headers of the answers that clients get. */
import { lastOf } from '../http/remembered';
import { furtherLines } from '../http/reply';
import type { AnswerFields } from '../upstream/upstream';
import type { ExchangeRecord } from './exchange-record';

const CODED = /^(?!identity$)./i;
const STREAM = /^text\/event-stream/i;
/** What may be an id: it goes into tables, and back to the client. */
const ID = /^[\w.-]{1,128}$/;
const LETTER_T = 0x74;

/** Most answers are told by their first letter. */
export function isEventStream({ contentType }: AnswerFields): boolean {
  return (contentType.charCodeAt(0) | 0x20) === LETTER_T && STREAM.test(contentType);
}

/** Its bytes are not what they say. */
export function isCoded({ contentEncoding }: AnswerFields): boolean {
  return contentEncoding !== '' && CODED.test(contentEncoding);
}

/** The id that a provider of another dialect gave the request, or null. */
export function foreignId({ requestId, otherId }: AnswerFields): string | null {
  return [requestId, otherId].find((id) => ID.test(id)) ?? null;
}

/** `retry-after` has seconds or a date (RFC 9110, 10.2.3); null for neither. */
export function secondsOf(retryAfter: string): number | null {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const seconds = Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

/** Tells the client what routing decided: further lines, see `furtherLines`. Empty before that. */
export function routeLines({ provider, model, route }: ExchangeRecord): string {
  return provider === '' ? '' : lastRouteLines(provider, model, route);
}

const lastRouteLines = lastOf((provider, model, route) =>
  furtherLines([
    ...['x-ccproxy-provider', headerText(provider)],
    ...['x-ccproxy-model', headerText(model)],
    ...['x-ccproxy-route', headerText(route)],
  ]),
);

/** Text as a header value: a client's model name may hold anything. */
function headerText(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(/[^\x20-\x7e]/g, '?') : text;
}

const UNPRINTABLE = /[^\x20-\x7e]/;
