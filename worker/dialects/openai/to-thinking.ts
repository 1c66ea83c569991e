/** Thinking in a request: how it is asked for, and how what was thought before goes back. */
import type { JsonView } from '../../json/view';
import { EFFORTS, type Effort, type Quirks } from './quirks';
import { detailText, textMember, unpackDetail } from './reasoning-details';
import { optional, type Translation } from './translation';

/** Budgets in tokens below which an effort is low or medium; Claude Code's own steps are 4,000, 10,000 and 31,999. */
const LOW_BELOW = 4096;
const MEDIUM_BELOW = 16_384;

export interface Asked {
  hasTools: boolean;
  /** A tool is demanded. */
  forcesTool: boolean;
  /** The limit of the answer, or 0. */
  maxTokens: number;
}

/**
 * The members by which the request asks for thinking, as JSON with a leading comma. What a request does not say is left
 * to the provider. @throws BadDocument
 */
export function askThinking(request: JsonView, asked: Asked, translation: Translation): string {
  const { quirks } = translation;
  const stated = statedEffort(request);
  const { on, off, budget } = readThinking(request);
  const effort = off ? 'none' : (stated ?? (on ? effortOf(budget) : undefined));
  const allowed = effort === undefined ? undefined : closest(effort, quirks.efforts);
  switch (quirks.thinking) {
    case 'reasoning':
      // A model that cannot but think answers 400 where it is told not to.
      if (effort === 'none' || allowed === undefined) return '';
      if (stated === undefined && budget > 0 && budget < asked.maxTokens)
        return `,"reasoning":{"max_tokens":${budget}}`;
      return `,"reasoning":{"effort":"${allowed}"}`;
    case 'thinking':
      if (off || (asked.forcesTool && quirks.thinkingRefusesForcedTools)) return ',"thinking":{"type":"disabled"}';
      return (on ? ',"thinking":{"type":"enabled"}' : '') + effortMember(allowed);
    case 'reasoning_effort':
      if (!asked.hasTools || quirks.effortWithTools === 'same') return effortMember(allowed);
      if (effort !== undefined && effort !== 'none') translation.leftOut('thinking together with tools');
      return effortMember(quirks.effortWithTools === 'none' ? 'none' : undefined);
  }
}

/** An assistant's earlier thinking as a member of its message, with a leading comma; empty where there is nothing to say. */
export function earlierThinking(blocks: readonly JsonView[], hasCalls: boolean, quirks: Quirks): string {
  if (quirks.earlierThinking === null) return '';
  const texts: string[] = [];
  const details: string[] = [];
  for (const block of blocks) {
    const text = block.get('thinking');
    const detail = unpackDetail(block.textOf('signature') ?? block.textOf('data') ?? '');
    if (quirks.earlierThinking === 'reasoning_details' && detail !== null) {
      const said = text?.text() ?? '';
      const whole = detailText(said === '' ? detail : { ...detail, [textMember(detail)]: said });
      if (whole !== '') details.push(whole);
    } else if (text?.kind === 'string' && text.size > 2) texts.push(text.inner());
  }
  if (details.length > 0) return `,"reasoning_details":[${details.join()}]`;
  const text = texts.join('\\n\\n');
  if (quirks.earlierThinking !== 'reasoning_content') return text === '' ? '' : `,"reasoning":"${text}"`;
  // A message with calls and without this member is refused, even where nothing was thought.
  return text === '' && !hasCalls ? '' : `,"reasoning_content":"${text}"`;
}

function readThinking(request: JsonView): { on: boolean; off: boolean; budget: number } {
  const thinking = request.get('thinking');
  if (thinking === undefined || thinking.kind === 'boolean') {
    return { on: thinking?.raw() === 'true', off: false, budget: 0 };
  }
  const type = thinking.textOf('type');
  const budget = Number(optional(thinking, 'budget_tokens', 'number', 'thinking.budget_tokens')?.raw() ?? 0);
  return { on: type === 'enabled' || type === 'adaptive', off: type === 'disabled', budget };
}

function statedEffort(request: JsonView): Effort | undefined {
  const stated = request.get('output_config')?.textOf('effort');
  return EFFORTS.find((effort) => effort === stated);
}

function effortOf(budget: number): Effort {
  if (budget === 0) return 'medium';
  if (budget < LOW_BELOW) return 'low';
  return budget < MEDIUM_BELOW ? 'medium' : 'high';
}

/** The highest effort that is allowed and not above the one that is asked for, or else the lowest one. */
function closest(effort: Effort, allowed: readonly Effort[]): Effort | undefined {
  if (effort === 'none') return allowed[0];
  const some = allowed.filter((candidate) => candidate !== 'none');
  return some.findLast((candidate) => EFFORTS.indexOf(candidate) <= EFFORTS.indexOf(effort)) ?? some[0];
}

function effortMember(effort: Effort | undefined): string {
  return effort === undefined ? '' : `,"reasoning_effort":"${effort}"`;
}
