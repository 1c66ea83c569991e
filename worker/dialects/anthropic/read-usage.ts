/** What an Anthropic answer tells at its beginning and its end, in streams and documents alike. */
import type { JsonView } from '../../json/view';
import type { StopReason, TokenUsage } from '../answer';

const STOP_REASONS: ReadonlySet<string> = new Set<StopReason>([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
]);

const COUNTS = [
  ['input_tokens', 'input'],
  ['output_tokens', 'output'],
  ['cache_read_input_tokens', 'cacheRead'],
  ['cache_creation_input_tokens', 'cacheCreation'],
] as const;

/** The counts with those of `usage` in place of earlier ones: they are cumulative. A copy; null where none were told. */
export function readUsage(usage: JsonView | undefined, earlier: TokenUsage | null): TokenUsage | null {
  let counts = earlier;
  for (const [name, key] of COUNTS) {
    const count = usage?.get(name);
    const value = count?.kind === 'number' ? Number(count.raw()) : Number.NaN;
    if (!Number.isFinite(value) || value < 0) continue;
    counts = { ...(counts ?? { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 }), [key]: value };
  }
  return counts;
}

/** A reason that is not known is the plainest one; none at all is what the content says. */
export function readStopReason(reason: string | undefined, sawToolCall: boolean): StopReason {
  if (reason === undefined) return sawToolCall ? 'tool_use' : 'end_turn';
  // A member of the set is one of its members.
  return STOP_REASONS.has(reason) ? (reason as StopReason) : 'end_turn';
}
