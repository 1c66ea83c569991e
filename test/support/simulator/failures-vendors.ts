/**
 * Failures of other providers of OpenAI's dialect, as their documentation and their users' reports have them:
 * https://openrouter.ai/docs/api/reference/errors-and-debugging, https://api-docs.deepseek.com/quick_start/error_codes,
 * https://console.groq.com/docs/errors, https://docs.mistral.ai/api, https://docs.x.ai/docs/key-information/debugging,
 * https://docs.ollama.com/api/errors.
 */
import { type FailureAnswer, type FailureFacts, type FailureKind, OVERFLOW } from './failure-facts';
import type { Vendor } from './turn';

type Said = [status: number, message: string, more?: Record<string, unknown>];
type Sayings = Record<FailureKind, Said>;
type Special = Exclude<Vendor, 'openai' | 'azure'>;

export function vendorFailure(vendor: Special, facts: FailureFacts): FailureAnswer {
  const [status, message, more = {}] = SAYINGS[vendor](facts)[facts.kind];
  const answer = { status, body: SHAPES[vendor](status, message, more) };
  const waits = facts.kind === 'rate_limit' && vendor !== 'xai' && vendor !== 'ollama';
  return waits ? { ...answer, headers: { 'retry-after': facts.retryAfter } } : answer;
}

const openAiLike = (_: number, message: string, more: Record<string, unknown>) => ({
  error: { message, param: null, ...more },
});

const SHAPES: Record<Special, (status: number, message: string, more: Record<string, unknown>) => unknown> = {
  openrouter: (code, message, metadata) => ({
    error: { message, code, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) },
    user_id: 'user_sim',
  }),
  deepseek: openAiLike,
  groq: openAiLike,
  mistral: (status, message, more) =>
    status === 401 ? { detail: message } : { object: 'error', message, param: null, ...more, raw_status_code: status },
  xai: (_, error, more) => ({ ...more, error }),
  ollama: openAiLike,
};

const { input, max, limit } = OVERFLOW;
const LONG = `This model's maximum context length is ${limit} tokens. However, you requested ${input + max} tokens (${input} in the messages, ${max} in the completion). Please reduce the length of the messages or completion.`;
const BAD = { type: 'invalid_request_error', code: 'invalid_request_error' };

const SAYINGS: Record<Special, (facts: FailureFacts) => Sayings> = {
  openrouter: ({ model, key }) => ({
    auth: [401, `No auth credentials found for ${key}`],
    rate_limit: [
      429,
      'Provider returned error',
      { raw: `${model} is temporarily rate-limited upstream`, provider_name: 'Sim' },
    ],
    context_overflow: [
      400,
      `This endpoint's maximum context length is ${limit} tokens. However, you requested about ${input + max} tokens (${input} of text input, ${max} in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.`,
    ],
    overloaded: [503, 'Provider returned error', { raw: 'The model is overloaded', provider_name: 'Sim' }],
    server: [502, 'Provider returned error', { raw: 'upstream connect error', provider_name: 'Sim' }],
    not_found: [404, `No endpoints found for ${model}.`],
    content_filter: [403, 'Input was flagged', { reasons: ['violence'], flagged_input: '…', provider_name: 'Sim' }],
    billing: [402, 'Insufficient credits. Add more using https://openrouter.ai/settings/credits'],
  }),
  deepseek: ({ key }) => ({
    auth: [401, `Authentication Fails, Your api key: ${key} is invalid`, { ...BAD, type: 'authentication_error' }],
    rate_limit: [429, 'Rate limit reached', { ...BAD, type: 'rate_limit_error' }],
    context_overflow: [400, LONG, BAD],
    overloaded: [
      503,
      'Service is too busy. Please try again later.',
      { type: 'service_unavailable_error', code: null },
    ],
    server: [500, 'Internal Server Error', { type: 'server_error', code: null }],
    not_found: [400, 'Model Not Exist', BAD],
    content_filter: [400, 'Content Exists Risk', BAD],
    billing: [402, 'Insufficient Balance', { ...BAD, type: 'unknown_error' }],
  }),
  groq: ({ model, retryAfter }) => ({
    auth: [401, 'Invalid API Key', { type: 'invalid_request_error', code: 'invalid_api_key' }],
    rate_limit: [
      429,
      `Rate limit reached for model \`${model}\` in organization \`org_sim\` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in ${retryAfter}s.`,
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ],
    context_overflow: [
      400,
      'Please reduce the length of the messages or completion.',
      { type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' },
    ],
    overloaded: [
      503,
      `${model} is currently over capacity. Please try again later.`,
      { type: 'internal_server_error' },
    ],
    server: [500, 'Internal Server Error', { type: 'internal_server_error' }],
    not_found: [
      404,
      `The model \`${model}\` does not exist or you do not have access to it.`,
      { code: 'model_not_found' },
    ],
    content_filter: [400, 'Request was flagged.', { type: 'invalid_request_error', code: 'content_policy_violation' }],
    billing: [
      402,
      'Your organization has reached its spend limit.',
      { type: 'invalid_request_error', code: 'spend_limit' },
    ],
  }),
  mistral: ({ model }) => ({
    auth: [401, 'Unauthorized'],
    rate_limit: [429, 'Rate limit exceeded', { type: 'rate_limited', code: '1300' }],
    context_overflow: [
      400,
      `Prompt contains ${limit + input} tokens and 0 draft tokens, too large for model with ${limit} maximum context length`,
      { type: 'invalid_request_prompt', code: '3051' },
    ],
    overloaded: [503, 'Service unavailable.', { type: 'unavailable', code: '3000' }],
    server: [500, 'Service unavailable.', { type: 'internal_server_error', code: '1000' }],
    not_found: [400, `Invalid model: ${model}`, { type: 'invalid_model', code: '1500' }],
    content_filter: [403, 'The request was blocked by guardrails.', { type: 'guardrail', code: '3100' }],
    billing: [402, 'You have no credits left.', { type: 'payment_required', code: '1200' }],
  }),
  xai: ({ model, key }) => ({
    auth: [400, `Incorrect API key provided: ${key}. You can obtain an API key from https://console.x.ai.`, ARGUMENT],
    rate_limit: [
      429,
      `Too many requests for team sim and model ${model}.`,
      { code: 'Some resource has been exhausted' },
    ],
    context_overflow: [
      400,
      `This model's maximum prompt length is ${limit} but the request contains ${limit + input} tokens.`,
      ARGUMENT,
    ],
    overloaded: [
      503,
      'The model is at capacity. Please try again later.',
      { code: 'The service is currently unavailable' },
    ],
    server: [500, 'Internal error', { code: 'Internal error' }],
    not_found: [404, `The model ${model} does not exist.`, { code: 'Some requested entity was not found' }],
    content_filter: [403, 'Content violates usage guidelines.', PERMISSION],
    billing: [403, 'Your team has either used all available credits or reached its spending limit.', PERMISSION],
  }),
  ollama: ({ model }) => ({
    auth: [401, 'unauthorized', { type: 'authentication_error', code: null }],
    rate_limit: [429, 'you have reached your hourly usage limit', { type: 'rate_limit_error', code: null }],
    context_overflow: [
      400,
      'the input length exceeds the context length',
      { type: 'invalid_request_error', code: null },
    ],
    overloaded: [
      503,
      'server busy, please try again.  maximum pending requests exceeded',
      { type: 'api_error', code: null },
    ],
    server: [500, 'llama runner process has terminated: exit status 2', { type: 'api_error', code: null }],
    not_found: [404, `model '${model}' not found`, { type: 'not_found_error', code: null }],
    content_filter: [400, 'refused', { type: 'invalid_request_error', code: null }],
    billing: [402, 'this model requires a subscription', { type: 'api_error', code: null }],
  }),
};

const ARGUMENT = { code: 'Client specified an invalid argument' };
const PERMISSION = { code: 'The caller does not have permission to execute the specified operation' };
