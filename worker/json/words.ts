/**
 * Compares a document's bytes with known texts four at a time: to look at one byte costs JavaScript some twenty
 * instructions, and four no more.
 */
import { Buffer } from 'node:buffer';

export const WORD_BYTES = 4;

/** Four ASCII characters of a text, as `getInt32(at, true)` reads them. */
export function wordIn(text: string, at: number): number {
  return Buffer.from(text, 'latin1').readInt32LE(at);
}

/** An ASCII text of at least four characters. */
export class KnownText {
  readonly length: number;
  /** The last one may overlap the one before it. */
  readonly #words: readonly number[];

  constructor(text: string) {
    this.length = text.length;
    const last = text.length - WORD_BYTES;
    const count = Math.ceil(text.length / WORD_BYTES);
    this.#words = Array.from({ length: count }, (_, i) => wordIn(text, Math.min(WORD_BYTES * i, last)));
  }

  /** Whether it stands there, and ends before `to`. */
  isAt(view: DataView, at: number, to: number): boolean {
    const end = at + this.length;
    const words = this.#words;
    if (end > to || view.getInt32(at, true) !== words[0]) return false;
    const last = words.length - 1;
    for (let i = 1; i < last; i++) if (view.getInt32(at + WORD_BYTES * i, true) !== words[i]) return false;
    return view.getInt32(end - WORD_BYTES, true) === words[last];
  }
}
