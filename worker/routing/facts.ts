/** The facts about a Messages request that routing asks for, each parsed out of the bytes only when it is wanted. */

import { estimateTokens, estimateUpperBoundFromBytes } from '../gateway/token-estimate';
import { type JsonMembers, memberValue } from '../json/members';
import type { RouteFacts } from './route';

/** Facts of a request whose `model` is known. */
export class MessagesFacts implements RouteFacts {
  readonly model: string;
  readonly #body: Buffer;
  readonly #members: JsonMembers;

  constructor(model: string, body: Buffer, members: JsonMembers) {
    this.model = model;
    this.#body = body;
    this.#members = members;
  }

  thinking(): unknown {
    return this.#member('thinking');
  }

  offersWebSearch(): boolean {
    const tools = this.#member('tools');
    return Array.isArray(tools) && tools.some((tool) => stringField(tool, 'type').startsWith('web_search_'));
  }

  lastTurnHasImage(): boolean {
    const messages = this.#member('messages');
    if (!Array.isArray(messages)) return false;
    const last = messages.findLast((message) => stringField(message, 'role') === 'user');
    return hasImage(fieldOf(last, 'content'));
  }

  exceedsTokens(threshold: number): boolean {
    if (estimateUpperBoundFromBytes(this.#body.length) <= threshold) return false;
    return estimateTokens(JSON.parse(this.#body.toString('utf8'))) > threshold;
  }

  #member(name: string): unknown {
    const range = this.#members.get(name);
    return range === undefined ? undefined : memberValue(this.#body, range);
  }
}

/** An image block, on its own or inside a tool result; nothing is nested deeper than that. */
function hasImage(content: unknown): boolean {
  const isImage = (block: unknown) => stringField(block, 'type') === 'image';
  if (!Array.isArray(content)) return false;
  return content.some((block) => {
    const inner = fieldOf(block, 'content');
    return isImage(block) || (Array.isArray(inner) && inner.some(isImage));
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function stringField(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : '';
}
