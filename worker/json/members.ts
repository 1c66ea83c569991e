/**
 * Finds the top-level members of a JSON object in its bytes, without building the document. A request body goes on to
 * the provider byte for byte, so the gateway needs to know where `model` stands, not what 32 MiB of messages say.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import {
  badString,
  failure,
  invalidUtf8,
  MAX_MEMBERS,
  notAnObject,
  type ScanFailure,
  tooManyMembers,
  unexpected,
} from './failures';
import { skipLongString } from './long-strings';
import { shortText } from './short-text';

/** Byte offsets in the scanned body: `start` is the first byte, `end` the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges of the values of an object's members, by decoded name. */
export type JsonMembers = ReadonlyMap<string, ByteRange>;

export interface ScannedObject {
  readonly ok: true;
  /** Range of each top-level member's value by decoded name. Of a name that occurs twice the last counts, as in JSON.parse. */
  readonly members: JsonMembers;
  /** Names that occur more than once at the top level, each once. A reader that takes the first would see another value. */
  readonly duplicates: readonly string[];
  /** Values of duplicated names that a later occurrence overrides. */
  readonly shadowed: ReadonlyArray<{ readonly name: string; readonly range: ByteRange }>;
  /** Offset of the object's `{`. */
  readonly objectStart: number;
}

export type { ScanFailure } from './failures';

export type ScanResult = ScannedObject | ScanFailure;

/** What may come next, as bits: CLOSE joins the others where the innermost container may end. */
const KEY = 1;
const VALUE = 2;
const COMMA = 4;
const CLOSE = 8;
/** Stands for the byte after the last one; larger than any byte. */
const END = 256;
/** Of a string, before it counts as long. */
const NEAR_BYTES = 160;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The letters behind a backslash other than u: " \ / b f n r t. */
const SIMPLE_ESCAPE = new Uint8Array(256);
for (const letter of '"\\/bfnrt') SIMPLE_ESCAPE[letter.charCodeAt(0)] = 1;
const NONE: readonly never[] = [];
/** Deep enough for most; the scan keeps nothing in it. */
const STACK = new Uint8Array(64);
/** By their first byte. */
const LITERALS: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' };

/**
 * Validates the whole body exactly as `JSON.parse(body.toString())` would and returns where its top-level members are.
 * The differences: bytes that are no UTF-8 are refused, where `toString` would put U+FFFD in their place, and so are more
 * than 1,000 members at the top level. Depth is bounded by the body's length only; nothing recurses.
 */
export function scanMembers(body: Buffer): ScanResult {
  const length = body.length;
  const view = new DataView(body.buffer, body.byteOffset, length);
  const objectStart = skipSpace(view, 0, length);
  if (objectStart === length) return failure('empty', 0, 'the request body is empty');
  if (!isUtf8(body)) return invalidUtf8(body);
  if (view.getUint8(objectStart) !== 0x7b) return notAnObject(body, objectStart);

  const found: Found = { members: new Map(), duplicates: null, shadowed: null };
  /** For each open container whether it is an object; grows with the nesting. */
  let stack = STACK;
  stack[0] = 1;
  let depth = 1;
  let inObject = true;
  let expect = KEY | CLOSE;
  let keyStart = 0;
  let keyEnd = 0;
  let valueStart = 0;
  let count = 1;
  let i = objectStart + 1;

  // Hot: 158 KB of Claude Code traffic in 0.09 ms, where JSON.parse(body.toString()) takes 0.5 ms (Node 20). That is
  // why there is one loop with bits for its state, and no closure: captured variables would live in a heap context.
  for (;;) {
    i = skipSpace(view, i, length);
    const byte = i < length ? view.getUint8(i) : END;

    if (byte === (inObject ? 0x7d : 0x5d) && (expect & CLOSE) !== 0) {
      i++;
      depth--;
      if (depth === 0) break;
      if (depth === 1) addMember(found, body, keyStart, keyEnd, valueStart, i);
      inObject = stack[depth - 1] === 1;
      expect = COMMA | CLOSE;
      continue;
    }

    if ((expect & COMMA) !== 0) {
      if (depth === 1 && ++count > MAX_MEMBERS) return tooManyMembers(i);
      if (byte !== 0x2c) return unexpected(body, i, inObject ? "',' or '}'" : "',' or ']'");
      i++;
      expect = inObject ? KEY : VALUE;
      continue;
    }

    if ((expect & KEY) !== 0) {
      if (byte !== QUOTE) return unexpected(body, i, expect === KEY ? 'a name' : "a name or '}'");
      const nameStart = i;
      i = skipString(view, i + 1, length);
      if (i < 0) return badString(body, ~i);
      if (depth === 1) {
        keyStart = nameStart;
        keyEnd = i;
      }
      i = skipSpace(view, i, length);
      if (i === length || view.getUint8(i) !== 0x3a) return unexpected(body, i, "':'");
      i++;
      expect = VALUE;
      continue;
    }

    if (depth === 1) valueStart = i;
    if (byte === QUOTE) {
      i = skipString(view, i + 1, length);
      if (i < 0) return badString(body, ~i);
    } else if (byte === 0x7b || byte === 0x5b) {
      if (depth === stack.length) {
        const grown = new Uint8Array(depth * 2);
        grown.set(stack);
        stack = grown;
      }
      inObject = byte === 0x7b;
      stack[depth++] = inObject ? 1 : 0;
      expect = (inObject ? KEY : VALUE) | CLOSE;
      i++;
      continue;
    } else if (byte === 0x2d || isDigit(byte)) {
      i = skipNumber(view, i, length);
      if (i < 0) return unexpected(body, ~i, 'a digit');
    } else {
      const end = skipLiteral(body, i);
      if (end === i) return unexpected(body, i, expect === VALUE ? 'a value' : "a value or ']'");
      i = end;
    }
    if (depth === 1) addMember(found, body, keyStart, keyEnd, valueStart, i);
    expect = COMMA | CLOSE;
  }

  i = skipSpace(view, i, length);
  if (i < length) return unexpected(body, i, 'nothing behind the object');
  const { members, duplicates, shadowed } = found;
  return {
    ok: true,
    members,
    duplicates: duplicates === null ? NONE : [...duplicates],
    shadowed: shadowed ?? NONE,
    objectStart,
  };
}

/** The value of one member. Parses those bytes only, so ask for what the request needs; `range` is from a scan of this body. */
export function memberValue(body: Buffer, range: ByteRange): unknown {
  const { start, end } = range;
  if (body[start] === QUOTE) {
    const text = shortText(body, start + 1, end - 1);
    if (text !== null) return text;
  }
  return JSON.parse(body.toString('utf8', start, end));
}

interface Found {
  readonly members: Map<string, ByteRange>;
  /** Hardly any request has them. */
  duplicates: Set<string> | null;
  shadowed: Array<{ name: string; range: ByteRange }> | null;
}

function addMember(found: Found, body: Buffer, keyStart: number, keyEnd: number, start: number, end: number): void {
  // "mod\u0065l" is model, for every provider as well.
  const name: string = shortText(body, keyStart + 1, keyEnd - 1) ?? JSON.parse(body.toString('utf8', keyStart, keyEnd));
  const earlier = found.members.get(name);
  if (earlier !== undefined) {
    found.duplicates ??= new Set();
    found.duplicates.add(name);
    found.shadowed ??= [];
    found.shadowed.push({ name, range: earlier });
  }
  found.members.set(name, { start, end });
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** RFC 8259 section 2: space, tab, line feed, carriage return. */
export function skipSpace(view: DataView, from: number, length: number): number {
  let i = from;
  while (i < length) {
    const byte = view.getUint8(i);
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    i++;
  }
  return i;
}

/**
 * From behind the opening quote to behind the closing one, or the complement of the offset that is wrong.
 *
 * Four bytes at a time (SWAR): in each byte's top bit, `(w ^ 0x5c…) - 0x01…` tells a backslash, and
 * `(w ^ 0x02…) - 0x21…` anything below 0x20 or the quote (0x22 ^ 2 is 0x20, 0x20 ^ 2 is not below 0x21); `& ~w` leaves
 * UTF-8 bytes out. A borrow can only mark a byte above a true mark, and the lowest one is taken. What goes on for longer
 * goes on in WebAssembly, which is worth its call and the copy from there on.
 */
export function skipString(view: DataView, from: number, length: number): number {
  const lastWord = length - 4;
  let lastNear = Math.min(lastWord, from + NEAR_BYTES);
  let i = from;
  for (;;) {
    let marks = 0;
    while (i <= lastNear) {
      const w = view.getInt32(i, true);
      marks = (((w ^ 0x5c5c5c5c) - 0x01010101) | ((w ^ 0x02020202) - 0x21212121)) & ~w & 0x80808080;
      if (marks !== 0) break;
      i += 4;
    }
    if (marks !== 0) i += (31 - Math.clz32(marks & -marks)) >> 3;
    else if (lastNear < lastWord) {
      i = skipLongString(view, i, length);
      lastNear = lastWord;
      continue;
    }
    // Without a mark, at most three bytes of the body are left.
    if (i >= length) return ~length;
    const byte = view.getUint8(i);
    if (byte === QUOTE) return i + 1;
    if (byte < 0x20) return ~i;
    if (byte !== BACKSLASH) {
      i++;
      continue;
    }
    if (i + 1 >= length) return ~length;
    const escaped = view.getUint8(i + 1);
    i += 2;
    if (SIMPLE_ESCAPE[escaped] === 1) continue;
    if (escaped !== 0x75) return ~(i - 1);
    for (const end = i + 4; i < end; i++) {
      if (i >= length || !isHexDigit(view.getUint8(i))) return ~i;
    }
  }
}

/** From a number's first byte to behind its last, or the complement of the offset that should be a digit. */
function skipNumber(view: DataView, from: number, length: number): number {
  let i = view.getUint8(from) === 0x2d ? from + 1 : from;
  // Nothing follows a leading 0 but a fraction or an exponent.
  i = i < length && view.getUint8(i) === 0x30 ? i + 1 : skipDigits(view, i, length);
  if (i >= 0 && i < length && view.getUint8(i) === 0x2e) i = skipDigits(view, i + 1, length);
  if (i >= 0 && i < length && (view.getUint8(i) | 0x20) === 0x65) {
    i++;
    if (i < length && (view.getUint8(i) === 0x2b || view.getUint8(i) === 0x2d)) i++;
    i = skipDigits(view, i, length);
  }
  return i;
}

function skipDigits(view: DataView, from: number, length: number): number {
  let i = from;
  while (i < length && isDigit(view.getUint8(i))) i++;
  return i === from ? ~i : i;
}

function skipLiteral(body: Buffer, from: number): number {
  const literal = LITERALS[body[from] ?? 0];
  if (literal === undefined) return from;
  for (let i = 1; i < literal.length; i++) if (body[from + i] !== literal.charCodeAt(i)) return from;
  return from + literal.length;
}
