/** The contents of a delta, or of a whole message, which has the same members. */
import { isObject, type JsonObject, textAt, valueAt } from '../../json/parsed';
import { escapeText } from '../answer';
import type { Assembly } from './assembly';
import { packDetail, textMember } from './reasoning-details';

export class DeltaReader {
  readonly #assembly: Assembly;
  readonly #packsDetails: boolean;
  /** The detail whose text is coming, without it. */
  #detail: Map<string, unknown> | null = null;
  #detailKey = '';

  /** @param packsDetails `reasoning_details` must come back later, see reasoning-details.ts */
  constructor(assembly: Assembly, packsDetails: boolean) {
    this.#assembly = assembly;
    this.#packsDetails = packsDetails;
  }

  read(delta: JsonObject): void {
    this.#readThinking(delta);
    this.#readContent(valueAt(delta, 'content'));
    const refusal = textAt(delta, 'refusal');
    if (refusal) {
      this.endDetail();
      this.#assembly.refusal(escapeText(refusal));
    }
    const calls = valueAt(delta, 'tool_calls');
    if (Array.isArray(calls)) for (const call of calls) this.#readCall(call);
    const legacy = valueAt(delta, 'function_call');
    if (isObject(legacy)) this.#readCall({ index: 0, function: legacy });
  }

  /** A thinking block ends where something else begins: then what proves it is complete. */
  endDetail(): void {
    if (this.#detail === null) return;
    this.#assembly.block('signature', packDetail(Object.fromEntries(this.#detail)));
    this.#detail = null;
  }

  /** Three spellings; where several say the same, one of them. */
  #readThinking(delta: JsonObject): void {
    const details = valueAt(delta, 'reasoning_details');
    const list = Array.isArray(details) ? details.filter(isObject) : [];
    const plain = textAt(delta, 'reasoning_content') || textAt(delta, 'reasoning') || '';
    if (this.#packsDetails && list.length > 0) {
      for (const detail of list) this.#readDetail(detail);
      if (list.some((detail) => textOfDetail(detail) !== '')) return;
    }
    this.#assembly.thinking(escapeText(plain === '' ? list.map(textOfDetail).join('') : plain));
  }

  #readDetail(detail: JsonObject): void {
    const type = textAt(detail, 'type');
    if (type === 'reasoning.encrypted') {
      this.endDetail();
      this.#assembly.block('redactedThinking', packDetail(detail));
      return;
    }
    const key = `${type} ${String(valueAt(detail, 'index'))}`;
    if (key !== this.#detailKey) this.endDetail();
    this.#detailKey = key;
    this.#detail ??= new Map();
    for (const [name, value] of Object.entries(detail)) {
      if (name !== textMember(detail) && value !== null) this.#detail.set(name, value);
    }
    this.#assembly.thinking(escapeText(textOfDetail(detail)));
  }

  #readContent(content: unknown): void {
    if (typeof content === 'string') {
      if (content !== '') this.endDetail();
      this.#assembly.text(escapeText(content));
      return;
    }
    if (!Array.isArray(content)) return;
    for (const part of content.filter(isObject)) {
      const text = textAt(part, 'text');
      if (textAt(part, 'type') === 'thinking')
        this.#assembly.thinking(escapeText(textOfThinking(valueAt(part, 'thinking'))));
      else if (text) {
        this.endDetail();
        this.#assembly.text(escapeText(text));
      }
    }
  }

  #readCall(call: unknown): void {
    if (!isObject(call)) return;
    this.endDetail();
    const called = valueAt(call, 'function');
    const index = valueAt(call, 'index');
    this.#assembly.call(
      typeof index === 'number' ? index : null,
      textAt(call, 'id') ?? '',
      (isObject(called) ? textAt(called, 'name') : null) ?? '',
      isObject(called) ? escapedArguments(valueAt(called, 'arguments')) : '',
    );
  }
}

/** Arguments are the text of an object, which some servers send as the object itself. */
function escapedArguments(value: unknown): string {
  if (typeof value === 'string') return escapeText(value);
  if (!isObject(value) || Object.keys(value).length === 0) return '';
  try {
    return escapeText(JSON.stringify(value));
  } catch {
    // Nested too deep to be written.
    return '';
  }
}

function textOfDetail(detail: JsonObject): string {
  return textAt(detail, textMember(detail)) ?? '';
}

/** Mistral's thinking part: a text, or an array of text parts. */
function textOfThinking(thinking: unknown): string {
  if (typeof thinking === 'string') return thinking;
  if (!Array.isArray(thinking)) return '';
  return thinking.map((part) => (isObject(part) ? (textAt(part, 'text') ?? '') : '')).join('');
}
