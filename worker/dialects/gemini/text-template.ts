/**
 * The fast path of a stream: most of its responses differ from the one before in the text of their only part, and in
 * the numbers behind it. A template learns what stands around them, and reads the next response with one match.
 *
 * It reads what a parser would read, because it replaces tokens only: in a document that a parser has read once, any
 * string in the place of a string, and any whole number in the place of one, gives the same document with other values.
 * Numbers are left open only where nothing but token counts depends on them.
 *
 * Measured with Node 20 on a response of 480 bytes as Gemini sends it: 0.16 µs, where JSON.parse alone takes 2 µs and
 * the way through views 9 µs. In a whole stream, with reading its lines: 1.0 µs for an event, against 9.
 */
import { type JsonView, viewOf } from '../../json/view';

/** A longer response is parsed: the matcher keeps places to go back to. */
const MAX_CHARS = 32 * 1024;
/** Around the text. Google's is a tenth of it. */
const MAX_FRAME_CHARS = 8 * 1024;

const PLAIN = String.raw`[^"\\\u0000-\u001f]*`;
const STRING_BODY = String.raw`(${PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})${PLAIN})*)`;
const WHOLE_NUMBER = String.raw`(?:0|[1-9]\d{0,14})`;
/** The beginning of a part's text. What else may look like it is found out by trying. */
const TEXT_BEGIN = /"text"\s*:\s*"/g;
/** Strings, which are skipped, and whole numbers that are no part of a longer one. */
const TOKENS = /"(?:[^"\\]|\\.)*"|(?<![\w.+-])(?:0|[1-9]\d{0,14})(?![\w.])/g;
const PROBE = 'ccproxy-probe';

export class TextTemplate {
  readonly #pattern: RegExp;
  readonly isThought: boolean;

  private constructor(pattern: RegExp, isThought: boolean) {
    this.#pattern = pattern;
    this.isThought = isThought;
  }

  /**
   * Learns from a response that has been parsed.
   *
   * @returns null for a response that is not as simple: it has something else than one text, or ends the answer
   */
  static of(data: string, response: JsonView): TextTemplate | null {
    const text = simpleText(response);
    if (text === null || data.length - text.length > MAX_FRAME_CHARS) return null;
    for (const begin of data.matchAll(TEXT_BEGIN)) {
      const from = begin.index + begin[0].length;
      if (!data.startsWith(text, from) || data[from + text.length] !== '"') continue;
      const before = data.slice(0, from);
      const behind = data.slice(from + text.length);
      // Another member of that name may stand before the part's.
      if (simpleText(viewOf(before + PROBE + behind)) !== PROBE) continue;
      const isThought = firstPart(response)?.get('thought')?.raw() === 'true';
      const pattern = `^${withNumbers(before)}${STRING_BODY}"${withNumbers(behind.slice(1))}$`;
      return new TextTemplate(new RegExp(pattern), isThought);
    }
    return null;
  }

  /** The text of a response that differs in text and numbers only, escaped; null for any other. */
  match(data: string): string | null {
    if (data.length > MAX_CHARS) return null;
    return this.#pattern.exec(data)?.[1] ?? null;
  }
}

/** The text, escaped, of a response that brings nothing but it and counts. */
function simpleText(response: JsonView): string | null {
  const candidate = response.get('candidates')?.items()[0];
  const part = firstPart(response);
  const text = part?.get('text');
  const isSimple =
    text?.kind === 'string' &&
    ['error', 'promptFeedback'].every((name) => response.get(name) === undefined) &&
    ['finishReason', 'finishMessage'].every((name) => candidate?.get(name) === undefined) &&
    ['functionCall', 'thoughtSignature'].every((name) => part?.get(name) === undefined);
  return isSimple ? text.inner() : null;
}

/** The only part of the first candidate. */
function firstPart(response: JsonView): JsonView | undefined {
  const parts = response.get('candidates')?.items()[0]?.get('content')?.get('parts')?.items() ?? [];
  return parts.length === 1 ? parts[0] : undefined;
}

function withNumbers(text: string): string {
  let pattern = '';
  let done = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token.startsWith('"')) continue;
    pattern += literal(text.slice(done, index)) + WHOLE_NUMBER;
    done = index + token.length;
  }
  return pattern + literal(text.slice(done));
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
