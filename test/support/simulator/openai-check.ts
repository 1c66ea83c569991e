/**
 * A Chat Completions request as OpenAI documents it (https://platform.openai.com/docs/api-reference/chat/create), with
 * its own words for what it does not take; and where other providers of the dialect are known to be stricter, theirs.
 */
import { checkMessages } from './openai-check-messages';
import { checkFormat, checkTools } from './openai-check-tools';
import { empty, notKnown, wrongType } from './openai-refusals';
import { isList, isObject, isString, type JsonObject, Refused, unknownMember } from './refused';
import type { Vendor } from './turn';

const COMMON = [
  ...['messages', 'model', 'frequency_penalty', 'max_tokens', 'n', 'parallel_tool_calls', 'prediction'],
  ...['presence_penalty', 'response_format', 'stop', 'stream', 'temperature', 'tool_choice', 'tools', 'top_p'],
  ...['reasoning_effort', 'metadata'],
];
const OPENAI = [
  ...COMMON,
  ...['audio', 'function_call', 'functions', 'logit_bias', 'logprobs', 'max_completion_tokens', 'modalities'],
  ...['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'seed', 'service_tier', 'store'],
  ...['stream_options', 'top_logprobs', 'user', 'verbosity', 'web_search_options'],
];
const MEMBERS: Record<Vendor, readonly string[]> = {
  openai: OPENAI,
  azure: OPENAI,
  groq: [...OPENAI, 'reasoning_format', 'include_reasoning'],
  deepseek: [...OPENAI, 'thinking'],
  openrouter: [
    ...OPENAI,
    'reasoning',
    'include_reasoning',
    'provider',
    'models',
    'plugins',
    'transforms',
    'usage',
    'top_k',
  ],
  // https://docs.mistral.ai/api: no `user`, no `stream_options`, no `max_completion_tokens`.
  mistral: [...COMMON, 'random_seed', 'safe_prompt', 'prompt_mode'],
  xai: [...OPENAI, 'search_parameters'],
  ollama: [...OPENAI, 'top_k'],
};
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/**
 * @param thinking members in which this provider told its thinking: they may come back
 * @throws Refused
 */
export function checkChatRequest(body: JsonObject, vendor: Vendor, thinking: readonly string[]): void {
  const unknown = unknownMember(body, MEMBERS[vendor]);
  if (unknown !== undefined) throw notKnown(unknown, vendor);
  if (!isString(body['model']) || body['model'] === '') throw new Refused('you must provide a model parameter');
  checkTools(body);
  checkLimits(body);
  if (vendor === 'openai' || vendor === 'azure') checkForModel(body, body['model']);
  checkFormat(body['response_format']);
  if (!isList(body['messages']) || body['messages'].length === 0) throw empty('messages');
  checkMessages(body['messages'], vendor, thinking);
}

function checkLimits(body: JsonObject): void {
  const { stop, stream, stream_options: options, metadata } = body;
  const isStop = (value: unknown) => isString(value) && value !== '';
  if (stop !== undefined && stop !== null && !isStop(stop) && !(isList(stop) && stop.every(isStop))) {
    throw wrongType('stop', 'a string or an array of strings');
  }
  if (isList(stop) && (stop.length === 0 || stop.length > 4)) {
    const message = `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stop.length} instead.`;
    throw new Refused(message, { param: 'stop', code: 'array_above_max_length' });
  }
  if (stream !== undefined && typeof stream !== 'boolean') throw wrongType('stream', 'a boolean');
  if (options !== undefined) {
    if (stream !== true) {
      throw new Refused(`The 'stream_options' parameter is only allowed when 'stream' is enabled.`, {
        param: 'stream_options',
      });
    }
    if (!isObject(options)) throw wrongType('stream_options', 'an object');
    const unknown = unknownMember(options, ['include_usage', 'include_obfuscation']);
    if (unknown !== undefined) throw notKnown(`stream_options.${unknown}`, 'openai');
  }
  if (metadata !== undefined && body['store'] !== true) {
    throw new Refused(`The 'metadata' parameter is only allowed when 'store' is enabled.`, { param: 'metadata' });
  }
  for (const [name, least, most] of RANGES) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || value < least || value > most) {
      throw new Refused(`Invalid '${name}': ${JSON.stringify(value)}.`, { param: name, code: 'invalid_value' });
    }
  }
  for (const name of ['user', 'safety_identifier', 'prompt_cache_key']) {
    if (body[name] !== undefined && !isString(body[name])) throw wrongType(name, 'a string');
  }
  const effort = body['reasoning_effort'];
  if (effort !== undefined && !(isString(effort) && EFFORTS.includes(effort))) {
    throw new Refused(`Invalid value: '${effort}'.`, { param: 'reasoning_effort', code: 'invalid_value' });
  }
}

const RANGES: readonly [name: string, least: number, most: number][] = [
  ['temperature', 0, 2],
  ['top_p', 0, 1],
  ['frequency_penalty', -2, 2],
  ['presence_penalty', -2, 2],
  ['max_tokens', 1, Number.MAX_SAFE_INTEGER],
  ['max_completion_tokens', 1, Number.MAX_SAFE_INTEGER],
];

/** What reasoning models do not take; https://platform.openai.com/docs/guides/reasoning and …/latest-model. */
function checkForModel(body: JsonObject, model: string): void {
  const unsupported = (name: string, instead = '') => {
    const message = `Unsupported parameter: '${name}' is not supported with this model.${instead}`;
    return new Refused(message, { param: name, code: 'unsupported_parameter' });
  };
  if (body['max_tokens'] !== undefined && body['max_completion_tokens'] !== undefined) {
    throw new Refused(`Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.`);
  }
  if (/^gpt-(?:3|4)/.test(model) && body['reasoning_effort'] !== undefined) throw unsupported('reasoning_effort');
  if (!/^(?:o\d|gpt-5)/.test(model)) return;
  if (body['max_tokens'] !== undefined) throw unsupported('max_tokens', ` Use 'max_completion_tokens' instead.`);
  if (body['temperature'] !== undefined && body['temperature'] !== 1) {
    const message = `Unsupported value: 'temperature' does not support ${body['temperature']} with this model. Only the default (1) value is supported.`;
    throw new Refused(message, { param: 'temperature', code: 'unsupported_value' });
  }
  if (body['top_p'] !== undefined && body['top_p'] !== 1) throw unsupported('top_p');
  if (/^(?:o3|o4-mini)/.test(model) && body['stop'] !== undefined) throw unsupported('stop');
}
