/** https://platform.openai.com/docs/guides/error-codes */
import { type FailureAnswer, type FailureFacts, OVERFLOW } from './failure-facts';

export function openAiFailure({ kind, model, retryAfter, key }: FailureFacts): FailureAnswer {
  switch (kind) {
    case 'auth': {
      const message = `Incorrect API key provided: ${key}. You can find your API key at https://platform.openai.com/account/api-keys.`;
      return says(401, message, 'invalid_request_error', 'invalid_api_key');
    }
    case 'rate_limit': {
      const message = `Rate limit reached for ${model} in organization org-sim on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in ${retryAfter}s.`;
      const headers = {
        'retry-after': retryAfter,
        'retry-after-ms': retryAfter * 1000,
        'x-ratelimit-remaining-tokens': 0,
      };
      return { ...says(429, message, 'tokens', 'rate_limit_exceeded'), headers };
    }
    case 'context_overflow': {
      const { input, max, limit } = OVERFLOW;
      const message = `This model's maximum context length is ${limit} tokens. However, you requested ${input + max} tokens (${input} in the messages, ${max} in the completion). Please reduce the length of the messages or completion.`;
      return says(400, message, 'invalid_request_error', 'context_length_exceeded', 'messages');
    }
    case 'overloaded':
      return says(503, 'The engine is currently overloaded, please try again later', 'server_error', null);
    case 'server':
      return says(500, SERVER, 'server_error', null);
    case 'not_found': {
      const message = `The model \`${model}\` does not exist or you do not have access to it.`;
      return says(404, message, 'invalid_request_error', 'model_not_found');
    }
    case 'content_filter': {
      const message = 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.';
      return says(400, message, 'invalid_request_error', 'invalid_prompt');
    }
    case 'billing': {
      const message = 'You exceeded your current quota, please check your plan and billing details.';
      return says(429, message, 'insufficient_quota', 'insufficient_quota');
    }
  }
}

export const SERVER = 'The server had an error while processing your request. Sorry about that!';

function says(
  status: number,
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): FailureAnswer {
  return { status, body: { error: { message, type, param, code } } };
}
