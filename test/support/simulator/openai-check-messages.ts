/** The messages of a Chat Completions request: their members, their parts, and that every call has its result. */
import { empty, FUNCTION_NAME, notKnown, wrongType } from './openai-refusals';
import { isBase64, isList, isObject, isString, type JsonObject, Refused, unknownMember } from './refused';
import type { Vendor } from './turn';

const MEMBERS: Record<string, readonly string[]> = {
  system: ['role', 'content', 'name'],
  developer: ['role', 'content', 'name'],
  user: ['role', 'content', 'name'],
  assistant: ['role', 'content', 'name', 'refusal', 'audio', 'tool_calls', 'function_call', 'annotations'],
  tool: ['role', 'content', 'tool_call_id'],
};
/** What a provider wants back of an assistant's thinking. */
const THINKING: Partial<Record<Vendor, readonly string[]>> = {
  deepseek: ['reasoning_content', 'prefix'],
  openrouter: ['reasoning', 'reasoning_details'],
  ollama: ['reasoning', 'reasoning_content'],
  mistral: ['prefix'],
};
const PARTS: Record<string, readonly string[]> = {
  system: ['text'],
  developer: ['text'],
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
  tool: ['text'],
};
const PART_MEMBERS: Record<string, readonly string[]> = {
  text: ['type', 'text'],
  refusal: ['type', 'refusal'],
  image_url: ['type', 'image_url'],
  input_audio: ['type', 'input_audio'],
  file: ['type', 'file'],
};

/**
 * @param thinking members in which this provider told its thinking
 * @throws Refused
 */
export function checkMessages(messages: readonly unknown[], vendor: Vendor, thinking: readonly string[]): void {
  /** Calls of the last assistant message that have no result yet. */
  let open: string[] = [];
  let afterCalls = false;
  for (const [i, message] of messages.entries()) {
    const path = `messages[${i}]`;
    if (!isObject(message)) throw wrongType(path, 'an object');
    const role = checkShape(message, path, vendor, thinking);
    if (role === 'tool') {
      open = answered(message, open, afterCalls, i);
      continue;
    }
    if (open.length > 0) throw unanswered(open, i);
    const calls = role === 'assistant' ? checkCalls(message, path, vendor) : [];
    afterCalls = calls.length > 0;
    open = calls;
  }
  if (open.length > 0) throw unanswered(open, messages.length);
}

function answered({ tool_call_id: id }: JsonObject, open: string[], afterCalls: boolean, i: number): string[] {
  const param = `messages.[${i}].role`;
  if (!afterCalls) {
    const message = `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.`;
    throw new Refused(message, { param });
  }
  if (!isString(id)) throw new Refused(`Missing required parameter: 'messages[${i}].tool_call_id'.`, { param });
  if (!open.includes(id)) {
    throw new Refused(`Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`, {
      param: `messages.[${i}].tool_call_id`,
    });
  }
  return open.filter((one) => one !== id);
}

function unanswered(open: string[], i: number): Refused {
  const message = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(', ')}`;
  return new Refused(message, { param: `messages.[${i}].role` });
}

function checkShape(message: JsonObject, path: string, vendor: Vendor, thinking: readonly string[]): string {
  const { role } = message;
  const members = isString(role) && Object.hasOwn(MEMBERS, role) ? MEMBERS[role] : undefined;
  if (!isString(role) || members === undefined) {
    throw new Refused(
      `Invalid value: '${role}'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'.`,
      {
        ...{ param: `${path}.role`, code: 'invalid_value' },
      },
    );
  }
  const known = role === 'assistant' ? [...members, ...(THINKING[vendor] ?? []), ...thinking] : members;
  const unknown = unknownMember(message, known);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, vendor);
  checkContent(message, role, path, vendor);
  return role;
}

function checkContent(
  { content, tool_calls: calls, refusal }: JsonObject,
  role: string,
  path: string,
  vendor: Vendor,
): void {
  if (content === undefined || content === null) {
    if (role === 'assistant' && (calls !== undefined || isString(refusal))) return;
    throw new Refused(`Invalid value for 'content': expected a string, got null.`, { param: `${path}.content` });
  }
  if (isString(content)) return;
  if (!isList(content)) throw wrongType(`${path}.content`, 'one of a string or array of objects');
  if (content.length === 0) throw empty(`${path}.content`);
  for (const [i, part] of content.entries()) checkPart(part, partTypes(role, vendor), `${path}.content[${i}]`, vendor);
}

/** DeepSeek's models only read: "unknown variant `image_url`, expected `text`". */
function partTypes(role: string, vendor: Vendor): readonly string[] {
  return vendor === 'deepseek' && role === 'user' ? ['text'] : (PARTS[role] ?? []);
}

function checkPart(part: unknown, types: readonly string[], path: string, vendor: Vendor): void {
  if (!isObject(part) || !isString(part['type'])) throw wrongType(path, 'an object');
  const { type } = part;
  if (!types.includes(type)) {
    throw new Refused(`Invalid value: '${type}'. Supported values are: ${types.map((one) => `'${one}'`).join(', ')}.`, {
      ...{ param: `${path}.type`, code: 'invalid_value' },
    });
  }
  const unknown = unknownMember(part, PART_MEMBERS[type] ?? []);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, vendor);
  if (type === 'text' && !isString(part['text'])) throw wrongType(`${path}.text`, 'a string');
  if (type === 'image_url') checkImage(part['image_url'], `${path}.image_url`);
  if (type === 'file') checkFile(part['file'], `${path}.file`);
}

function checkImage(image: unknown, path: string): void {
  if (!isObject(image) || !isString(image['url'])) throw new Refused(`Missing required parameter: '${path}.url'.`);
  const unknown = unknownMember(image, ['url', 'detail']);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, 'openai');
  const { url } = image;
  if (/^https?:\/\//.test(url)) return;
  const [, data] = /^data:image\/(?:png|jpeg|gif|webp);base64,(.*)$/s.exec(url) ?? [];
  if (data === undefined) {
    const message = `Invalid image data: expected an HTTP(S) URL or a data URL of an image ('png', 'jpeg', 'gif', 'webp').`;
    throw new Refused(message, { param: path, code: 'invalid_image_format' });
  }
  if (!isBase64(data))
    throw new Refused('The image data is not valid Base64.', { param: path, code: 'invalid_base64' });
}

function checkFile(file: unknown, path: string): void {
  if (!isObject(file)) throw new Refused(`Missing required parameter: '${path}'.`);
  const unknown = unknownMember(file, ['file_data', 'file_id', 'filename']);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, 'openai');
  const { file_data: data, file_id: id, filename } = file;
  if (isString(id)) return;
  if (!isString(data) || !/^data:application\/pdf;base64,/.test(data) || !isString(filename)) {
    throw new Refused(`Invalid '${path}': expected 'file_id', or a data URL in 'file_data' and a 'filename'.`);
  }
}

function checkCalls({ tool_calls: calls }: JsonObject, path: string, vendor: Vendor): string[] {
  if (calls === undefined) return [];
  if (!isList(calls)) throw wrongType(`${path}.tool_calls`, 'an array of objects');
  if (calls.length === 0) throw empty(`${path}.tool_calls`);
  const ids = calls.map((call, i) => checkCall(call, `${path}.tool_calls[${i}]`, vendor));
  if (new Set(ids).size < ids.length) throw new Refused(`Duplicate value for 'tool_call_id' in ${path}.tool_calls`);
  return ids;
}

function checkCall(call: unknown, path: string, vendor: Vendor): string {
  if (!isObject(call) || call['type'] !== 'function' || !isObject(call['function'])) {
    throw new Refused(`Missing required parameter: '${path}.function'.`, { param: path });
  }
  const unknown = unknownMember(call, ['id', 'type', 'function']);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, vendor);
  const { id } = call;
  if (!isString(id) || id === '')
    throw new Refused(`Missing required parameter: '${path}.id'.`, { param: `${path}.id` });
  if (vendor === 'mistral' && !/^[a-zA-Z0-9]{9}$/.test(id)) {
    throw new Refused(`Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`, { code: '3280' });
  }
  if (id.length > 40) {
    const message = `Invalid '${path}.id': string too long. Expected a string with maximum length 40, but got a string with length ${id.length} instead.`;
    throw new Refused(message, { param: `${path}.id`, code: 'string_above_max_length' });
  }
  const { name, arguments: text } = call['function'];
  const more = unknownMember(call['function'], ['name', 'arguments']);
  if (more !== undefined) throw notKnown(`${path}.function.${more}`, vendor);
  if (!isString(name) || !FUNCTION_NAME.test(name)) throw wrongType(`${path}.function.name`, 'a function name');
  if (!isString(text)) throw wrongType(`${path}.function.arguments`, 'a string');
  try {
    JSON.parse(text);
  } catch {
    throw new Refused(`Invalid '${path}.function.arguments': not JSON.`, { param: `${path}.function.arguments` });
  }
  return id;
}
