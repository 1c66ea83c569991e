/**
 * A Chat Completions request → a Messages request, for clients of OpenAI's API whose request goes to a provider of
 * another dialect. Texts, schemas and images are copied as bytes.
 *
 * Left out, as Anthropic's own endpoint for OpenAI clients does
 * (https://platform.claude.com/docs/en/api/openai-sdk): `frequency_penalty`, `presence_penalty`, `seed`, `store`,
 * `metadata`, `service_tier`, `prediction`, `prompt_cache_key`, `verbosity` and all that is not known; with a warning in
 * the log what a client would miss in its answer.
 */
import { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { claudeVersion, NO_SAMPLERS_SINCE, ONE_SAMPLER_SINCE } from '../anthropic/claude-version';
import type { RequestContext } from '../dialect';
import { quoted, type Write } from './from-content';
import { readMessages, writeArray } from './from-messages';
import { readReasoning } from './from-reasoning';
import { readTools } from './from-tools';

const MISSED = ['logprobs', 'logit_bias', 'audio', 'web_search_options'];
/** For `response_format: {"type":"json_object"}`, which the Messages API does not have. */
const JSON_ONLY = 'Answer with one valid JSON object and nothing else: no words before or after it, and no code fence.';

/**
 * @param request a valid Chat Completions request: an object
 * @returns the body of a Messages request
 * @throws BadDocument for what the client did wrong or a Messages request cannot say; its message is the client's
 */
export function translateChatRequest(request: JsonView, context: RequestContext): Buffer {
  checkOneAnswer(request);
  for (const name of MISSED) {
    const member = request.get(name);
    if (member !== undefined && member.raw() !== 'false') context.warn(`${name} is left out`);
  }
  const warn = (message: string) => context.warn(message);
  const { dialect } = context.provider;
  const conversation = readMessages(request.get('messages'), dialect === 'anthropic');
  const plan = readTools(request, warn);
  const format = readFormat(request, warn);
  const reasoning = readReasoning(
    request,
    { dialect, model: context.model, forcedTool: plan.forced, continues: conversation.continues },
    warn,
  );

  const out = new JsonPieces().add(`{"model":${JSON.stringify(context.model)}`);
  if (reasoning.maxTokens !== null) out.add(`,"max_tokens":${reasoning.maxTokens}`);
  if (context.stream) out.add(',"stream":true');
  const system = [...conversation.system];
  if (format === 'json') system.push((pieces) => pieces.add(`{"type":"text","text":${JSON.stringify(JSON_ONLY)}}`));
  if (system.length > 0) writeArray(out.add(',"system":'), system);
  conversation.write(out.add(',"messages":'));
  if (plan.tools.length > 0) writeArray(out.add(',"tools":'), plan.tools);
  if (plan.choice !== null) out.add(`,"tool_choice":${plan.choice}`);
  if (reasoning.thinking !== null) out.add(`,"thinking":${reasoning.thinking}`);
  addOutputConfig(out, reasoning.effort, typeof format === 'function' ? format : null);
  addSampling(out, request, context, reasoning.thinking !== null);
  addStops(out, request);
  addUser(out, request);
  return out.add('}').toBuffer();
}

function checkOneAnswer(request: JsonView): void {
  const answers = request.get('n');
  if (answers !== undefined && answers.raw() !== '1') {
    throw new BadDocument('n: Input should be 1; the provider gives one answer to a request');
  }
}

/** A schema's writer, `json` for any object, or null for text. */
function readFormat(request: JsonView, warn: (message: string) => void): Write | 'json' | null {
  const format = request.get('response_format');
  if (format === undefined) return null;
  const type = format.textOf('type');
  if (type === 'text') return null;
  if (type === 'json_object') return 'json';
  if (type !== 'json_schema') {
    warn(`response_format of type ${quoted(type ?? format.kind)} is left out`);
    return null;
  }
  const schema = format.get('json_schema')?.get('schema');
  if (schema === undefined) throw new BadDocument('response_format.json_schema.schema: Field required');
  if (schema.kind !== 'object') {
    throw new BadDocument('response_format.json_schema.schema: Input should be a JSON schema: an object');
  }
  return (out) => out.add('{"type":"json_schema","schema":').raw(schema).add('}');
}

function addOutputConfig(out: JsonPieces, effort: string | null, format: Write | null): void {
  if (effort === null && format === null) return;
  out.add(',"output_config":{');
  if (effort !== null) out.add(`"effort":"${effort}"`);
  if (format !== null) format(out.add(effort === null ? '"format":' : ',"format":'));
  out.add('}');
}

/** OpenAI's temperature goes up to 2, Anthropic's to 1; with thinking, and for its latest models, it takes none at all. */
function addSampling(out: JsonPieces, request: JsonView, context: RequestContext, thinking: boolean): void {
  let temperature = readNumber(request, 'temperature');
  let topP = readNumber(request, 'top_p');
  if (context.provider.dialect === 'anthropic') {
    const version = claudeVersion(context.model);
    if (thinking || (version !== null && version >= NO_SAMPLERS_SINCE)) {
      if ((temperature ?? 1) !== 1 || (topP ?? 1) !== 1) {
        context.warn(
          `temperature and top_p are left out: ${thinking ? 'the model is to think' : 'the model takes none'}`,
        );
      }
      return;
    }
    if (temperature !== null) temperature = Math.min(temperature, 1);
    if (temperature !== null && topP !== null && version !== null && version >= ONE_SAMPLER_SINCE) {
      if (topP !== 1) context.warn('top_p is left out: the model takes either temperature or top_p');
      topP = null;
    }
  }
  if (temperature !== null) out.add(`,"temperature":${temperature}`);
  if (topP !== null) out.add(`,"top_p":${topP}`);
}

function readNumber(request: JsonView, name: string): number | null {
  const member = request.get(name);
  if (member === undefined) return null;
  const value = member.kind === 'number' ? member.value() : null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new BadDocument(`${name}: Input should be a valid number`);
}

/** Anthropic refuses a sequence of nothing but space. */
function addStops(out: JsonPieces, request: JsonView): void {
  const stop = request.get('stop');
  if (stop === undefined) return;
  const texts = (stop.kind === 'array' ? stop.items() : [stop]).map((item) => item.text());
  if (texts.includes(undefined)) throw new BadDocument('stop: Input should be a string or an array of strings');
  const sequences = texts.filter((text) => text !== undefined && text.trim() !== '');
  if (sequences.length > 0) out.add(`,"stop_sequences":${JSON.stringify(sequences)}`);
}

/** `safety_identifier` is what OpenAI renamed `user` to. */
function addUser(out: JsonPieces, request: JsonView): void {
  const user = request.textOf('user') || request.textOf('safety_identifier');
  if (user) out.add(`,"metadata":{"user_id":${JSON.stringify(user)}}`);
}
