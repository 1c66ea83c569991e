/** A Messages request as Anthropic documents it: https://docs.anthropic.com/en/api/messages, …/build-with-claude/extended-thinking. */
import { checkMessages, checkText } from './anthropic-check-messages';
import { isList, isObject, isString, type JsonObject, Refused, unknownMember } from './refused';

const MEMBERS = [
  ...['model', 'max_tokens', 'messages', 'system', 'metadata', 'stop_sequences', 'stream', 'temperature', 'top_k'],
  ...['top_p', 'tools', 'tool_choice', 'thinking', 'service_tier', 'container', 'context_management', 'mcp_servers'],
  ...['output_config', 'output_format', 'inference_geo', 'cache_control', 'speed', 'safeguards'],
];
const TOOL_MEMBERS = [
  ...['type', 'name', 'description', 'input_schema', 'cache_control', 'strict', 'defer_loading', 'input_examples'],
  ...['allowed_callers', 'eager_input_streaming'],
];
const CHOICES = ['auto', 'any', 'tool', 'none'];

/** @throws Refused */
export function checkMessagesRequest(body: JsonObject): void {
  const unknown = unknownMember(body, MEMBERS);
  if (unknown !== undefined) throw new Refused(`${unknown}: Extra inputs are not permitted`);
  const { model, max_tokens: max, messages } = body;
  if (!isString(model) || model === '') throw new Refused('model: Field required');
  if (max === undefined) throw new Refused('max_tokens: Field required');
  if (!Number.isInteger(max) || Number(max) < 1)
    throw new Refused('max_tokens: Input should be greater than or equal to 1');
  checkSystem(body['system']);
  checkSampling(body);
  const names = checkTools(body['tools']);
  checkChoice(body['tool_choice'], names, isObject(body['thinking']) ? body['thinking']['type'] : undefined);
  checkThinking(body, Number(max));
  if (!isList(messages) || messages.length === 0) throw new Refused('messages: at least one message is required');
  const isThinking = isObject(body['thinking']) && body['thinking']['type'] === 'enabled';
  checkMessages(messages, isThinking);
}

function checkSystem(system: unknown): void {
  if (system === undefined || isString(system)) return;
  if (!isList(system)) throw new Refused('system: Input should be a valid list');
  for (const [i, block] of system.entries()) {
    if (!isObject(block) || block['type'] !== 'text') throw new Refused(`system.${i}: Input should be a text block`);
    checkText(block, `system.${i}`, 'system');
  }
}

function checkSampling(body: JsonObject): void {
  for (const name of ['temperature', 'top_p']) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || value < 0 || value > 1) throw new Refused(`${name}: range: 0..1`);
  }
  if (body['top_k'] !== undefined && !Number.isInteger(body['top_k']))
    throw new Refused('top_k: Input should be a valid integer');
  const { stop_sequences: stops, metadata, stream } = body;
  if (stops !== undefined && !(isList(stops) && stops.every(isString))) {
    throw new Refused('stop_sequences: Input should be a valid list of strings');
  }
  if (isList(stops) && stops.some((stop) => String(stop).trim() === '')) {
    throw new Refused('stop_sequences: each stop sequence must contain non-whitespace');
  }
  if (metadata !== undefined) {
    const unknown = isObject(metadata) ? unknownMember(metadata, ['user_id']) : '';
    if (unknown !== undefined) throw new Refused(`metadata.${unknown}: Extra inputs are not permitted`);
  }
  if (stream !== undefined && typeof stream !== 'boolean') throw new Refused('stream: Input should be a valid boolean');
}

/** @returns the tools' names */
function checkTools(tools: unknown): string[] {
  if (tools === undefined) return [];
  if (!isList(tools)) throw new Refused('tools: Input should be a valid list');
  const names = tools.map((tool, i) => {
    if (!isObject(tool)) throw new Refused(`tools.${i}: Input should be an object`);
    const { type, name, input_schema: schema } = tool;
    if (!isString(name)) throw new Refused(`tools.${i}.name: Field required`);
    // Server tools have members of their own.
    if (type !== undefined && type !== 'custom') return name;
    const unknown = unknownMember(tool, TOOL_MEMBERS);
    if (unknown !== undefined) throw new Refused(`tools.${i}.custom.${unknown}: Extra inputs are not permitted`);
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
      throw new Refused(`tools.${i}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    if (!isObject(schema) || schema['type'] !== 'object') {
      throw new Refused(`tools.${i}.custom.input_schema.type: Input should be 'object'`);
    }
    return name;
  });
  if (new Set(names).size < names.length) throw new Refused('tools: Tool names must be unique.');
  return names;
}

function checkChoice(choice: unknown, names: readonly string[], thinking: unknown): void {
  if (choice === undefined) return;
  if (!isObject(choice) || !isString(choice['type']) || !CHOICES.includes(choice['type'])) {
    throw new Refused(
      `tool_choice: Input tag '${JSON.stringify(choice)}' found does not match any of the expected tags`,
    );
  }
  const unknown = unknownMember(choice, ['type', 'name', 'disable_parallel_tool_use']);
  if (unknown !== undefined)
    throw new Refused(`tool_choice.${choice['type']}.${unknown}: Extra inputs are not permitted`);
  if (names.length === 0) throw new Refused('tool_choice may only be specified while providing tools');
  if (choice['type'] === 'tool' && !names.includes(String(choice['name']))) {
    throw new Refused(`Tool '${choice['name']}' not found in provided tools`);
  }
  const forces = choice['type'] === 'any' || choice['type'] === 'tool';
  if (forces && (thinking === 'enabled' || thinking === 'adaptive')) {
    throw new Refused('Thinking may not be enabled when tool_choice forces tool use.');
  }
}

function checkThinking({ thinking, temperature, top_p, top_k }: JsonObject, max: number): void {
  if (thinking === undefined) return;
  const type = isObject(thinking) ? thinking['type'] : undefined;
  if (!isObject(thinking) || !['enabled', 'disabled', 'adaptive'].includes(String(type))) {
    throw new Refused(`thinking: Input tag '${type}' found does not match any of the expected tags`);
  }
  const unknown = unknownMember(thinking, ['type', 'budget_tokens', 'display']);
  if (unknown !== undefined) throw new Refused(`thinking.${type}.${unknown}: Extra inputs are not permitted`);
  if (type === 'disabled') return;
  if (temperature !== undefined && temperature !== 1) {
    throw new Refused('`temperature` may only be set to 1 when thinking is enabled.');
  }
  if (top_k !== undefined) throw new Refused('`top_k` must be unset when thinking is enabled.');
  if (typeof top_p === 'number' && top_p < 0.95) {
    throw new Refused('`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.');
  }
  if (type === 'adaptive') return;
  const budget = thinking['budget_tokens'];
  if (!Number.isInteger(budget) || Number(budget) < 1024) {
    throw new Refused('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  }
  if (Number(budget) >= max) throw new Refused('`max_tokens` must be greater than `thinking.budget_tokens`.');
}
