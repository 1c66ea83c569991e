/** Errors of services that speak Chat Completions, instead of an answer and within one, in Anthropic's types. */
import type { ErrorType, ProxyError } from '../../../shared/errors';
import { isObject, type JsonObject, textAt, valueAt } from '../../json/parsed';
import type { AnswerError } from '../answer';
import { overflowMessage } from './overflow';

const MAX_MESSAGE = 1000;
/** Messages within messages: OpenRouter quotes what its provider said. */
const MAX_DEPTH = 4;

const BY_STATUS: ReadonlyMap<number, ErrorType> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [408, 'timeout_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
  [529, 'overloaded_error'],
]);

/** By `code` and `type`, for errors without a status. The first that fits counts. */
const BY_WORD: ReadonlyArray<readonly [RegExp, ErrorType]> = [
  [/insufficient_quota|billing|payment|insufficient_balance/, 'billing_error'],
  [/rate_?limit|too_many_requests/, 'rate_limit_error'],
  [/overloaded|unavailable|capacity/, 'overloaded_error'],
  [/authentication|invalid_api_key|unauthorized/, 'authentication_error'],
  [/permission|forbidden/, 'permission_error'],
  [/not_found/, 'not_found_error'],
  [/time_?out/, 'timeout_error'],
  [/invalid_request|bad_request|context_length|validation|string_above/, 'invalid_request_error'],
];

/** What a service says of an error. */
interface Told {
  message: string;
  /** Its `code` and `type`, lower case. */
  words: string;
  /** A `code` that is an HTTP status. */
  status: number | null;
}

/** What an answer with an error status means. */
export function readError(status: number, body: string): ProxyError {
  const told = tell(parsed(body), 0) ?? { message: plainText(body), words: '', status: null };
  return describe(told, status);
}

/** The error that stands in a chunk, a document or a choice instead of contents; null where there is none. */
export function errorIn(value: JsonObject): AnswerError | null {
  const error = valueAt(value, 'error');
  const instead =
    textAt(value, 'object') === 'error' || (saysWhy(value) && !('choices' in value) && !('delta' in value));
  if (!instead && (error === undefined || error === null || error === false || error === '')) return null;
  const told = tell(value, 0) ?? { message: '', words: '', status: null };
  return describe(told, told.status);
}

/** FastAPI's and others' bare messages; a choice has its `message`, too, but as an object. */
function saysWhy(value: JsonObject): boolean {
  return typeof value['message'] === 'string' || typeof value['detail'] === 'string';
}

function describe(told: Told, status: number | null): ProxyError {
  const type = typeOf(told, status);
  if (type === 'invalid_request_error' || type === 'request_too_large' || type === 'api_error') {
    const overflow = overflowMessage(`${told.words} ${told.message}`);
    if (overflow !== null) return { type: 'invalid_request_error', message: overflow };
  }
  const message =
    told.message === '' ? `The provider answered with an error${status === null ? '' : ` (${status})`}` : told.message;
  return { type, message };
}

function typeOf({ words, status: told }: Told, status: number | null): ErrorType {
  // Out of money, for which OpenAI answers 429: to try again is of no use.
  if (status === 429 && words.includes('insufficient_quota')) return 'billing_error';
  const code = status ?? told;
  if (code === null) return BY_WORD.find(([word]) => word.test(words))?.[1] ?? 'api_error';
  return BY_STATUS.get(code) ?? (code >= 400 && code < 500 ? 'invalid_request_error' : 'api_error');
}

function tell(value: unknown, depth: number): Told | null {
  if (depth > MAX_DEPTH) return null;
  if (typeof value === 'string') return { message: plainText(value), words: '', status: null };
  if (Array.isArray(value)) return value.length === 0 ? null : tell(value[0], depth + 1);
  if (!isObject(value)) return null;
  const error = valueAt(value, 'error');
  if (isObject(error) || Array.isArray(error)) return tell(error, depth + 1);
  // xAI: the message is in `error`, the code beside it. Mistral: it is in `message`, which may hold FastAPI's `detail`.
  const said = [error, valueAt(value, 'message'), valueAt(value, 'detail')].find(
    (part) => part !== undefined && part !== null,
  );
  const code = valueAt(value, 'code');
  const metadata = valueAt(value, 'metadata');
  const quoted = isObject(metadata) ? quote(valueAt(metadata, 'raw'), depth) : '';
  const message = messageOf(said, depth);
  return {
    message: plainText(quoted === '' || message.includes(quoted) ? message : `${message}: ${quoted}`),
    words: `${typeof code === 'string' ? code : ''} ${textAt(value, 'type') ?? ''}`.toLowerCase().trim(),
    status: typeof code === 'number' && code >= 400 && code <= 599 ? code : null,
  };
}

/** FastAPI lists its problems: `[{"loc":["body","x"],"msg":"…"}]`. */
function messageOf(said: unknown, depth: number): string {
  if (!Array.isArray(said)) return tell(said, depth + 1)?.message ?? '';
  const problems = said.slice(0, 5).filter(isObject);
  return problems
    .map((problem) => {
      const place = valueAt(problem, 'loc');
      const message = textAt(problem, 'msg') ?? '';
      return Array.isArray(place)
        ? `${place.filter((step) => typeof step !== 'object').join('.')}: ${message}`
        : message;
    })
    .join('; ');
}

/** What OpenRouter's provider said: a JSON text, or any. */
function quote(raw: unknown, depth: number): string {
  const value = typeof raw === 'string' ? (parsed(raw) ?? raw) : raw;
  return tell(value, depth + 1)?.message ?? '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A key that a service repeats ("Incorrect API key provided: …") must not reach a client. */
const KEYS = /\b(?:sk|gsk|xai|pk|key|api)[-_](?=[\w*.-]*[\d*])[\w*.-]{6,}|\bBearer\s+[^\s"']+/g;

/** One line without markup and keys; a page of HTML says nothing. */
function plainText(text: string): string {
  if (/^\s*<(?:!doctype|html)/i.test(text)) return '';
  return text.slice(0, MAX_MESSAGE).replaceAll(KEYS, '…').replaceAll(/\s+/g, ' ').trim();
}
