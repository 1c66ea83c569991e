/**
 * Adds up the tokens of texts and JSON values as they stand in a body's bytes. Nothing is decoded, nothing recurses, and
 * it ends where the limit is passed.
 */
import { Buffer } from 'node:buffer';
import { skipString } from '../json/skip';
import type { JsonView } from '../json/view';

/** Quotes, colon, comma of a member; comma of an array's item. */
const MEMBER_TOKENS = 1.5;
const ITEM_TOKENS = 0.7;
const LITERAL_TOKENS = 1;

/** Classes of ASCII characters; MARK is everything else, BREAK a tab too. */
const SPACE = 0;
const BREAK = 1;
const LOWER = 2;
const UPPER = 3;
const DIGIT = 4;
const MARK = 5;
const CLASSES = 6;
const CLASS_OF = Uint8Array.from({ length: 128 }, (_, code) => classOf(String.fromCharCode(code)));
/** The same for the letter behind a backslash. */
const ESCAPE_CLASS_OF = Uint8Array.from({ length: 128 }, (_, code) =>
  'nrt'.includes(String.fromCharCode(code)) ? BREAK : MARK,
);
/**
 * Hundredths of a token that a character adds, by the class before it (row) and its own (column). Words cost at their
 * start, and again where case or digits break them, which is what makes hex and base64 (1.5 characters a token) so much
 * dearer than prose (4.5): with one figure for both, either is wrong by three times. Fitted against o200k and cl100k:
 * prose, code, JSON schemas, logs and hex come out at 1.1 to 1.5 times theirs, base64 at 0.9, most other languages at 1
 * to 2.5 times. Claude's own tokenizer is not public; it counts more than these two. No cell is above 90.
 */
const STEPS = Uint8Array.from(
  [
    //         space break lower upper digit mark
    /* space */ [3, 30, 70, 75, 85, 65],
    /* break */ [10, 15, 70, 75, 85, 65],
    /* lower */ [5, 45, 21, 90, 90, 65],
    /* upper */ [5, 45, 55, 45, 90, 65],
    /* digit */ [15, 45, 90, 90, 55, 75],
    /* mark  */ [10, 45, 68, 70, 85, 45],
  ].flat(),
);
export const MAX_TOKENS_PER_BYTE = 0.9;
/**
 * Of a UTF-16 unit beyond ASCII: two-byte characters (Latin with accents, Cyrillic, Greek, Arabic); scripts that
 * vocabularies hardly know (Tibetan to Mongolian: nearly a token a byte); the rest (an emoji is two units).
 */
const TWO_BYTE_STEP = 100;
const RARE_SCRIPT_STEP = 240;
const WIDE_STEP = 150;

/** Bytes between two looks at the limit. */
const STRIDE_BYTES = 4096;

export class TokenTally {
  tokens = 0;
  /** Bytes that were looked at for their tokens: the work that was done. */
  bytes = 0;
  readonly #limit: number;

  /** @param limit tokens beyond which nobody wants to know more */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The limit is passed. */
  get isOver(): boolean {
    return this.tokens > this.#limit;
  }

  add(tokens: number): void {
    this.tokens += tokens;
  }

  /** A string's text; anything else counts as JSON, and nothing as nothing. */
  text(view: JsonView | undefined): void {
    if (view?.kind === 'string') this.tokens += this.measure(view);
    else this.json(view);
  }

  /** Tokens of a string's text, not added; 0 for anything else. */
  measure(view: JsonView | undefined): number {
    return view?.kind === 'string' ? this.#measure(view.body, view.start + 1, view.end - 1) : 0;
  }

  /** A name of an object, with the marks around it. */
  name(text: string): void {
    const bytes = Buffer.from(text);
    this.tokens += this.#measure(bytes, 0, bytes.length) + MEMBER_TOKENS;
  }

  /** Any value, with its names and marks. */
  json(value: JsonView | undefined): void {
    if (value === undefined) return;
    const { body, start, end } = value;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    for (let i = start; i < end && !this.isOver; ) {
      const byte = view.getUint8(i);
      if (byte === 0x22) {
        const stringEnd = skipString(view, i + 1, end);
        this.tokens += this.#measure(body, i + 1, stringEnd - 1);
        i = stringEnd;
      } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
        const from = i;
        while (i < end && isOfScalar(view.getUint8(i))) i++;
        this.tokens += this.#measure(body, from, i);
      } else if (byte === 0x74 || byte === 0x66 || byte === 0x6e) {
        while (i < end && isOfScalar(view.getUint8(i))) i++;
        this.tokens += LITERAL_TOKENS;
      } else {
        // The first item of a list has no comma, but costs like the others.
        if (byte === 0x2c || ((byte === 0x5b || byte === 0x7b) && !isEmpty(view, i, end))) this.tokens += ITEM_TOKENS;
        else if (byte === 0x3a) this.tokens += MEMBER_TOKENS - ITEM_TOKENS;
        this.bytes++;
        i++;
      }
    }
  }

  /**
   * What stands between a string's quotes, escapes and all. It may end early when that passes the limit. Hot: whole
   * numbers, because the additions wait for each other and those of doubles take four times as long.
   */
  #measure(body: Buffer, from: number, to: number): number {
    let tokens = 0;
    let before = SPACE;
    let i = from;
    while (i < to && this.tokens + tokens <= this.#limit) {
      const end = Math.min(to, i + STRIDE_BYTES);
      let steps = 0;
      while (i < end) {
        const byte = body[i] ?? 0;
        if (byte < 0x80 && byte !== 0x5c) {
          const own = CLASS_OF[byte] ?? MARK;
          steps += STEPS[before * CLASSES + own] ?? 0;
          before = own;
          i++;
        } else if (byte >= 0x80) {
          if (byte < 0xe0) {
            steps += TWO_BYTE_STEP;
            i += 2;
          } else if (byte < 0xf0) {
            steps += unitSteps(((byte & 0x0f) << 12) | (((body[i + 1] ?? 0) & 0x3f) << 6));
            i += 3;
          } else {
            steps += 2 * WIDE_STEP;
            i += 4;
          }
        } else {
          const letter = body[i + 1] ?? 0;
          const code = letter === 0x75 ? unitAt(body, i + 2) : -1;
          i += letter === 0x75 ? 6 : 2;
          if (code >= 0x80) {
            steps += unitSteps(code);
          } else {
            const own = (code < 0 ? ESCAPE_CLASS_OF[letter] : CLASS_OF[code]) ?? MARK;
            steps += STEPS[before * CLASSES + own] ?? 0;
            before = own;
          }
        }
      }
      tokens += steps / 100;
    }
    this.bytes += i - from;
    return tokens;
  }
}

/** Of a UTF-16 unit beyond ASCII. */
function unitSteps(code: number): number {
  if (code < 0x800) return TWO_BYTE_STEP;
  return code >= 0x0f00 && code < 0x1900 && code >> 8 !== 0x11 ? RARE_SCRIPT_STEP : WIDE_STEP;
}

/** The four hex digits of an escape, which are known to be some. */
function unitAt(body: Buffer, from: number): number {
  let unit = 0;
  for (let i = from; i < from + 4; i++) {
    const digit = body[i] ?? 0;
    // 0x30 to 0x39 have bit 6 clear; the letters, of either case, have it set and begin at 1.
    unit = unit * 16 + (digit & 0x0f) + (digit >> 6) * 9;
  }
  return unit;
}

/** Of a number or a literal: not space, comma, or a closing bracket. */
function isOfScalar(byte: number): boolean {
  return byte > 0x20 && byte !== 0x2c && byte !== 0x5d && byte !== 0x7d;
}

/** Whether nothing but space stands between an opening bracket and the closing one. */
function isEmpty(view: DataView, open: number, end: number): boolean {
  let i = open + 1;
  while (i < end && view.getUint8(i) <= 0x20) i++;
  const byte = i < end ? view.getUint8(i) : 0;
  return byte === 0x5d || byte === 0x7d;
}

function classOf(char: string): number {
  if (char === ' ') return SPACE;
  if (char === '\n' || char === '\r' || char === '\t') return BREAK;
  if (/[a-z]/.test(char)) return LOWER;
  if (/[A-Z]/.test(char)) return UPPER;
  return /\d/.test(char) ? DIGIT : MARK;
}
