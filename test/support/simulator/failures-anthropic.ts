/** https://docs.anthropic.com/en/api/errors */
import { errorBody } from '../anthropic-wire';
import { type FailureAnswer, type FailureFacts, OVERFLOW } from './failure-facts';

export function anthropicFailure({ kind, model, retryAfter }: FailureFacts): FailureAnswer {
  switch (kind) {
    case 'auth':
      return says(401, 'authentication_error', 'invalid x-api-key');
    case 'rate_limit': {
      const message = `This request would exceed your organization's rate limit of 30,000 input tokens per minute (model: ${model}).`;
      return {
        ...says(429, 'rate_limit_error', message),
        headers: { 'retry-after': retryAfter, 'x-should-retry': 'true' },
      };
    }
    case 'context_overflow': {
      const { input, max, limit } = OVERFLOW;
      const message = `input length and \`max_tokens\` exceed context limit: ${input} + ${max} > ${limit}, decrease input length or \`max_tokens\` and try again`;
      return says(400, 'invalid_request_error', message);
    }
    case 'overloaded':
      return says(529, 'overloaded_error', 'Overloaded');
    case 'server':
      return says(500, 'api_error', 'Internal server error');
    case 'not_found':
      return says(404, 'not_found_error', `model: ${model}`);
    case 'content_filter':
      return says(400, 'invalid_request_error', 'Output blocked by content filtering policy');
    case 'billing':
      return says(402, 'billing_error', 'Your credit balance is too low to access the Anthropic API.');
  }
}

function says(status: number, type: string, message: string): FailureAnswer {
  return { status, body: errorBody(type, message, 'req_sim_failure') };
}
