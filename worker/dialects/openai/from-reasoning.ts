/**
 * How much a model may think and write: `reasoning_effort`, `max_completion_tokens` and `max_tokens` of a Chat
 * Completions request → `thinking`, `output_config.effort` and `max_tokens` of a Messages request.
 *
 * | reasoning_effort | effort of Claude 4.6 and later | budget of other models, in tokens |
 * |---|---|---|
 * | none | low, without thinking | no thinking |
 * | minimal | low | 1,024 |
 * | low | low | 2,048 |
 * | medium | medium | 8,192 |
 * | high | high | 16,384 |
 * | xhigh | xhigh (max for 4.6) | 23,808 |
 * | max | max | 23,808 |
 */
import type { Dialect } from '../../../shared/config/config';
import { BadDocument, type JsonView } from '../../json/view';
import { ADAPTIVE_SINCE, claudeVersion, NO_SAMPLERS_SINCE, THINKS_SINCE } from '../anthropic/claude-version';
import { quoted } from './from-content';

/** Anthropic wants a limit where OpenAI has none. Every model served takes this one. */
const DEFAULT_MAX_TOKENS = 8192;
/** Claude 4.6 and later think by themselves, and that counts: they take at least 64,000. */
const ADAPTIVE_DEFAULT_MAX_TOKENS = 32_000;
/** A smaller budget is refused. */
const MIN_BUDGET = 1024;
/** The part of the client's limit that may be thought away. */
const MAX_BUDGET_SHARE = 0.8;

/** The largest and the default limit together are what Claude Opus 4 takes: 32,000. */
const BUDGETS: ReadonlyMap<string, number> = new Map([
  ['none', 0],
  ['minimal', 1024],
  ['low', 2048],
  ['medium', 8192],
  ['high', 16_384],
  ['xhigh', 23_808],
  ['max', 23_808],
]);

export interface Reasoning {
  /** JSON text of `thinking`, or null. */
  thinking: string | null;
  /** For `output_config`, or null. */
  effort: string | null;
  /** Null where the provider is better left without a limit. */
  maxTokens: number | null;
}

/** What of the request and its provider decides about thinking. */
export interface ReasoningFacts {
  dialect: Dialect;
  model: string;
  /** A tool must be called. */
  forcedTool: boolean;
  /** See `Conversation`. */
  continues: boolean;
}

export function readReasoning(request: JsonView, facts: ReasoningFacts, warn: (message: string) => void): Reasoning {
  const asked = readMaxTokens(request);
  const level = readEffort(request);
  const version = facts.dialect === 'anthropic' ? claudeVersion(facts.model) : null;
  if (version !== null && version >= ADAPTIVE_SINCE) {
    // Where thinking cannot be had together with a forced call, the effort still says how much is thought by default.
    const thinks = level !== null && level !== 'none' && !facts.forcedTool;
    return {
      thinking: thinks ? '{"type":"adaptive"}' : null,
      effort: level === null ? null : adaptiveEffort(level, version),
      maxTokens: asked ?? ADAPTIVE_DEFAULT_MAX_TOKENS,
    };
  }
  let budget = level === null ? 0 : (BUDGETS.get(level) ?? 0);
  if (budget > 0) {
    const obstacle = facts.dialect === 'anthropic' ? obstacleTo(facts, version) : null;
    if (asked !== null) budget = Math.min(budget, Math.floor(asked * MAX_BUDGET_SHARE));
    if (obstacle !== null || budget < MIN_BUDGET) {
      warn(`reasoning_effort is left out: ${obstacle ?? `max_tokens leaves less than ${MIN_BUDGET} for it`}`);
      budget = 0;
    }
  }
  // Other providers' models have limits of their own, which a guess could only miss.
  const byDefault = facts.dialect === 'anthropic' ? DEFAULT_MAX_TOKENS + budget : null;
  let thinking: string | null = null;
  if (budget > 0) thinking = JSON.stringify({ type: 'enabled', budget_tokens: budget });
  else if (level === 'none' && facts.dialect !== 'anthropic') thinking = '{"type":"disabled"}';
  return { thinking, effort: null, maxTokens: asked ?? byDefault };
}

/** Why Anthropic would refuse a budget for thinking, or null. */
function obstacleTo({ forcedTool, continues }: ReasoningFacts, version: number | null): string | null {
  if (version !== null && version < THINKS_SINCE) return 'the model does not think';
  if (forcedTool) return 'tool_choice forces a call';
  // A turn that began with a thought must have it, and chat messages cannot carry the proof of one.
  if (continues) return "the last turn goes on, and a chat message cannot carry the turn's first thought";
  return null;
}

function adaptiveEffort(level: string, version: number): string {
  if (level === 'none' || level === 'minimal') return 'low';
  return level === 'xhigh' && version < NO_SAMPLERS_SINCE ? 'max' : level;
}

function readEffort(request: JsonView): string | null {
  const effort = request.get('reasoning_effort');
  if (effort === undefined) return null;
  const level = effort.text();
  if (level !== undefined && BUDGETS.has(level)) return level;
  const names = [...BUDGETS.keys()].map((name) => `'${name}'`).join(', ');
  throw new BadDocument(`reasoning_effort: Input should be one of ${names}, not ${quoted(level ?? effort.kind)}`);
}

function readMaxTokens(request: JsonView): number | null {
  for (const name of ['max_completion_tokens', 'max_tokens']) {
    const limit = request.get(name);
    if (limit === undefined) continue;
    const value = limit.kind === 'number' ? limit.value() : null;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw new BadDocument(`${name}: Input should be a positive integer`);
  }
  return null;
}
