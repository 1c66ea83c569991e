/** The facts about a Messages request that routing asks for, each looked up in the bytes only when it is wanted. */
import { estimateUpperBoundFromBytes, tallyMessages } from '../gateway/token-estimate';
import type { JsonMembers } from '../json/members';
import { isTrue, type RequestMembers, ScannedMembers } from '../json/request-members';
import { BadDocument, type JsonView } from '../json/view';
import type { RouteFacts } from './route';

/** Facts of a request whose `model` is known. */
export class MessagesFacts implements RouteFacts {
  readonly model: string;
  readonly #members: ScannedMembers;
  readonly #bodyBytes: number;

  /** @param members of the scan of this very body */
  constructor(model: string, body: Buffer, members: JsonMembers) {
    this.model = model;
    this.#members = new ScannedMembers(body, members);
    this.#bodyBytes = body.length;
  }

  thinks(): boolean {
    return asksForThinking(this.#members.get('thinking'));
  }

  offersWebSearch(): boolean {
    return looked(() => itemsAt(this.#members, 'tools').some((tool) => textStarts(tool, 'type', 'web_search_')));
  }

  lastTurnHasImage(): boolean {
    return looked(() => {
      const blocks = lastUserContent(this.#members)?.items() ?? [];
      return blocks.some((block) => isImage(block) || itemsAt(block, 'content').some(isImage));
    });
  }

  exceedsTokens(threshold: number): boolean {
    if (estimateUpperBoundFromBytes(this.#bodyBytes) <= threshold) return false;
    return tallyMessages(this.#members, threshold).tokens > threshold;
  }
}

/** An image block; it stands on its own or inside a tool result, nothing is nested deeper than that. */
function isImage(block: JsonView): boolean {
  return block.textOf('type') === 'image';
}

/** `thinking` as Anthropic has it, and makers of other models have taken it over. */
export function asksForThinking(thinking: JsonView | undefined): boolean {
  if (isTrue(thinking)) return true;
  return looked(() => {
    const type = thinking?.textOf('type');
    return type === 'enabled' || type === 'adaptive';
  });
}

/** The content of the last message whose role is `user`, whatever comes after it. */
export function lastUserContent(request: RequestMembers): JsonView | undefined {
  return itemsAt(request, 'messages')
    .findLast((message) => message.textOf('role') === 'user')
    ?.get('content');
}

export function itemsAt(parent: RequestMembers, name: string): readonly JsonView[] {
  return parent.get(name)?.items() ?? [];
}

export function textStarts(parent: JsonView, name: string, start: string): boolean {
  return parent.textOf(name)?.startsWith(start) === true;
}

/** False for what has more values than are looked at: its provider may judge it. */
export function looked(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (error instanceof BadDocument) return false;
    throw error;
  }
}
