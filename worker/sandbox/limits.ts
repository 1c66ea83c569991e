/** Where an answer ends: `max_tokens` and stop sequences. Pure. */
import type { ContentBlock, StopReason } from './reply';
import type { SandboxRequest } from './request';

/** A block and its tokens, before the limits of the request. */
export interface Draft {
  block: ContentBlock;
  tokens: string[];
}

/** What is left of the drafts, and why it ends there. */
export interface LimitedDrafts {
  kept: Draft[];
  stopReason: StopReason;
  /** The sequence that ended it, else null. */
  stopSequence: string | null;
}

/** A text block made of these tokens. */
export function textDraft(tokens: string[]): Draft {
  return { block: { type: 'text', text: tokens.join('') }, tokens };
}

/** The drafts up to where `max_tokens` or a stop sequence ends them. Stop sequences count in text alone. */
export function limited(drafts: readonly Draft[], { maxTokens, stopSequences }: SandboxRequest): LimitedDrafts {
  const kept: Draft[] = [];
  let left = maxTokens;
  let stopReason: StopReason = drafts.some(({ block }) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
  let stopSequence: string | null = null;
  for (const whole of drafts) {
    const found = whole.block.type === 'text' ? firstStop(whole.block.text, stopSequences) : null;
    const draft = found === null ? whole : textDraft(cut(whole.tokens, found.at));
    if (left === 0 || draft.tokens.length > left) {
      if (left > 0) kept.push(shortened(draft, left));
      stopReason = 'max_tokens';
      break;
    }
    if (draft.tokens.length > 0 || draft.block.type === 'thinking') kept.push(draft);
    left -= draft.tokens.length;
    if (found !== null) {
      stopReason = 'stop_sequence';
      stopSequence = found.sequence;
    }
  }
  return { kept, stopReason, stopSequence };
}

/** The part of a block that fits. A tool's input that does not fit is left out: half a document helps nobody. */
function shortened({ block, tokens }: Draft, length: number): Draft {
  const fitting = tokens.slice(0, length);
  if (block.type === 'tool_use') return { block: { ...block, input: {} }, tokens: [] };
  if (block.type === 'text') return textDraft(fitting);
  return { block: { ...block, thinking: fitting.join('') }, tokens: fitting };
}

function firstStop(said: string, sequences: readonly string[]): { at: number; sequence: string } | null {
  let first: { at: number; sequence: string } | null = null;
  for (const sequence of sequences) {
    const at = said.indexOf(sequence);
    if (at >= 0 && (first === null || at < first.at)) first = { at, sequence };
  }
  return first;
}

/** The tokens of the first `length` characters. */
function cut(tokens: readonly string[], length: number): string[] {
  const kept: string[] = [];
  let left = length;
  for (const token of tokens) {
    if (left <= 0) break;
    kept.push(token.slice(0, left));
    left -= token.length;
  }
  return kept;
}
