/** Google's errors (https://google.aip.dev/193) as Anthropic's. */
import type { ErrorType, ProxyError } from '../../../shared/errors';
import { isObject, type JsonObject, textAt, valueAt } from '../../json/parsed';

/** By gRPC status, which says more than the HTTP status that goes with it. */
const TYPE_OF_STATUS: Readonly<Record<string, ErrorType>> = {
  INVALID_ARGUMENT: 'invalid_request_error',
  OUT_OF_RANGE: 'invalid_request_error',
  UNAUTHENTICATED: 'authentication_error',
  PERMISSION_DENIED: 'permission_error',
  NOT_FOUND: 'not_found_error',
  RESOURCE_EXHAUSTED: 'rate_limit_error',
  UNAVAILABLE: 'overloaded_error',
  DEADLINE_EXCEEDED: 'timeout_error',
  INTERNAL: 'api_error',
  UNKNOWN: 'api_error',
  CANCELLED: 'api_error',
  ABORTED: 'api_error',
  DATA_LOSS: 'api_error',
};

const TYPE_OF_CODE: Readonly<Record<number, ErrorType>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  499: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const MAX_MESSAGE_CHARS = 2000;
/** What may be waited for. */
const MAX_RETRY_SECONDS = 24 * 3600;

/** In two wordings: of the Gemini API, and of Vertex AI. */
const TOO_LONG = [
  /input token count \(?(\d+)\)? exceeds the maximum number of tokens allowed \(?(\d+)\)?/i,
  /input token count is (\d+) but model only supports up to (\d+)/i,
];

/** What an answer with an error status means; the same for an error in the middle of a stream. */
export function readError(status: number, body: string): ProxyError {
  const error = googleError(body);
  return error === null ? plainError(status) : readGoogleError(status, error);
}

/** @param error the object that has `code`, `message`, `status` and `details` */
export function readGoogleError(status: number, error: JsonObject): ProxyError {
  const code = valueAt(error, 'code');
  const said = textAt(error, 'message') ?? '';
  const details = detailsOf(error);
  const type = typeOf(typeof code === 'number' ? code : status, textAt(error, 'status') ?? '', said, details);
  const retryAfter = retrySeconds(details, said);
  const message = said === '' ? plainError(status).message : messageOf(said);
  return retryAfter === null ? { type, message } : { type, message, retryAfter };
}

/** A text of the provider's without what might be a key: Google puts the caller's into some. */
export function withoutKeys(text: string): string {
  return text
    .slice(0, MAX_MESSAGE_CHARS)
    .replace(/\b(AIza|AQ\.)[\w-]+/g, '…')
    .replace(/\b((?:api[_ -]?)?key|(?:access_)?token|bearer)(\s*[=:]\s*|\s+(?=\S{20}))["']?[^\s"'&,;)]+/gi, '$1$2…');
}

function plainError(status: number): ProxyError {
  return { type: typeOf(status, '', '', []), message: `The provider answered with status ${status}` };
}

/** `{"error":{…}}`, or the same in an array: that is how a stream without `alt=sse` begins. */
function googleError(body: string): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  const document: unknown = Array.isArray(value) ? value[0] : value;
  const error = isObject(document) ? valueAt(document, 'error') : null;
  return isObject(error) ? error : null;
}

function typeOf(code: number, status: string, message: string, details: JsonObject[]): ErrorType {
  const reasons = details.map((detail) => textAt(detail, 'reason'));
  if (reasons.includes('API_KEY_INVALID') || /\bAPI key (?:not valid|not found|expired)/i.test(message)) {
    return 'authentication_error';
  }
  if (/request payload size exceeds/i.test(message)) return 'request_too_large';
  // What must be true of the account before it is served: a country, or a paid plan.
  if (status === 'FAILED_PRECONDITION') return /billing/i.test(message) ? 'billing_error' : 'permission_error';
  const known = Object.hasOwn(TYPE_OF_STATUS, status) ? TYPE_OF_STATUS[status] : TYPE_OF_CODE[code];
  return known ?? (code >= 400 && code < 500 ? 'invalid_request_error' : 'api_error');
}

function messageOf(said: string): string {
  for (const pattern of TOO_LONG) {
    const [, input, limit] = pattern.exec(said) ?? [];
    // Anthropic's words: clients know them, and begin to compact.
    if (input !== undefined) return `prompt is too long: ${input} tokens > ${limit} maximum`;
  }
  return withoutKeys(said);
}

function detailsOf(error: JsonObject): JsonObject[] {
  const details = valueAt(error, 'details');
  return Array.isArray(details) ? details.filter(isObject) : [];
}

/** `RetryInfo.retryDelay`, such as `34.07s`; the message says the same. */
function retrySeconds(details: JsonObject[], message: string): number | null {
  const delays = details.map((detail) => textAt(detail, 'retryDelay')).filter((delay) => delay !== null);
  const text =
    /^(\d{1,9}(?:\.\d+)?)s$/.exec(delays[0] ?? '')?.[1] ?? /retry in (\d{1,9}(?:\.\d+)?)s/.exec(message)?.[1];
  return text === undefined ? null : Math.min(Math.ceil(Number(text)), MAX_RETRY_SECONDS);
}
