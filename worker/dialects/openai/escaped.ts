/** Escaped texts that arrive in pieces. */
import { Buffer } from 'node:buffer';
import { escapeText } from '../answer';

const HIGH_SURROGATE = /\\u[dD][89abAB][0-9a-fA-F]{2}$/;
const ANY_SURROGATE = /\\u[dD][89a-fA-F]/;
const LENGTH = 6;

/**
 * Where an escaped text must be cut so that its end is no half of a surrogate pair: its length, unless it ends with
 * the first half, written as `\ud83d`. The other half is in the next piece.
 */
export function wholeLength(escaped: string): number {
  const start = escaped.length - LENGTH;
  if (start < 0 || escaped.charCodeAt(start) !== 0x5c || !HIGH_SURROGATE.test(escaped.slice(start)))
    return escaped.length;
  // The backslash may be the second of an escaped one.
  let backslashes = 0;
  while (escaped.charCodeAt(start - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 0 ? start : escaped.length;
}

/** The text of an escaped one. */
export function unescapeText(escaped: string): string {
  return escaped.includes('\\') ? (JSON.parse(`"${escaped}"`) as string) : escaped; // A JSON string is a string.
}

/** The same text, with U+FFFD for every half of a surrogate pair: no client can be sure to read those. */
export function withoutHalves(escaped: string): string {
  // Whole pairs may be escaped, too: some servers escape everything beyond ASCII.
  return ANY_SURROGATE.test(escaped) ? escapeText(Buffer.from(unescapeText(escaped)).toString('utf8')) : escaped;
}

/** Tells when the pieces of a JSON text make a whole object, without keeping them. */
export class ObjectScan {
  #depth = 0;
  #inString = false;
  #afterBackslash = false;
  complete = false;

  feed(piece: string): void {
    for (let i = 0; i < piece.length && !this.complete; i++) {
      const code = piece.charCodeAt(i);
      if (this.#afterBackslash) this.#afterBackslash = false;
      else if (this.#inString) {
        if (code === 0x5c) this.#afterBackslash = true;
        else if (code === 0x22) this.#inString = false;
      } else if (code === 0x22) this.#inString = true;
      // { and [, } and ] differ in one bit, the same for both.
      else if ((code | 0x20) === 0x7b) this.#depth++;
      else if ((code | 0x20) === 0x7d && --this.#depth === 0) this.complete = true;
    }
  }
}
