/** What an Anthropic provider's errors mean (https://platform.claude.com/docs/en/api/errors). */
import type { ErrorType, ProxyError } from '../../../shared/errors';
import { type JsonView, viewOf } from '../../json/view';
import type { AnswerError } from '../answer';

/** Statuses that mean one thing, also at providers that only resemble Anthropic and name other types. */
const TYPE_OF_STATUS: ReadonlyMap<number, ErrorType> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [408, 'timeout_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

const TYPES: ReadonlySet<string> = new Set<ErrorType>([
  'invalid_request_error',
  'authentication_error',
  'billing_error',
  'permission_error',
  'not_found_error',
  'request_too_large',
  'rate_limit_error',
  'timeout_error',
  'api_error',
  'overloaded_error',
]);

/** An answer with an error status. @param body what came of it, of any kind */
export function readError(status: number, body: string): ProxyError {
  let error: JsonView | undefined;
  try {
    error = viewOf(body).get('error');
  } catch {
    // A page of a proxy before the provider: its words are nothing for the client.
  }
  const byClass = status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error';
  return {
    type: TYPE_OF_STATUS.get(status) ?? errorType(error) ?? byClass,
    message: errorMessage(error) ?? `The provider answered with status ${status}`,
  };
}

/** `error` of an error event, or of a document that is no answer. */
export function readErrorObject(error: JsonView | undefined): AnswerError {
  return { type: errorType(error) ?? 'api_error', message: errorMessage(error) ?? 'The provider told of an error' };
}

function errorType(error: JsonView | undefined): ErrorType | undefined {
  const type = error?.textOf('type');
  // A member of the set is one of its members.
  return type !== undefined && TYPES.has(type) ? (type as ErrorType) : undefined;
}

function errorMessage(error: JsonView | undefined): string | undefined {
  return error?.textOf('message') || error?.text() || undefined;
}
