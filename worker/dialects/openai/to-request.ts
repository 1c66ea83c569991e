/** A Messages request as one to `/v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat/create). */
import { createHash } from 'node:crypto';
import { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { escapeText } from '../answer';
import type { RequestContext, TranslatedRequest } from '../dialect';
import { fitsStrict } from './strict-schema';
import { Conversation } from './to-messages';
import { askThinking } from './to-thinking';
import { forcesTool, readTools, writeTools } from './to-tools';
import { optional, required, Translation } from './translation';

/** OpenAI's limit for `user` (`string_above_max_length`); Claude Code's own id is longer. */
const MAX_USER_LENGTH = 64;
/** Larger ones are not looked through. */
const MAX_STRICT_SCHEMA_BYTES = 64 * 1024;

/** @throws BadDocument */
export function translateRequest(request: JsonView, context: RequestContext): TranslatedRequest {
  const translation = new Translation(context);
  const { quirks } = translation;
  const messages = required(request, 'messages', 'array', 'messages');
  const tools = readTools(request, translation);
  const schema = structuredSchema(request);

  const pieces = new JsonPieces();
  pieces.add(`{"model":${JSON.stringify(context.model)},"messages":`);
  const instruction = schema !== undefined && quirks.structured === 'json_object' ? schemaInstruction(schema) : '';
  new Conversation(pieces, translation).write(request.get('system'), messages, instruction);
  writeTools(pieces, request, tools, translation);

  const maxTokens = optional(request, 'max_tokens', 'number', 'max_tokens');
  if (maxTokens !== undefined) pieces.add(`,"${quirks.outputLimit}":${maxTokens.raw()}`);
  const asked = {
    hasTools: tools.offered.length > 0,
    forcesTool: forcesTool(request, tools),
    maxTokens: Number(maxTokens?.raw() ?? 0),
  };
  pieces.add(askThinking(request, asked, translation));
  pieces.add(sampling(request, translation) + stopMember(request, translation) + userMember(request, translation));
  if (schema !== undefined) writeFormat(pieces, schema, translation);
  for (const member of quirks.members) pieces.add(`,${member}`);
  if (context.stream)
    pieces.add(`,"stream":true${quirks.streamUsage ? ',"stream_options":{"include_usage":true}' : ''}`);
  pieces.add('}');
  return { path: '/v1/chat/completions', body: pieces.toBuffer(), headers: [] };
}

function sampling(request: JsonView, { quirks }: Translation): string {
  const read = (name: string, accepted: boolean) => {
    const value = optional(request, name, 'number', name);
    return value === undefined || !accepted ? '' : `,"${name}":${value.raw()}`;
  };
  return (
    read('temperature', quirks.sampling) +
    read('top_p', quirks.sampling) +
    read('top_k', quirks.sampling && quirks.topK)
  );
}

function stopMember(request: JsonView, translation: Translation): string {
  const stops = optional(request, 'stop_sequences', 'array', 'stop_sequences')?.items() ?? [];
  if (stops.some(({ kind }) => kind !== 'string')) {
    throw new BadDocument('stop_sequences: Input should be a list of valid strings');
  }
  const { maxStops } = translation.quirks;
  if (stops.length > maxStops)
    translation.leftOut(maxStops === 0 ? 'stop_sequences' : `stop sequences beyond ${maxStops}`);
  const kept = stops.slice(0, maxStops).map((stop) => stop.raw());
  return kept.length === 0 ? '' : `,"stop":[${kept.join()}]`;
}

/** Who asks, for the provider's limits: as it came where it fits, else a digest, which tells users apart as well. */
function userMember(request: JsonView, { quirks }: Translation): string {
  const user = request.get('metadata')?.textOf('user_id') ?? '';
  if (user === '' || !quirks.user) return '';
  const short = user.length <= MAX_USER_LENGTH ? user : createHash('sha256').update(user).digest('hex');
  return `,"user":"${escapeText(short)}"`;
}

/** The schema that the answer is to have: of `output_config.format`, or of `output_format` as it was called in beta. */
function structuredSchema(request: JsonView): JsonView | undefined {
  const config = request.get('output_config')?.get('format');
  const format = config ?? request.get('output_format');
  if (format?.textOf('type') !== 'json_schema') return undefined;
  const path = config === undefined ? 'output_format' : 'output_config.format';
  return required(format, 'schema', 'object', `${path}.schema`);
}

function schemaInstruction(schema: JsonView): string {
  return escapeText(
    `Answer with one JSON object and nothing else. It must be valid under this JSON Schema:\n${schema.raw()}`,
  );
}

function writeFormat(pieces: JsonPieces, schema: JsonView, { quirks }: Translation): void {
  if (quirks.structured === 'json_object') {
    pieces.add(',"response_format":{"type":"json_object"}');
    return;
  }
  pieces.add(',"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":').raw(schema);
  const strict = schema.size <= MAX_STRICT_SCHEMA_BYTES && fitsStrict(schema.value());
  pieces.add(strict ? ',"strict":true}}' : '}}');
}
