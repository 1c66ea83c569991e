/** What a client is told when a provider gave no (whole) answer. */
import type { ProxyError } from '../../shared/errors';
import type { UpstreamError } from '../upstream/upstream';

export function answerToUpstreamError(error: UpstreamError, provider: string): ProxyError {
  const message = `${error.message} (provider ${JSON.stringify(provider)})`;
  switch (error.reason) {
    case 'first_byte_timeout':
    case 'idle_timeout':
      return { type: 'timeout_error', message };
    case 'queue_full':
      return { type: 'overloaded_error', message, retryAfter: 1 };
    case 'bad_request':
      return { type: 'invalid_request_error', message };
    default:
      return { type: 'api_error', message };
  }
}
