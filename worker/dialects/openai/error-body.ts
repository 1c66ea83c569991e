/** Our errors in OpenAI's shape (https://platform.openai.com/docs/guides/error-codes): its SDKs read `error` and the status. */
import type { ErrorType, ProxyError } from '../../../shared/errors';

interface OpenAiKind {
  type: string;
  code: string | null;
}

const KINDS: Readonly<Record<ErrorType, OpenAiKind>> = {
  invalid_request_error: { type: 'invalid_request_error', code: null },
  authentication_error: { type: 'invalid_request_error', code: 'invalid_api_key' },
  billing_error: { type: 'insufficient_quota', code: 'insufficient_quota' },
  permission_error: { type: 'invalid_request_error', code: 'permission_denied' },
  /** In a chat completion it is a model or a provider that is not there. */
  not_found_error: { type: 'invalid_request_error', code: 'model_not_found' },
  method_not_allowed_error: { type: 'invalid_request_error', code: 'method_not_allowed' },
  request_too_large: { type: 'invalid_request_error', code: 'request_too_large' },
  operation_failed_error: { type: 'server_error', code: null },
  rate_limit_error: { type: 'requests', code: 'rate_limit_exceeded' },
  request_header_fields_too_large: { type: 'invalid_request_error', code: 'request_header_fields_too_large' },
  internal_error: { type: 'server_error', code: null },
  api_error: { type: 'server_error', code: null },
  not_implemented_error: { type: 'server_error', code: 'not_implemented' },
  overloaded_error: { type: 'server_error', code: 'server_is_overloaded' },
  service_error: { type: 'server_error', code: 'server_is_overloaded' },
  timeout_error: { type: 'server_error', code: 'timeout' },
};

/** Anthropic's words for it; a client that compacts its conversation looks for OpenAI's code. */
const CONTEXT_OVERFLOW = /exceeds? (?:the )?context|context (?:window|length)|prompt is too long/i;

/** The body of an error answer. SDKs read its `error` and ignore `request_id`, which is for whoever reads a log. */
export function chatErrorBody(error: ProxyError, requestId: string): string {
  return JSON.stringify({ error: errorObject(error), request_id: requestId });
}

/** The last event of a stream that failed: the official SDKs throw at it. */
export function chatStreamError(error: ProxyError): string {
  return `data: ${JSON.stringify({ error: errorObject(error) })}\n\n`;
}

function errorObject({ type, message }: ProxyError) {
  const kind = KINDS[type];
  const overflow = type === 'invalid_request_error' && CONTEXT_OVERFLOW.test(message);
  return { message, type: kind.type, param: null, code: overflow ? 'context_length_exceeded' : kind.code };
}
