/** What a request says, whatever its dialect: for scripts that answer by it and tests that compare it. */
import { createHash } from 'node:crypto';
import type { SimulatedDialect } from './headers-check';
import { isList, isObject, isString, type JsonObject } from './refused';

export interface SeenResult {
  /** Of the tool, by the call that it answers. */
  name: string;
  text: string;
}

export interface Seen {
  model: string;
  stream: boolean;
  system: string;
  /** Names of the tools on offer. */
  tools: string[];
  /** Texts of the user's messages, in order. */
  user: string[];
  /** Texts of the assistant's messages. */
  assistant: string[];
  /** What came back of its thinking. */
  thinking: string[];
  calls: { name: string; input: unknown }[];
  results: SeenResult[];
  /** Media type and hash (12 digits of SHA-256) of every image, in results and elsewhere. */
  images: string[];
}

/** @param body a request that its validator has passed */
export function see(dialect: SimulatedDialect, body: JsonObject, asked: { model: string; stream: boolean }): Seen {
  const seen: Seen = {
    ...{ ...asked, system: '', tools: [], user: [], assistant: [], thinking: [] },
    ...{ calls: [], results: [], images: [] },
  };
  if (dialect === 'anthropic') seeAnthropic(body, seen);
  else if (dialect === 'openai') seeOpenAi(body, seen);
  else seeGemini(body, seen);
  return seen;
}

function seeAnthropic(body: JsonObject, seen: Seen): void {
  seen.system = textOf(body['system']);
  seen.tools = objects(body['tools']).map(({ name }) => String(name));
  const names = new Map<unknown, string>();
  for (const { role, content } of objects(body['messages'])) {
    const texts = role === 'assistant' ? seen.assistant : seen.user;
    if (isString(content)) texts.push(content);
    for (const block of objects(content)) {
      if (block['type'] === 'text') texts.push(String(block['text']));
      if (block['type'] === 'thinking') seen.thinking.push(String(block['thinking']));
      if (block['type'] === 'image') seeSource(block['source'], seen);
      if (block['type'] === 'tool_use') {
        names.set(block['id'], String(block['name']));
        seen.calls.push({ name: String(block['name']), input: block['input'] });
      }
      if (block['type'] !== 'tool_result') continue;
      seen.results.push({ name: names.get(block['tool_use_id']) ?? '', text: textOf(block['content']) });
      for (const inner of objects(block['content'])) if (inner['type'] === 'image') seeSource(inner['source'], seen);
    }
  }
}

function seeSource(source: unknown, seen: Seen): void {
  if (isObject(source)) seeImage(source['media_type'], source['data'], seen);
}

function seeOpenAi(body: JsonObject, seen: Seen): void {
  seen.tools = objects(body['tools']).map((tool) =>
    isObject(tool['function']) ? String(tool['function']['name']) : '',
  );
  const names = new Map<unknown, string>();
  const system: string[] = [];
  for (const message of objects(body['messages'])) {
    const { role, content } = message;
    const text = textOf(content);
    if (role === 'system' || role === 'developer') system.push(text);
    if (role === 'tool') seen.results.push({ name: names.get(message['tool_call_id']) ?? '', text });
    const texts = role === 'assistant' ? seen.assistant : seen.user;
    if ((role === 'user' || role === 'assistant') && text !== '') texts.push(text);
    if (isString(message['reasoning_content'])) seen.thinking.push(message['reasoning_content']);
    for (const part of objects(content)) {
      const url = isObject(part['image_url']) ? String(part['image_url']['url']) : '';
      const [, mediaType, data] = /^data:([^;]*);base64,(.*)$/s.exec(url) ?? [];
      if (data !== undefined) seeImage(mediaType, data, seen);
    }
    for (const call of objects(message['tool_calls'])) {
      if (!isObject(call['function'])) continue;
      const { name, arguments: text } = call['function'];
      names.set(call['id'], String(name));
      seen.calls.push({ name: String(name), input: JSON.parse(String(text)) });
    }
  }
  seen.system = system.join('\n');
}

function seeGemini(body: JsonObject, seen: Seen): void {
  const instruction = body['systemInstruction'] ?? body['system_instruction'];
  seen.system = isObject(instruction) ? textOf(instruction['parts']) : '';
  for (const tool of objects(body['tools'])) {
    const declarations = objects(tool['functionDeclarations'] ?? tool['function_declarations']);
    seen.tools.push(...declarations.map(({ name }) => String(name)));
  }
  for (const { role, parts } of objects(body['contents'])) {
    const texts = role === 'model' ? seen.assistant : seen.user;
    for (const part of objects(parts)) seePart(part, texts, seen);
  }
}

function seePart(part: JsonObject, texts: string[], seen: Seen): void {
  const { functionCall: call, functionResponse: response } = part;
  if (isString(part['text'])) (part['thought'] === true ? seen.thinking : texts).push(part['text']);
  if (isObject(part['inlineData'])) seeImage(part['inlineData']['mimeType'], part['inlineData']['data'], seen);
  if (isObject(call)) seen.calls.push({ name: String(call['name']), input: call['args'] ?? {} });
  if (!isObject(response)) return;
  // What it holds is the client's own affair; every text in it counts.
  seen.results.push({ name: String(response['name']), text: strings(response['response']).join('\n') });
  for (const { inlineData } of objects(response['parts'])) {
    if (isObject(inlineData)) seeImage(inlineData['mimeType'], inlineData['data'], seen);
  }
}

function seeImage(mediaType: unknown, data: unknown, seen: Seen): void {
  const hash = createHash('sha256')
    .update(Buffer.from(String(data), 'base64'))
    .digest('hex');
  seen.images.push(`${mediaType} ${hash.slice(0, 12)}`);
}

function objects(list: unknown): JsonObject[] {
  return isList(list) ? list.filter(isObject) : [];
}

/** A string, or the texts of a list of parts. */
function textOf(content: unknown): string {
  if (isString(content)) return content;
  const texts = objects(content).map(({ text }) => text);
  return texts.filter(isString).join('');
}

function strings(value: unknown): string[] {
  if (isString(value)) return [value];
  if (isList(value)) return value.flatMap(strings);
  return isObject(value) ? Object.values(value).flatMap(strings) : [];
}
