/**
 * The facts about a Chat Completions request that routing asks for, as it came from the client: it may go to a provider
 * of its own dialect untouched. Each is looked up in the bytes only when it is wanted.
 */
import { tallyChat } from '../gateway/chat-token-estimate';
import { estimateUpperBoundFromBytes } from '../gateway/token-estimate';
import type { JsonMembers } from '../json/members';
import { isTrue, ScannedMembers } from '../json/request-members';
import type { JsonView } from '../json/view';
import { asksForThinking, itemsAt, lastUserContent, looked, textStarts } from './facts';
import type { RouteFacts } from './route';

/** Facts of a request whose `model` is known. */
export class ChatFacts implements RouteFacts {
  readonly model: string;
  readonly #members: ScannedMembers;
  readonly #bodyBytes: number;

  /** @param members of the scan of this very body */
  constructor(model: string, body: Buffer, members: JsonMembers) {
    this.model = model;
    this.#members = new ScannedMembers(body, members);
    this.#bodyBytes = body.length;
  }

  /**
   * By OpenAI's `reasoning_effort`, OpenRouter's `reasoning` (https://openrouter.ai/docs/use-cases/reasoning-tokens) or
   * `thinking`, which DeepSeek and Z.ai have taken from Anthropic; the first that is there decides.
   */
  thinks(): boolean {
    const effort = this.#members.get('reasoning_effort');
    if (effort !== undefined) return isEffort(effort);
    const reasoning = this.#members.get('reasoning');
    return reasoning === undefined ? asksForThinking(this.#members.get('thinking')) : looked(() => reasons(reasoning));
  }

  offersWebSearch(): boolean {
    if (this.#members.get('web_search_options') !== undefined) return true;
    return looked(() => itemsAt(this.#members, 'tools').some((tool) => textStarts(tool, 'type', 'web_search')));
  }

  lastTurnHasImage(): boolean {
    return looked(() => {
      const parts = lastUserContent(this.#members)?.items() ?? [];
      return parts.some((part) => part.textOf('type') === 'image_url');
    });
  }

  exceedsTokens(threshold: number): boolean {
    if (estimateUpperBoundFromBytes(this.#bodyBytes) <= threshold) return false;
    return tallyChat(this.#members, threshold).tokens > threshold;
  }
}

/** A level that is more than next to nothing; there are new ones every year. */
function isEffort(effort: JsonView): boolean {
  const level = effort.text();
  return level !== undefined && level !== '' && level !== 'none' && level !== 'minimal';
}

function reasons(reasoning: JsonView): boolean {
  const effort = reasoning.get('effort');
  if (effort !== undefined) return isEffort(effort);
  const tokens = reasoning.get('max_tokens');
  return tokens === undefined ? isTrue(reasoning.get('enabled')) : tokens.kind === 'number' && tokens.raw() !== '0';
}
