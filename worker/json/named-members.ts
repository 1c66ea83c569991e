/** Reads a small object where it lies: `JSON.parse` wants a text to be made of it, and builds what nobody asks for. */
import type { Buffer } from 'node:buffer';
import type { ByteRange } from './members';
import { isAt } from './short-text';
import { skipSpaceIn } from './skip';

/** What was asked for of an object. */
export interface NamedMembers {
  [name: string]: number | null | NamedMembers;
}

/** Objects in objects: few have any in them, and a hostile document could have a million. */
const MAX_DEPTH = 4;
/** So many are exact whatever they are. */
const MAX_DIGITS = 15;
const NOT_PLAIN = -1;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * The members of these names, in an object and in those within it, as `JSON.parse` would give them. Null where anything
 * has not the plain form of most objects with counts in them: it has whole numbers from 0, null, texts without escapes,
 * and objects of the same. A text is only stepped over: none may be asked for.
 */
export function namedMembers(body: Buffer, { start, end }: ByteRange, names: readonly string[]): NamedMembers | null {
  const members: NamedMembers = {};
  return body[start] === OPENING && readObject(body, start, names, 1, members) === end ? members : null;
}

/** @returns where it ends, or NOT_PLAIN */
function readObject(body: Buffer, start: number, names: readonly string[], depth: number, out: NamedMembers): number {
  if (depth > MAX_DEPTH) return NOT_PLAIN;
  let at = skipSpaceIn(body, start + 1);
  if (body[at] === CLOSING) return at + 1;
  for (;;) {
    if (body[at] !== QUOTE) return NOT_PLAIN;
    const nameEnd = textEnd(body, at + 1);
    if (nameEnd === NOT_PLAIN) return NOT_PLAIN;
    const name = nameBetween(body, at + 1, nameEnd, names);
    at = skipSpaceIn(body, nameEnd + 1);
    if (body[at] !== COLON) return NOT_PLAIN;
    at = skipSpaceIn(body, at + 1);

    const first = body[at] ?? 0;
    if (isDigit(first)) {
      const numberStart = at;
      let value = 0;
      for (let byte = first; isDigit(byte); byte = body[++at] ?? 0) value = 10 * value + (byte - ZERO);
      const digits = at - numberStart;
      if (digits > MAX_DIGITS || (first === ZERO && digits > 1)) return NOT_PLAIN;
      if (name !== null) out[name] = value;
    } else if (first === OPENING) {
      const inner: NamedMembers = {};
      at = readObject(body, at, names, depth + 1, inner);
      if (at === NOT_PLAIN) return NOT_PLAIN;
      if (name !== null) out[name] = inner;
    } else if (first === LETTER_N && isAt('null', body, at, 4)) {
      at += 4;
      if (name !== null) out[name] = null;
    } else if (first === QUOTE && name === null) {
      const end = textEnd(body, at + 1);
      if (end === NOT_PLAIN) return NOT_PLAIN;
      at = end + 1;
    } else return NOT_PLAIN;

    at = skipSpaceIn(body, at);
    if (body[at] === CLOSING) return at + 1;
    if (body[at] !== COMMA) return NOT_PLAIN;
    at = skipSpaceIn(body, at + 1);
  }
}

/** Where the quote is that ends it. */
function textEnd(body: Buffer, from: number): number {
  for (let at = from; ; at++) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE || byte === BACKSLASH) return NOT_PLAIN;
  }
}

function nameBetween(body: Buffer, start: number, end: number, names: readonly string[]): string | null {
  for (const name of names) if (isAt(name, body, start, end - start)) return name;
  return null;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}
