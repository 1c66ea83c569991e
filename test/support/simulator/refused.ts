/** What a validator throws, and the small questions that all of them ask. */

/** A request that the real provider would not take. */
export class Refused extends Error {
  readonly status: number;
  /** OpenAI: the member that is wrong. */
  readonly param: string | null;
  /** OpenAI's `code`; Gemini's `status`; Anthropic's error type. */
  readonly code: string | null;

  constructor(message: string, more: { status?: number; param?: string | null; code?: string | null } = {}) {
    super(message);
    this.name = 'Refused';
    this.status = more.status ?? 400;
    this.param = more.param ?? null;
    this.code = more.code ?? null;
  }
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** The first member that is not among the known ones. */
export function unknownMember(object: JsonObject, known: readonly string[]): string | undefined {
  return Object.keys(object).find((name) => !known.includes(name));
}

/** Standard or URL-safe Base64, as Google takes both. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

/** JSON text with the members of every object in order: equal values give equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
