/** Counting and cutting: what the sandbox calls a token. Pure. */
import { isObject } from '../json/parsed';

const CHARS_PER_TOKEN = 4;
const IMAGE_TOKENS = 1600;
/** About one page of a PDF. */
const DOCUMENT_CHARS_PER_IMAGE = 100_000;
/** Not read by a model: the client's marks on its own blocks. */
const UNCOUNTED_KEYS: ReadonlySet<string> = new Set(['cache_control', 'signature']);

/** The tokens of prose: words, each with the white space before it. Joined they are the text again. */
export function wordTokens(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** The tokens of a JSON document: it breaks after each `{`, `[`, `,` and `:`. Joined they are the text again. */
export function jsonTokens(json: string): string[] {
  return json.split(/(?<=[{[,:])/);
}

/**
 * A conservative estimate of what a request costs: a quarter of the characters of every key and value in `parts`
 * (the system prompt, the messages, the tools), 1600 for an image. Keys stand for the wrapping of each message that
 * a model reads too. Walks without recursion, since a client decides how deep the value is.
 */
export function estimateTokens(parts: readonly unknown[]): number {
  let chars = 0;
  let flat = 0;
  const open: unknown[] = [...parts];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') chars += value.length;
    else if (typeof value === 'number' || typeof value === 'boolean') chars += CHARS_PER_TOKEN;
    else if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (!isObject(value)) continue;
    else if (value['type'] === 'image') flat += IMAGE_TOKENS;
    else if (value['type'] === 'base64' && typeof value['data'] === 'string') {
      flat += IMAGE_TOKENS * Math.max(1, Math.ceil(value['data'].length / DOCUMENT_CHARS_PER_IMAGE));
    } else {
      for (const key of Object.keys(value)) {
        if (UNCOUNTED_KEYS.has(key)) continue;
        chars += key.length;
        open.push(value[key]);
      }
    }
  }
  return Math.max(1, Math.ceil(chars / CHARS_PER_TOKEN) + flat);
}

/** The beginning of a text on one line, at most `length` characters and never half of one, with `…` when cut. */
export function excerpt(text: string, length: number): string {
  const line = text
    .slice(0, length * 8)
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  const cut = characters.length > length || text.length > length * 8;
  return cut ? `${characters.slice(0, length).join('').trimEnd()}…` : line;
}
