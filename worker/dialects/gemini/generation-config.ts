/** How an answer is made: limits, sampling, thinking, form. */
import { BadDocument, type JsonView } from '../../json/view';
import type { Warn } from './contents';
import { type ThinkingLevel, takesToolsWithSchema, thinkingControl } from './models';
import { answerSchema } from './schema';

/** Gemini takes no more (https://ai.google.dev/api/generate-content#generationconfig). */
const MAX_STOP_SEQUENCES = 5;

/** The level that a budget in tokens stands for: up to the number. Claude Code asks for 4,000, 10,000 or 31,999. */
const LEVEL_OF_BUDGET: ReadonlyArray<[tokens: number, level: ThinkingLevel]> = [
  [4096, 'LOW'],
  [16_384, 'MEDIUM'],
];

/** What Google itself takes an effort for, in tokens (https://ai.google.dev/gemini-api/docs/openai, thinking). */
const BUDGET_OF_EFFORT: Readonly<Record<string, number>> = { minimal: 1024, low: 1024, medium: 8192 };
const LEVEL_OF_EFFORT: Readonly<Record<string, ThinkingLevel>> = { minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM' };
/** The model decides. */
const DYNAMIC_BUDGET = -1;

/** What the client wants of thinking. */
interface Wish {
  state: 'unsaid' | 'off' | 'on';
  budget: number | null;
  effort: string | null;
  shown: boolean;
}

/**
 * JSON text of `generationConfig`, or null for an empty one.
 *
 * @param hasFunctions functions are offered
 * @throws BadDocument
 */
export function generationConfig(request: JsonView, model: string, hasFunctions: boolean, warn: Warn): string | null {
  const members: string[] = [];
  number(request, 'max_tokens', 'maxOutputTokens', members, /^[1-9]\d*$/);
  number(request, 'temperature', 'temperature', members);
  number(request, 'top_p', 'topP', members);
  number(request, 'top_k', 'topK', members, /^\d+$/);
  stopSequences(request.get('stop_sequences'), members, warn);
  const thinking = thinkingConfig(readWish(request), model, warn);
  if (thinking !== null) members.push(`"thinkingConfig":${thinking}`);
  answerFormat(request, model, hasFunctions, members, warn);
  return members.length === 0 ? null : `{${members.join(',')}}`;
}

function number(request: JsonView, name: string, as: string, members: string[], form?: RegExp): void {
  const value = request.get(name);
  if (value === undefined) return;
  if (value.kind !== 'number' || form?.test(value.raw()) === false) {
    throw new BadDocument(`${name}: Input should be a valid ${form === undefined ? 'number' : 'integer'}`);
  }
  members.push(`"${as}":${value.raw()}`);
}

function stopSequences(sequences: JsonView | undefined, members: string[], warn: Warn): void {
  if (sequences === undefined) return;
  const texts = sequences.items().map((sequence, index) => {
    if (sequence.kind !== 'string') throw new BadDocument(`stop_sequences.${index}: Input should be a valid string`);
    return sequence.raw();
  });
  const kept = texts.filter((text) => text !== '""').slice(0, MAX_STOP_SEQUENCES);
  if (texts.length > MAX_STOP_SEQUENCES) warn(`stop_sequences beyond the first ${MAX_STOP_SEQUENCES} were left out`);
  if (kept.length > 0) members.push(`"stopSequences":[${kept.join(',')}]`);
}

function readWish(request: JsonView): Wish {
  const thinking = request.get('thinking');
  const type = thinking?.raw() === 'true' ? 'adaptive' : thinking?.textOf('type');
  const budget = thinking?.get('budget_tokens');
  const wish: Wish = {
    state: 'unsaid',
    budget: null,
    effort: request.get('output_config')?.textOf('effort') ?? null,
    shown: thinking?.textOf('display') !== 'omitted',
  };
  if (type === 'disabled') wish.state = 'off';
  else if (type === 'enabled' || type === 'adaptive') wish.state = 'on';
  else if (thinking !== undefined && thinking.raw() !== 'false') {
    throw new BadDocument("thinking.type: Input should be 'enabled', 'adaptive' or 'disabled'");
  }
  if (type === 'enabled' && budget !== undefined) {
    if (!/^\d{1,9}$/.test(budget.raw()))
      throw new BadDocument('thinking.budget_tokens: Input should be a valid integer');
    wish.budget = Number(budget.raw());
  }
  return wish;
}

/** Where the client says nothing of thinking, the model does what it does by default. */
function thinkingConfig(wish: Wish, model: string, warn: Warn): string | null {
  if (wish.state === 'unsaid' && wish.effort === null) return null;
  const control = thinkingControl(model);
  if (control.kind === 'none') {
    if (wish.state === 'on') warn(`thinking was left out: nothing is known of it for ${model}`);
    return null;
  }
  const shown = wish.state === 'on' ? `"includeThoughts":${wish.shown},` : '';
  if (control.kind === 'level') return `{${shown}"thinkingLevel":"${nearest(levelOf(wish), control.levels)}"}`;
  if (wish.state === 'off') return `{"thinkingBudget":${control.canBeOff ? 0 : control.min}}`;
  const budget = wish.budget ?? BUDGET_OF_EFFORT[wish.effort ?? ''] ?? DYNAMIC_BUDGET;
  const inRange = budget === DYNAMIC_BUDGET ? budget : Math.min(Math.max(budget, control.min), control.max);
  return `{${shown}"thinkingBudget":${inRange}}`;
}

/** Gemini 3 takes a budget, too, but Google advises against it, and both together are a 400. */
function levelOf({ state, budget, effort }: Wish): ThinkingLevel {
  if (state === 'off') return 'MINIMAL';
  if (budget !== null) return LEVEL_OF_BUDGET.find(([tokens]) => budget <= tokens)?.[1] ?? 'HIGH';
  return LEVEL_OF_EFFORT[effort ?? ''] ?? 'HIGH';
}

/** The next one up; there is always a HIGH. */
function nearest(level: ThinkingLevel, levels: readonly ThinkingLevel[]): ThinkingLevel {
  const order: ThinkingLevel[] = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];
  return order.slice(order.indexOf(level)).find((higher) => levels.includes(higher)) ?? 'HIGH';
}

function answerFormat(request: JsonView, model: string, hasFunctions: boolean, members: string[], warn: Warn): void {
  // The second name is the one of its beta.
  const format = request.get('output_config')?.get('format') ?? request.get('output_format');
  if (format === undefined) return;
  const schema = format.get('schema');
  if (format.textOf('type') !== 'json_schema' || schema?.kind !== 'object') {
    throw new BadDocument('output_config.format: Input should have the type json_schema and a schema');
  }
  if (hasFunctions && !takesToolsWithSchema(model)) {
    warn(`output_config.format was left out: ${model} cannot have it beside functions`);
    return;
  }
  members.push('"responseMimeType":"application/json"', `"responseJsonSchema":${answerSchema(schema)}`);
}
