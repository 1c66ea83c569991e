/**
 * A conversation's messages as Gemini's `contents`: roles `user` and `model` in turn, beginning with `user`, what the
 * client says twice in a row merged. The responses to parallel calls stand in one content, in the order of the calls and
 * before anything else in it: Gemini counts them against the calls right before.
 */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { mediaPieces, pieceWriter, searchPieces } from './blocks';
import { decodeCallId } from './call-ids';
import { wantsSignatures } from './models';
import { unmarkSignature } from './signatures';
import { readToolResult } from './tool-results';

/** Writes one part; parts are put into order before they are written. */
export type PartWriter = (out: JsonPieces) => void;

/** Something that is left out; told once for each request. */
export type Warn = (message: string) => void;

interface Call {
  name: JsonView;
  /** Gemini's own id of the call. */
  given: string | null;
  /** Position among the conversation's calls. */
  order: number;
}

interface Content {
  role: 'user' | 'model';
  parts: PartWriter[];
  responses: Array<{ order: number; write: PartWriter }>;
  calls: number;
}

/**
 * Google's stand-in for the signature of a call that Gemini did not make
 * (https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ): without one, Gemini 3 answers 400.
 */
const NO_SIGNATURE = 'skip_thought_signature_validator';

export class Contents {
  readonly #model: string;
  readonly #warn: Warn;
  readonly #contents: Content[] = [];
  readonly #calls = new Map<string, Call>();
  #made = 0;
  /** Tools that the conversation names: by a `tool_reference`, or by a call. */
  readonly loadedTools = new Set<string>();

  constructor(model: string, warn: Warn) {
    this.#model = model;
    this.#warn = warn;
  }

  /** @throws BadDocument */
  add(messages: JsonView): void {
    for (const [index, message] of messages.items().entries()) this.#message(message, `messages.${index}`);
    if (this.#contents.length === 0) throw new BadDocument('messages: at least one message with content is required');
  }

  write(out: JsonPieces): void {
    out.add('[');
    // Gemini wants the user to speak first.
    if (this.#contents[0]?.role === 'model') out.add('{"role":"user","parts":[{"text":"(continued)"}]},');
    for (const [index, { role, parts, responses }] of this.#contents.entries()) {
      out.add(`${index === 0 ? '' : ','}{"role":"${role}","parts":[`);
      responses.sort((a, b) => a.order - b.order);
      const writers = [...responses.map(({ write }) => write), ...parts];
      for (const [position, write] of writers.entries()) {
        if (position > 0) out.add(',');
        write(out);
      }
      out.add(']}');
    }
    out.add(']');
  }

  #message(message: JsonView, path: string): void {
    const role = message.textOf('role');
    const content = message.get('content');
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      throw new BadDocument(`${path}.role: Input should be 'user', 'assistant' or 'system'`);
    }
    if (content?.kind === 'string') this.#text(role, content);
    else if (content?.kind === 'array') this.#blocks(role, content, `${path}.content`);
    else throw new BadDocument(`${path}.content: Input should be a valid string or an array of blocks`);
  }

  #text(role: string, text: JsonView): void {
    if (text.size <= 2) return;
    this.#part(role, textPart(text, role));
  }

  #blocks(role: string, blocks: JsonView, path: string): void {
    /** From the thinking right before, for the text that follows it. */
    let signature: string | null = null;
    for (const [index, block] of blocks.items().entries()) {
      const at = `${path}.${index}`;
      const type = block.textOf('type');
      if (type === undefined) throw new BadDocument(`${at}.type: Field required`);
      if (type === 'thinking') {
        signature = unmarkSignature(block.textOf('signature'));
        continue;
      }
      if (type === 'text') {
        const text = block.get('text');
        if (text?.kind !== 'string') throw new BadDocument(`${at}.text: Input should be a valid string`);
        if (text.size > 2) this.#part(role, textPart(text, role, signature));
      } else if (type === 'tool_use') this.#toolUse(block, at);
      else if (type === 'tool_result') this.#toolResult(block, at);
      else if (type === 'image' || type === 'document') {
        for (const piece of mediaPieces(block, type, at)) this.#part(role, pieceWriter(piece));
      } else if (type === 'search_result') {
        for (const piece of searchPieces(block)) this.#part(role, pieceWriter(piece));
      } else if (type !== 'redacted_thinking') this.#warn(`${type} blocks were left out`);
      signature = null;
    }
  }

  #toolUse(block: JsonView, at: string): void {
    const id = block.textOf('id');
    const name = block.get('name');
    const input = block.get('input');
    if (id === undefined) throw new BadDocument(`${at}.id: Field required`);
    if (name?.kind !== 'string') throw new BadDocument(`${at}.name: Field required`);
    if (input !== undefined && input.kind !== 'object') {
      throw new BadDocument(`${at}.input: Input should be a valid dictionary`);
    }
    this.loadedTools.add(name.text() ?? '');
    const { given, signature } = decodeCallId(id);
    this.#calls.set(id, { name, given, order: this.#made++ });
    const content = this.#content('model');
    // Of parallel calls, Gemini signs the first one only.
    const proof = signature ?? (content.calls === 0 && wantsSignatures(this.#model) ? NO_SIGNATURE : null);
    content.calls++;
    content.parts.push((out) => {
      out.add('{"functionCall":{"name":').raw(name).add(',"args":');
      if (input === undefined) out.add('{}');
      else out.raw(input);
      out.add(`${idMember(given)}}${signatureMember(proof)}}`);
    });
  }

  #toolResult(block: JsonView, at: string): void {
    const id = block.textOf('tool_use_id');
    if (id === undefined) throw new BadDocument(`${at}.tool_use_id: Field required`);
    const call = this.#calls.get(id);
    if (call === undefined) throw new BadDocument(`${at}.tool_use_id: no tool_use block before has this id`);
    const result = readToolResult(block, at, this.#model);
    for (const tool of result.loadedTools) this.loadedTools.add(tool);
    const content = this.#content('user');
    content.responses.push({
      order: call.order,
      write: (out) => {
        out.add('{"functionResponse":{"name":').raw(call.name).add(',"response":{');
        result.response(out);
        out.add('}');
        for (const [index, part] of result.inner.entries()) {
          out.add(index === 0 ? ',"parts":[' : ',');
          part(out);
        }
        out.add(`${result.inner.length > 0 ? ']' : ''}${idMember(call.given)}}}`);
      },
    });
    for (const part of result.after) content.parts.push(part);
  }

  #part(role: string, part: PartWriter): void {
    this.#content(role === 'assistant' ? 'model' : 'user').parts.push(part);
  }

  /** The content that is being filled: the last one, where the role is its. */
  #content(role: 'user' | 'model'): Content {
    const last = this.#contents.at(-1);
    if (last?.role === role) return last;
    const content: Content = { role, parts: [], responses: [], calls: 0 };
    this.#contents.push(content);
    return content;
  }
}

/** Gemini has no system messages within a conversation: there they are the user's words, marked. */
function textPart(text: JsonView, role: string, signature: string | null = null): PartWriter {
  if (role === 'system') return (out) => out.add('{"text":"<system>\\n').inner(text).add('\\n</system>"}');
  return (out) =>
    out
      .add('{"text":')
      .raw(text)
      .add(`${signatureMember(signature)}}`);
}

function idMember(id: string | null): string {
  return id === null ? '' : `,"id":${JSON.stringify(id)}`;
}

function signatureMember(signature: string | null): string {
  return signature === null ? '' : `,"thoughtSignature":${JSON.stringify(signature)}`;
}
