/**
 * Every error that CCProxy itself answers with: one table, stable types, the status that goes with each.
 * Types and statuses are those of the Anthropic Messages API, so that its clients react to them as they should.
 */
export const ERROR_STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  method_not_allowed_error: 405,
  request_too_large: 413,
  /** An operator's command that could not be carried out; the message says why. */
  operation_failed_error: 422,
  rate_limit_error: 429,
  request_header_fields_too_large: 431,
  /** A bug of ours; `api_error` is a provider that could not be reached. */
  internal_error: 500,
  api_error: 502,
  not_implemented_error: 501,
  overloaded_error: 503,
  service_error: 503,
  timeout_error: 504,
} as const;

export type ErrorType = keyof typeof ERROR_STATUS;

export interface ProxyError {
  type: ErrorType;
  message: string;
  /** Where it is not the one that goes with the type: a provider's own. */
  status?: number;
  /** Seconds, for the `retry-after` header. */
  retryAfter?: number;
}

/** The body of an error on the operator's pages (`/status`, `/metrics`, `/health`). */
export function adminErrorBody(error: ProxyError): string {
  return JSON.stringify({ error: { type: error.type, message: error.message } });
}

/** The body of an error on the API pages (`/v1/…`): Anthropic's shape. */
export function apiErrorBody(error: ProxyError, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type: error.type, message: error.message },
    request_id: requestId,
  });
}

/** The status to answer with. */
export function statusOf(error: ProxyError): number {
  return error.status ?? ERROR_STATUS[error.type];
}
