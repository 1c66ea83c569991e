/**
 * The conversation: Messages → Chat Completions. There every call must be answered directly behind its assistant
 * message, by messages that hold text only. So whatever else a user turn brings waits until the next assistant message.
 */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { escapeText } from '../answer';
import { isEmptyText, type Part, textPart, writeContent } from './parts';
import { blockType, readBlock, readContent } from './to-content';
import { earlierThinking } from './to-thinking';
import { toolIdFor } from './tool-ids';
import { required, requiredText, type Translation } from './translation';

/** Changes with every request and would spoil the provider's prompt cache. */
const BILLING_HEADER = 'x-anthropic-billing-header:';

type Role = 'user' | 'system';

export class Conversation {
  readonly #pieces: JsonPieces;
  readonly #translation: Translation;
  readonly #waiting: Array<{ role: Role; parts: Part[] }> = [];
  #count = 0;
  #lastRole = '';

  constructor(pieces: JsonPieces, translation: Translation) {
    this.#pieces = pieces;
    this.#translation = translation;
  }

  /**
   * Writes the array of messages.
   *
   * @param extra a further system text, escaped; empty for none
   * @throws BadDocument
   */
  write(system: JsonView | undefined, messages: JsonView, extra: string): void {
    this.#pieces.add('[');
    const parts = system === undefined ? [] : this.#systemParts(system, 'system');
    if (extra !== '') parts.push(textPart(extra));
    this.#message('system', parts);
    const items = messages.items();
    items.forEach((message, i) => {
      this.#turn(message, `messages.${i}`, i === items.length - 1);
    });
    this.#writeWaiting();
    if (this.#lastRole === '' || (this.#count === 1 && this.#lastRole === 'system')) {
      throw new BadDocument('messages: at least one message with content is required');
    }
    this.#pieces.add(']');
  }

  #turn(message: JsonView, path: string, last: boolean): void {
    if (message.kind !== 'object') throw new BadDocument(`${path}: Input should be a valid object`);
    const role = requiredText(message, 'role', `${path}.role`);
    const content = message.get('content');
    if (content === undefined) throw new BadDocument(`${path}.content: Field required`);
    if (role === 'assistant') this.#assistant(content, `${path}.content`, last);
    else if (role === 'user') this.#user(content, `${path}.content`);
    else if (role === 'system') this.#wait('system', this.#systemParts(content, `${path}.content`));
    else throw new BadDocument(`${path}.role: Input should be 'user', 'assistant' or 'system'`);
  }

  #systemParts(content: JsonView, path: string): Part[] {
    return readContent(content, path, this.#translation).filter((part) => !isBillingHeader(part));
  }

  #user(content: JsonView, path: string): void {
    if (content.kind !== 'array') {
      this.#wait('user', readContent(content, path, this.#translation));
      return;
    }
    const parts = content.items().flatMap((block, i) => {
      const here = `${path}.${i}`;
      const isResult = blockType(block, here) === 'tool_result';
      return isResult ? this.#toolResult(block, here) : readBlock(block, here, this.#translation);
    });
    this.#wait('user', parts);
  }

  /** Writes a result's message, and gives back what is not text. */
  #toolResult(block: JsonView, path: string): Part[] {
    const id = requiredText(block, 'tool_use_id', `${path}.tool_use_id`);
    const content = block.get('content');
    const parts = content === undefined ? [] : readContent(content, `${path}.content`, this.#translation);
    const media = parts.filter(({ kind }) => kind === 'media');
    const texts = parts.filter((part) => part.kind === 'text' && !isEmptyText(part));
    if (texts.length === 0) texts.push(textPart(media.length === 0 ? '(no output)' : '(see the next user message)'));
    const [first] = texts;
    const failed = block.get('is_error')?.raw() === 'true';
    if (failed && first?.kind === 'text') texts[0] = textPart('Error: ', ...first.texts);
    const knownId = escapeText(toolIdFor(id, this.#translation.quirks.toolIds));
    this.#begin('tool').add(`,"tool_call_id":"${knownId}","content":`);
    writeContent(this.#pieces, texts);
    this.#pieces.add('}');
    return media.length === 0 ? [] : [textPart(`Of the result of tool call ${knownId}:`), ...media];
  }

  #assistant(content: JsonView, path: string, last: boolean): void {
    const { quirks } = this.#translation;
    const texts: Part[][] = [];
    const calls: Array<[block: JsonView, path: string]> = [];
    const thoughts: JsonView[] = [];
    if (content.kind === 'array') {
      for (const [i, block] of content.items().entries()) {
        const here = `${path}.${i}`;
        const type = blockType(block, here);
        if (type === 'tool_use') calls.push([block, here]);
        else if (type === 'thinking' || type === 'redacted_thinking') thoughts.push(block);
        else texts.push(readBlock(block, here, this.#translation));
      }
    } else texts.push(readContent(content, path, this.#translation));
    const said = texts.flat().filter((part) => part.kind === 'text' && !isEmptyText(part));
    // Thinking alone is no message anywhere.
    if (said.length === 0 && calls.length === 0) return;
    this.#writeWaiting();
    this.#begin('assistant').add(',"content":');
    if (said.length === 0) this.#pieces.add(quirks.noContent);
    else writeContent(this.#pieces, said);
    this.#pieces.add(earlierThinking(thoughts, calls.length > 0, quirks));
    calls.forEach(([call, here], i) => {
      this.#pieces.add(i === 0 ? ',"tool_calls":[' : ',');
      this.#call(call, here);
    });
    if (calls.length > 0) this.#pieces.add(']');
    else if (last && quirks.markedPrefill) this.#pieces.add(',"prefix":true');
    this.#pieces.add('}');
  }

  #call(block: JsonView, path: string): void {
    const id = toolIdFor(requiredText(block, 'id', `${path}.id`), this.#translation.quirks.toolIds);
    const name = required(block, 'name', 'string', `${path}.name`);
    const input = required(block, 'input', 'object', `${path}.input`);
    this.#pieces
      .add(`{"id":"${escapeText(id)}","type":"function","function":{"name":"`)
      .inner(name)
      .add(`","arguments":${JSON.stringify(input.raw())}}}`);
  }

  #wait(role: Role, parts: readonly Part[]): void {
    const kept = parts.filter((part) => !isEmptyText(part));
    if (kept.length === 0) return;
    const known = role === 'system' && !this.#translation.quirks.systemAnywhere ? 'user' : role;
    const before = this.#waiting.at(-1);
    if (before?.role === known) for (const part of kept) before.parts.push(part);
    else this.#waiting.push({ role: known, parts: kept });
  }

  #writeWaiting(): void {
    for (const { role, parts } of this.#waiting.splice(0)) {
      if (role === 'user' && this.#lastRole === 'tool' && !this.#translation.quirks.userAfterTool) {
        this.#message('assistant', [textPart('Understood.')]);
      }
      this.#message(role, parts);
    }
  }

  #message(role: string, parts: readonly Part[]): void {
    const kept = parts.filter((part) => !isEmptyText(part));
    if (kept.length === 0) return;
    this.#begin(role).add(',"content":');
    writeContent(this.#pieces, kept);
    this.#pieces.add('}');
  }

  #begin(role: string): JsonPieces {
    this.#lastRole = role;
    return this.#pieces.add(`${this.#count++ === 0 ? '' : ','}{"role":"${role}"`);
  }
}

function isBillingHeader(part: Part): boolean {
  const text = part.kind === 'text' ? part.texts[0] : undefined;
  if (text === undefined || typeof text === 'string') return false;
  return text.body.toString('latin1', text.start + 1, text.start + 1 + BILLING_HEADER.length) === BILLING_HEADER;
}
