/** https://ai.google.dev/gemini-api/docs/troubleshooting, in the shape of https://cloud.google.com/apis/design/errors */
import { type FailureAnswer, type FailureFacts, OVERFLOW } from './failure-facts';

export function geminiFailure({ kind, model, retryAfter, key }: FailureFacts): FailureAnswer {
  switch (kind) {
    case 'auth': {
      const message = key.startsWith('****')
        ? 'API key not valid. Please pass a valid API key.'
        : `API key not valid: ${key}`;
      const detail = { '@type': `${TYPE}ErrorInfo`, reason: 'API_KEY_INVALID', domain: 'googleapis.com' };
      return says(400, 'INVALID_ARGUMENT', message, [detail]);
    }
    case 'rate_limit': {
      const violation = { quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests' };
      return says(429, 'RESOURCE_EXHAUSTED', `${QUOTA}\nPlease retry in ${retryAfter}.2s.`, [
        { '@type': `${TYPE}QuotaFailure`, violations: [violation] },
        // No header says it; this does.
        { '@type': `${TYPE}RetryInfo`, retryDelay: `${retryAfter}s` },
      ]);
    }
    case 'context_overflow': {
      const message = `The input token count (${OVERFLOW.limit + OVERFLOW.input}) exceeds the maximum number of tokens allowed (${OVERFLOW.limit}).`;
      return says(400, 'INVALID_ARGUMENT', message);
    }
    case 'overloaded':
      return says(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.');
    case 'server':
      return says(500, 'INTERNAL', 'An internal error has occurred. Please retry.');
    case 'not_found': {
      const message = `models/${model} is not found for API version v1beta, or is not supported for generateContent.`;
      return says(404, 'NOT_FOUND', message);
    }
    case 'content_filter':
      return says(400, 'INVALID_ARGUMENT', 'The prompt was blocked: it contains prohibited content.');
    case 'billing':
      return says(400, 'FAILED_PRECONDITION', 'Please enable billing on your project in Google AI Studio.');
  }
}

const TYPE = 'type.googleapis.com/google.rpc.';
const QUOTA = 'You exceeded your current quota, please check your plan and billing details.';

function says(status: number, code: string, message: string, details: unknown[] = []): FailureAnswer {
  return {
    status,
    body: { error: { code: status, message, status: code, ...(details.length > 0 ? { details } : {}) } },
  };
}
