/** The messages of a Messages request: their blocks, and that every tool_use has its tool_result in the next message. */
import { isBase64, isList, isObject, isString, type JsonObject, Refused, unknownMember } from './refused';

const BLOCKS: Record<string, readonly string[]> = {
  text: ['type', 'text', 'cache_control', 'citations'],
  image: ['type', 'source', 'cache_control'],
  document: ['type', 'source', 'cache_control', 'title', 'context', 'citations'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
};
const IN_ROLE: Record<string, readonly string[]> = {
  user: ['text', 'image', 'document', 'tool_result'],
  assistant: ['text', 'tool_use', 'thinking', 'redacted_thinking'],
  // Claude Code sends such messages between the others.
  system: ['text'],
  tool_result: ['text', 'image', 'document'],
};

/** @param isThinking the request has `thinking` of type `enabled` @throws Refused */
export function checkMessages(messages: readonly unknown[], isThinking: boolean): void {
  let open: string[] = [];
  let lastAssistant: JsonObject[] = [];
  let lastAssistantAt = -1;
  for (const [i, message] of messages.entries()) {
    if (!isObject(message)) throw new Refused(`messages.${i}: Input should be an object`);
    const unknown = unknownMember(message, ['role', 'content']);
    if (unknown !== undefined) throw new Refused(`messages.${i}.${unknown}: Extra inputs are not permitted`);
    const { role } = message;
    if (!isString(role) || !['user', 'assistant', 'system'].includes(role)) {
      throw new Refused(`messages.${i}.role: Input should be 'user' or 'assistant'`);
    }
    if (i === 0 && role !== 'user') throw new Refused('messages: first message must use the "user" role');
    const isLast = i === messages.length - 1;
    const blocks = checkContent(message['content'], role, `messages.${i}`, isLast && role === 'assistant');
    checkResults(blocks, open, i);
    open = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => String(id));
    if (role === 'assistant') [lastAssistant, lastAssistantAt] = [blocks, i];
  }
  if (open.length > 0) throw unanswered(open, messages.length - 1);
  const [first] = lastAssistant;
  const inToolUse = lastAssistant.some(({ type }) => type === 'tool_use');
  if (isThinking && inToolUse && first !== undefined && !String(first['type']).endsWith('thinking')) {
    throw new Refused(
      `messages.${lastAssistantAt}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first['type']}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
    );
  }
}

function checkResults(blocks: readonly JsonObject[], open: readonly string[], i: number): void {
  const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => String(block['tool_use_id']));
  const stranger = results.find((id) => !open.includes(id));
  if (stranger !== undefined) {
    throw new Refused(
      `messages.${i}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stranger}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
    );
  }
  if (new Set(results).size < results.length)
    throw new Refused(`messages.${i}: each tool_use must have a single result`);
  const missing = open.filter((id) => !results.includes(id));
  if (missing.length > 0) throw unanswered(missing, i - 1);
  const firstOther = blocks.findIndex(({ type }) => type !== 'tool_result');
  if (results.length > 0 && firstOther >= 0 && firstOther < results.length) {
    throw new Refused(`messages.${i}: \`tool_result\` blocks must come first in the content array`);
  }
}

function unanswered(ids: readonly string[], i: number): Refused {
  return new Refused(
    `messages.${i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}

function checkContent(content: unknown, role: string, at: string, isPrefill: boolean): JsonObject[] {
  if (isString(content)) {
    if (content === '' && !isPrefill) throw new Refused(`${at}: ${role} messages must have non-empty content`);
    checkEnd(content, isPrefill);
    return [{ type: 'text', text: content }];
  }
  if (!isList(content)) throw new Refused(`${at}.content: Input should be a valid list`);
  if (content.length === 0 && !isPrefill) throw new Refused(`${at}: ${role} messages must have non-empty content`);
  const blocks = content.map((block, i) => checkBlock(block, IN_ROLE[role] ?? [], `${at}.content.${i}`));
  const last = blocks.at(-1);
  if (last?.['type'] === 'text') checkEnd(String(last['text']), isPrefill);
  return blocks;
}

function checkEnd(text: string, isPrefill: boolean): void {
  if (isPrefill && /\s$/.test(text)) {
    throw new Refused('messages: final assistant content cannot end with trailing whitespace');
  }
}

function checkBlock(block: unknown, types: readonly string[], at: string): JsonObject {
  if (!isObject(block) || !isString(block['type'])) throw new Refused(`${at}.type: Field required`);
  const { type } = block;
  const known = types.includes(type) ? BLOCKS[type] : undefined;
  if (known === undefined) {
    throw new Refused(`${at}: Input tag '${type}' found using 'type' does not match any of the expected tags`);
  }
  const unknown = unknownMember(block, known);
  if (unknown !== undefined) throw new Refused(`${at}.${type}.${unknown}: Extra inputs are not permitted`);
  switch (type) {
    case 'text':
      checkText(block, at, 'messages');
      break;
    case 'image':
      checkSource(block['source'], /^image\/(?:jpeg|png|gif|webp)$/, at);
      break;
    case 'document':
      checkSource(block['source'], /^(?:application\/pdf|text\/plain)$/, at);
      break;
    case 'tool_use':
      checkToolUse(block, at);
      break;
    case 'tool_result':
      checkToolResult(block, at);
      break;
    case 'thinking':
      if (!isString(block['thinking'])) throw new Refused(`${at}.thinking.thinking: Field required`);
      if (!isString(block['signature'])) throw new Refused(`${at}.thinking.signature: Field required`);
      break;
  }
  return block;
}

/** @throws Refused for an empty text, or one of white space alone */
export function checkText({ text }: JsonObject, at: string, where: 'messages' | 'system'): void {
  if (!isString(text)) throw new Refused(`${at}.text.text: Field required`);
  if (text === '') throw new Refused(`${where}: text content blocks must be non-empty`);
  if (text.trim() === '') throw new Refused(`${where}: text content blocks must contain non-whitespace text`);
}

function checkSource(source: unknown, mediaTypes: RegExp, at: string): void {
  if (!isObject(source)) throw new Refused(`${at}.source: Field required`);
  const { type, media_type: mediaType, data, url } = source;
  if (type === 'url' && isString(url)) return;
  if (type === 'text' && isString(data)) return;
  if (type === 'content' || type === 'file') return;
  if (type !== 'base64')
    throw new Refused(`${at}.source: Input tag '${type}' found does not match any of the expected tags`);
  if (!isString(mediaType) || !mediaTypes.test(mediaType)) {
    throw new Refused(`${at}.source.base64.media_type: Input should be ${mediaTypes.source}`);
  }
  if (!isString(data) || !isBase64(data)) throw new Refused(`${at}.source.base64.data: invalid base64 data`);
}

function checkToolUse({ id, name, input }: JsonObject, at: string): void {
  if (!isString(id) || !/^[a-zA-Z0-9_-]+$/.test(id)) {
    throw new Refused(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
  }
  if (!isString(name) || !/^[a-zA-Z0-9_-]{1,200}$/.test(name)) throw new Refused(`${at}.tool_use.name: invalid name`);
  if (!isObject(input)) throw new Refused(`${at}.tool_use.input: Input should be a valid dictionary`);
}

function checkToolResult({ tool_use_id: id, content, is_error: isError }: JsonObject, at: string): void {
  if (!isString(id)) throw new Refused(`${at}.tool_result.tool_use_id: Field required`);
  if (isError !== undefined && typeof isError !== 'boolean')
    throw new Refused(`${at}.tool_result.is_error: not a boolean`);
  if (content === undefined || isString(content)) return;
  if (!isList(content)) throw new Refused(`${at}.tool_result.content: Input should be a valid list`);
  for (const [i, block] of content.entries()) {
    checkBlock(block, IN_ROLE['tool_result'] ?? [], `${at}.tool_result.content.${i}`);
  }
}
