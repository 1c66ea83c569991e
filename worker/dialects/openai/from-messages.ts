/**
 * The messages of a Chat Completions request → `system` and `messages` of a Messages request.
 *
 * System and developer messages all go into `system`, wherever they stand: most Claude models refuse `role: "system"`
 * among the messages, and Anthropic's own endpoint for OpenAI clients does the same
 * (https://platform.claude.com/docs/en/api/openai-sdk). Consecutive blocks of one role make one turn, since results of
 * parallel calls must stand in one. A conversation may begin with an assistant's turn: Anthropic takes that.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { scanMembers } from '../../json/members';
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { contentBlocks, isBlank, quoted, requiredText, textBlock, textBlocks, type Write } from './from-content';

type Role = 'user' | 'assistant';

/** What Anthropic takes for the id of a call. */
const PLAIN_ID = /^[a-zA-Z0-9_-]+$/;

export interface Conversation {
  /** Blocks of `system`. */
  system: Write[];
  /** Adds the value of `messages`. */
  write: Write;
  /** The last turn goes on: it is a call's result that the assistant waits for, or the assistant's own beginning. */
  continues: boolean;
}

/**
 * @param plainIds ids of calls must be of letters, digits, `_` and `-` only: Anthropic refuses others, such as a
 * conversation may have that another provider's model began
 */
export function readMessages(messages: JsonView | undefined, plainIds: boolean): Conversation {
  if (messages === undefined) throw new BadDocument('messages: Field required');
  if (messages.kind !== 'array') throw new BadDocument('messages: Input should be an array');
  const reader = new MessagesReader(plainIds);
  messages.items().forEach((message, i) => {
    reader.read(message, `messages.${i}`, i);
  });
  return reader.conversation();
}

class MessagesReader {
  readonly #plainIds: boolean;
  readonly #system: Write[] = [];
  readonly #turns: { role: Role; blocks: Write[] }[] = [];
  /** Made up for the last `function_call`, which has none. */
  #functionCallId: string | null = null;
  #continues = false;

  constructor(plainIds: boolean) {
    this.#plainIds = plainIds;
  }

  read(message: JsonView, path: string, position: number): void {
    if (message.kind !== 'object') throw new BadDocument(`${path}: Input should be an object`);
    const role = requiredText(message, 'role', path).text() ?? '';
    const content = message.get('content');
    switch (role) {
      case 'system':
      case 'developer':
        for (const block of textBlocks(content, `${path}.content`)) this.#system.push(block);
        return;
      case 'user':
        this.#add('user', contentBlocks(content, `${path}.content`));
        return;
      case 'assistant':
        this.#assistant(message, path, position);
        return;
      case 'tool':
        this.#result(this.#idOf(requiredText(message, 'tool_call_id', path)), content, path);
        return;
      case 'function':
        if (this.#functionCallId === null) throw new BadDocument(`${path}: there is no function_call before it`);
        this.#result(this.#functionCallId, content, path);
        return;
      default:
        throw new BadDocument(`${path}.role: ${quoted(role)} is no role of a chat message`);
    }
  }

  conversation(): Conversation {
    let system = this.#system;
    if (this.#turns.length === 0) {
      // OpenAI answers to a system message alone; Anthropic wants somebody to answer to.
      if (system.length === 0) throw new BadDocument('messages: at least one message with content is required');
      this.#add('user', system);
      system = [];
    }
    const turns = this.#turns;
    return { system, continues: this.#continues, write: (out) => writeTurns(out, turns) };
  }

  #assistant(message: JsonView, path: string, position: number): void {
    const blocks = contentBlocks(message.get('content'), `${path}.content`);
    const refusal = message.get('refusal');
    if (refusal?.kind === 'string' && !isBlank(refusal)) blocks.push(textBlock(refusal));
    const calls = message.get('tool_calls');
    if (calls !== undefined && calls.kind !== 'array') {
      throw new BadDocument(`${path}.tool_calls: Input should be an array`);
    }
    calls?.items().forEach((call, i) => {
      blocks.push(this.#toolCall(call, `${path}.tool_calls.${i}`));
    });
    const legacy = message.get('function_call');
    if (legacy !== undefined) {
      this.#functionCallId = `function_call_${position}`;
      blocks.push(toolUse(JSON.stringify(this.#functionCallId), legacy, `${path}.function_call`));
    }
    this.#add('assistant', blocks);
    if (blocks.length > 0) this.#continues = true;
  }

  #toolCall(call: JsonView, path: string): Write {
    if (call.kind !== 'object') throw new BadDocument(`${path}: Input should be an object`);
    const type = call.textOf('type') ?? 'function';
    if (type !== 'function') throw new BadDocument(`${path}.type: calls of type ${quoted(type)} are not supported`);
    const called = call.get('function');
    if (called === undefined) throw new BadDocument(`${path}.function: Field required`);
    return toolUse(JSON.stringify(this.#idOf(requiredText(call, 'id', path))), called, `${path}.function`);
  }

  #result(id: string, content: JsonView | undefined, path: string): void {
    const blocks = contentBlocks(content, `${path}.content`);
    const write: Write = (out) => {
      out.add(`{"type":"tool_result","tool_use_id":${JSON.stringify(id)}`);
      if (blocks.length > 0) writeArray(out.add(',"content":'), blocks);
      out.add('}');
    };
    this.#add('user', [write]);
    this.#continues = true;
  }

  #add(role: Role, blocks: Write[]): void {
    if (blocks.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === role) {
      for (const block of blocks) last.blocks.push(block);
      return;
    }
    this.#turns.push({ role, blocks: [...blocks] });
    this.#continues = false;
  }

  #idOf(id: JsonView): string {
    const text = id.text() ?? '';
    if (!this.#plainIds || PLAIN_ID.test(text)) return text;
    // The same for a call and its result; an id may be long where its provider hides something in it.
    return `toolu_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  }
}

/** @param id JSON text */
function toolUse(id: string, called: JsonView, path: string): Write {
  const name = requiredText(called, 'name', path);
  const input = readArguments(called.get('arguments'), `${path}.arguments`);
  return (out) => out.add(`{"type":"tool_use","id":${id},"name":`).raw(name).add(`,"input":${input}}`);
}

/** JSON text of an object, as its model wrote it: numbers and order stay. */
function readArguments(written: JsonView | undefined, path: string): string {
  if (written === undefined) return '{}';
  if (written.kind === 'object') return written.raw();
  const text = written.text();
  if (text === undefined) throw new BadDocument(`${path}: Input should be a string with a JSON object`);
  if (text.trim() === '') return '{}';
  const scan = scanMembers(Buffer.from(text));
  if (scan.ok) return text;
  if (scan.kind === 'not-object') throw new BadDocument(`${path}: Input should be the JSON text of an object`);
  if (scan.kind === 'too-many-members') throw new BadDocument(`${path}: the object has too many members`);
  throw new BadDocument(`${path}: Input should be valid JSON; it goes wrong at byte ${scan.offset}`);
}

function writeTurns(out: JsonPieces, turns: readonly { role: Role; blocks: Write[] }[]): void {
  let separator = '[';
  for (const { role, blocks } of turns) {
    writeArray(out.add(`${separator}{"role":"${role}","content":`), blocks);
    out.add('}');
    separator = ',';
  }
  out.add(']');
}

export function writeArray(out: JsonPieces, values: readonly Write[]): void {
  out.add('[');
  values.forEach((write, i) => {
    if (i > 0) out.add(',');
    write(out);
  });
  out.add(']');
}
