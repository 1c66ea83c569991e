/** The body of a call, checked once; what the reply needs of it, and nothing else. Pure. */
import { isObject, type JsonObject, textAt, valueAt } from '../json/parsed';
import { estimateTokens } from './tokens';

/** The client's mistake: answered with 400 `invalid_request_error` and this message. */
export class InvalidRequest extends Error {}

/** One call of the Messages API as far as the sandbox looks at it. */
export interface SandboxRequest {
  model: string;
  /** 0 is allowed: it fills a prompt cache without an answer. */
  maxTokens: number;
  stream: boolean;
  stopSequences: string[];
  /** `omitted`: the block comes with a signature and without text. */
  thinking: 'off' | 'shown' | 'omitted';
  /** Tools that the client runs; server tools are left out. */
  tools: SandboxTool[];
  toolChoice: { type: 'auto' | 'any' | 'none' } | { type: 'tool'; name: string };
  /** The JSON Schema of `output_config.format`, or null. */
  outputSchema: JsonObject | null;
  lastTurn: UserTurn;
  inputTokens: number;
}

export interface SandboxTool {
  name: string;
  inputSchema: JsonObject;
  /** `defer_loading`: the model does not see it yet, so only `tool_choice` reaches it. */
  deferred: boolean;
}

/** Everything that the user said since the assistant spoke last. */
export interface UserTurn {
  /** Without `<system-reminder>` blocks, which the client adds on its own. */
  texts: string[];
  toolResults: { text: string; isError: boolean }[];
}

/** The body of `POST /v1/messages`. Throws {@link InvalidRequest}. */
export function parseMessagesRequest(json: string): SandboxRequest {
  const body = parseBody(json);
  const tools = arrayAt(body, 'tools').filter(isObject);
  return {
    model: modelOf(body),
    maxTokens: maxTokensOf(body),
    lastTurn: lastTurnOf(messagesOf(body)),
    stream: body['stream'] === true,
    stopSequences: arrayAt(body, 'stop_sequences').filter(isStopSequence),
    thinking: thinkingOf(body['thinking']),
    tools: tools.flatMap(toolOf),
    toolChoice: toolChoiceOf(body['tool_choice'], tools),
    outputSchema: outputSchemaOf(body['output_config']),
    inputTokens: inputTokensOf(body),
  };
}

/** The body of `POST /v1/messages/count_tokens`, counted. Throws {@link InvalidRequest}. */
export function countTokens(json: string): number {
  const body = parseBody(json);
  modelOf(body);
  messagesOf(body);
  return inputTokensOf(body);
}

function parseBody(json: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch (error) {
    throw new InvalidRequest(`The request body is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(body)) throw new InvalidRequest('The request body must be a JSON object');
  return body;
}

function modelOf(body: JsonObject): string {
  const model = body['model'];
  if (model === undefined) throw new InvalidRequest('model: Field required');
  if (typeof model !== 'string' || model === '') throw new InvalidRequest('model: must be a non-empty string');
  return model;
}

function maxTokensOf(body: JsonObject): number {
  const maxTokens = body['max_tokens'];
  if (maxTokens === undefined) throw new InvalidRequest('max_tokens: Field required');
  if (typeof maxTokens === 'number' && Number.isInteger(maxTokens) && maxTokens >= 0) return maxTokens;
  throw new InvalidRequest('max_tokens: must be an integer from 0 up');
}

function messagesOf(body: JsonObject): JsonObject[] {
  const messages = body['messages'];
  if (messages === undefined) throw new InvalidRequest('messages: Field required');
  if (!Array.isArray(messages)) throw new InvalidRequest('messages: must be an array');
  if (messages.length === 0) throw new InvalidRequest('messages: at least one message is required');
  return messages.map(checkedMessage);
}

function checkedMessage(message: unknown, index: number): JsonObject {
  const at = `messages.${index}`;
  if (!isObject(message)) throw new InvalidRequest(`${at}: must be an object`);
  if (!['user', 'assistant', 'system'].includes(textAt(message, 'role') ?? '')) {
    throw new InvalidRequest(`${at}.role: must be "user", "assistant" or "system"`);
  }
  const content = message['content'];
  if (typeof content === 'string' || (Array.isArray(content) && content.every(isObject))) return message;
  throw new InvalidRequest(`${at}.content: must be a string or an array of content blocks`);
}

function arrayAt(body: JsonObject, key: string): unknown[] {
  const value = body[key] ?? [];
  if (!Array.isArray(value)) throw new InvalidRequest(`${key}: must be an array`);
  return value;
}

function isStopSequence(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function thinkingOf(thinking: unknown): SandboxRequest['thinking'] {
  if (!isObject(thinking)) return 'off';
  if (thinking['type'] !== 'enabled' && thinking['type'] !== 'adaptive') return 'off';
  return thinking['display'] === 'omitted' ? 'omitted' : 'shown';
}

function toolOf(tool: JsonObject): SandboxTool[] {
  const name = textAt(tool, 'name');
  const inputSchema = valueAt(tool, 'input_schema');
  if (name === null || !isObject(inputSchema)) return [];
  return [{ name, inputSchema, deferred: tool['defer_loading'] === true }];
}

function toolChoiceOf(choice: unknown, tools: readonly JsonObject[]): SandboxRequest['toolChoice'] {
  if (!isObject(choice)) return { type: 'auto' };
  const { type, name } = choice;
  if (type === 'any' || type === 'none' || type === 'auto') return { type };
  if (type !== 'tool') throw new InvalidRequest('tool_choice.type: must be "auto", "any", "tool" or "none"');
  if (typeof name !== 'string') throw new InvalidRequest('tool_choice.name: Field required');
  if (tools.some((tool) => tool['name'] === name)) return { type, name };
  throw new InvalidRequest(`tool_choice.name: tool '${name.slice(0, 200)}' is not among the offered tools`);
}

function outputSchemaOf(outputConfig: unknown): JsonObject | null {
  const format = isObject(outputConfig) ? outputConfig['format'] : null;
  if (!isObject(format) || format['type'] !== 'json_schema') return null;
  if (isObject(format['schema'])) return format['schema'];
  throw new InvalidRequest('output_config.format.schema: must be an object');
}

function inputTokensOf(body: JsonObject): number {
  return estimateTokens([body['system'], body['messages'], body['tools']]);
}

function lastTurnOf(messages: readonly JsonObject[]): UserTurn {
  const end = messages.findLastIndex((message) => message['role'] === 'user') + 1;
  const start = messages.slice(0, end).findLastIndex((message) => message['role'] === 'assistant') + 1;
  const turn: UserTurn = { texts: [], toolResults: [] };
  for (const message of messages.slice(start, end)) {
    if (message['role'] !== 'user') continue;
    for (const block of blocksOf(message['content'])) {
      if (block['type'] === 'tool_result') {
        const text = blocksOf(block['content']).map(blockText).join('\n');
        turn.toolResults.push({ text, isError: block['is_error'] === true });
      }
      const text = block['type'] === 'text' ? textAt(block, 'text') : null;
      if (text !== null && !text.trimStart().startsWith('<system-reminder>')) turn.texts.push(text);
    }
  }
  return turn;
}

function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.filter(isObject) : [];
}

function blockText(block: JsonObject): string {
  return textAt(block, 'text') ?? `[${textAt(block, 'type') ?? 'block'}]`;
}
