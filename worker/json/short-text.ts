/**
 * Short texts that occur again and again: names of members, and words such as types and roles. A translated request has
 * a thousand of them, and each costs 0.15 µs to be made by `Buffer.toString`, but 0.02 µs to be recognised.
 */
import type { Buffer } from 'node:buffer';

const MAX_LENGTH = 64;
/** A power of two. A text takes the place of another with the same hash. */
const PLACES = 512;
const texts: string[] = new Array<string>(PLACES).fill('');

/** The ASCII text between two offsets; null for a longer one, one with escapes, or with other characters. */
export function shortText(body: Buffer, start: number, end: number): string | null {
  const length = end - start;
  if (length > MAX_LENGTH) return null;
  let hash = length;
  for (let i = start; i < end; i++) {
    const byte = body[i] ?? 0;
    if (byte >= 0x80 || byte === 0x5c) return null;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
  const known = texts[place];
  if (known !== undefined && isAt(known, body, start, length)) return known;
  const text = body.toString('latin1', start, end);
  texts[place] = text;
  return text;
}

/** Whether the ASCII text stands there, in so many bytes. */
function isAt(text: string, body: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== body[start + i]) return false;
  return true;
}
