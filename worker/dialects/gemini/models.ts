/**
 * What is known of Google's models by their names. Names that nobody knows get the behaviour that is safe everywhere.
 *
 * Sources: https://ai.google.dev/gemini-api/docs/generate-content/thinking, …/function-calling, …/structured-output.
 */

export type ThinkingLevel = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';

/** How a model's thinking is set. */
export type ThinkingControl =
  | { kind: 'none' }
  /** In tokens; -1 lets the model decide, 0 switches thinking off where `min` may be undercut. */
  | { kind: 'budget'; min: number; max: number; canBeOff: boolean }
  | { kind: 'level'; levels: readonly ThinkingLevel[] };

/** A name as it stands in a path: `models/gemini-3-pro` is `gemini-3-pro`. */
export function bareName(model: string): string {
  return model.startsWith('models/') ? model.slice('models/'.length) : model;
}

/** Google moves these names to its newest models; they have been at least Gemini 3 since January 2026. */
const LATEST = /^gemini-[a-z-]*latest$/;
/** What may be said of those whatever they stand for. */
const LATEST_GENERATION = 3.7;

/** `2.5` of `gemini-2.5-flash`, or null for what is no Gemini. */
function generation(model: string): number | null {
  const name = bareName(model);
  const number = /^gemini-(\d{1,2}(?:\.\d{1,2})?)(?:-|$)/.exec(name)?.[1];
  if (number !== undefined) return Number(number);
  return LATEST.test(name) ? LATEST_GENERATION : null;
}

function isAtLeast(model: string, wanted: number): boolean {
  return (generation(model) ?? 0) >= wanted;
}

/** The first call of a step without a signature is a 400 from Gemini 3 on (…/docs/thought-signatures). */
export function wantsSignatures(model: string): boolean {
  return isAtLeast(model, 3);
}

/** `functionResponse.parts` are a 400 before Gemini 3. */
export function takesImagesInResponses(model: string): boolean {
  return isAtLeast(model, 3);
}

/** A JSON answer and functions in the same request are a 400 before Gemini 3. */
export function takesToolsWithSchema(model: string): boolean {
  return isAtLeast(model, 3);
}

export function thinkingControl(model: string): ThinkingControl {
  const name = bareName(model);
  const version = generation(name);
  // Those that draw or speak have no such switch.
  if (version === null || version < 2.5 || /-(?:image|tts|audio|live)\b/.test(name)) return { kind: 'none' };
  if (version >= 3) return { kind: 'level', levels: levels(name, version) };
  if (name.includes('flash-lite')) return { kind: 'budget', min: 512, max: 24_576, canBeOff: true };
  if (name.includes('flash')) return { kind: 'budget', min: 1, max: 24_576, canBeOff: true };
  return { kind: 'budget', min: 128, max: 32_768, canBeOff: false };
}

/** MINIMAL was given up with 3.7, and the first Pro has no MEDIUM; LOW and HIGH are everywhere. */
function levels(name: string, version: number): ThinkingLevel[] {
  const all: ThinkingLevel[] = ['LOW', 'HIGH'];
  if (version > 3 || !name.includes('pro')) all.push('MEDIUM');
  if (version < 3.7 && name.includes('flash')) all.push('MINIMAL');
  return all;
}
