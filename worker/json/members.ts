/**
 * Finds the top-level members of a JSON object in its bytes, without building the document. A request body goes on to
 * the provider byte for byte, so the gateway needs to know where `model` stands, not what 32 MiB of messages say.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import { badString, failure, invalidUtf8, notAnObject, type ScanFailure, tooManyMembers, unexpected } from './failures';
import { begin, feed, longValues, MEMBERS, notes, PIECE_BYTES, piece } from './scan-memory';
import { shortText } from './short-text';
import { skipSpace } from './skip';

/** Byte offsets in the scanned body: `start` is the first byte, `end` the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges of the values of an object's members, by decoded name. */
export type JsonMembers = ReadonlyMap<string, ByteRange>;

export interface Shadowed {
  readonly name: string;
  readonly range: ByteRange;
}

export interface ScannedObject {
  readonly ok: true;
  /** Range of each top-level member's value by decoded name. Of a name that occurs twice the last counts, as in JSON.parse. */
  readonly members: JsonMembers;
  /** Names that occur more than once at the top level, each once. A reader that takes the first would see another value. */
  readonly duplicates: readonly string[];
  /** Values of duplicated names that a later occurrence overrides. */
  readonly shadowed: readonly Shadowed[];
  /** Offset of the object's `{`. */
  readonly objectStart: number;
  /** Counts the scans, see `endsOf`. */
  readonly scan: number;
}

export type { ScanFailure } from './failures';

export type ScanResult = ScannedObject | ScanFailure;

/** What the scanner expected where it stopped, by its number for it (scan.wat). */
const EXPECTED: readonly string[] = [
  "a name or '}'",
  'a name',
  "':'",
  "a value or ']'",
  'a value',
  "',' or ']'",
  "',' or '}'",
  'nothing behind the object',
  'the end of a string',
  'the end of a string',
  'a digit',
];
const FIRST_VALUE = 3;
const VALUE = 4;
const NOTHING = 7;
const NAME_END = 8;
const TEXT_END = 9;
const NO_MEMBER = 11;
const NOTHING_DEEPER = 12;
/** Numbers that the scanner has noted of each member. */
const NOTED = 4;
const QUOTE = 0x22;
const NONE: readonly never[] = [];
/** The scanner's notes are those of the last one. */
let scans = 0;

/**
 * Validates the whole body exactly as `JSON.parse(body.toString())` would and returns where its top-level members are.
 * The differences: bytes that are no UTF-8 are refused, where `toString` would put U+FFFD in their place, and so are more
 * than 1,000 members at the top level, numbers of more than 64 KB, and 33 million levels of nesting.
 */
export function scanMembers(body: Buffer): ScanResult {
  const { length } = body;
  const objectStart = firstByte(body);
  if (objectStart === length) return failure('empty', 0, 'the request body is empty');
  if (!isUtf8(body)) return invalidUtf8(body);
  if (body[objectStart] !== 0x7b) return notAnObject(body, objectStart);

  // What fits is copied as a whole: a part of a buffer is an object of its own.
  let base = length > PIECE_BYTES ? objectStart + 1 : 0;
  let at = objectStart + 1 - base;
  begin(objectStart);
  scans++;
  for (;;) {
    const bytes = Math.min(length - base, PIECE_BYTES);
    // `Buffer.copy` would check what is known here.
    piece.set(bytes === length ? body : body.subarray(base, base + bytes));
    const stop = feed(base, at, bytes);
    const expected = notes[0] ?? 0;
    const wrong = notes[1] ?? 0;
    const isOver = wrong >= bytes;
    if (!isOver) return refused(body, base + wrong, expected);
    if (base + bytes === length) {
      if (expected === NOTHING) break;
      // A literal that is cut is wrong from its beginning on.
      const isLiteral = expected === VALUE || expected === FIRST_VALUE;
      return refused(body, isLiteral ? base + stop : length, expected);
    }
    // Nothing but a number is gone through again from its beginning.
    if (stop === 0) return unexpected(body, base, 'a number of at most 64 KB');
    base += stop;
    at = 0;
  }
  return found(body, objectStart);
}

function firstByte(body: Buffer): number {
  const first = body[0] ?? 0;
  if (first > 0x20) return 0;
  return skipSpace(new DataView(body.buffer, body.byteOffset, body.length), 0, body.length);
}

function refused(body: Buffer, offset: number, expected: number): ScanFailure {
  if (expected === NAME_END || expected === TEXT_END) return badString(body, offset);
  if (expected === NO_MEMBER) return tooManyMembers(offset);
  if (expected === NOTHING_DEEPER) return unexpected(body, offset, 'nothing nested deeper');
  return unexpected(body, offset, EXPECTED[expected] ?? '');
}

/** What the scanner has noted. */
function found(body: Buffer, objectStart: number): ScannedObject {
  const members = new Map<string, ByteRange>();
  let shadowed: Shadowed[] | null = null;
  const end = MEMBERS + NOTED * (notes[2] ?? 0);
  for (let i = MEMBERS; i < end; i += NOTED) {
    const name = nameBetween(body, notes[i] ?? 0, notes[i + 1] ?? 0);
    const earlier = members.get(name);
    if (earlier !== undefined) {
      shadowed ??= [];
      shadowed.push({ name, range: earlier });
    }
    members.set(name, { start: notes[i + 2] ?? 0, end: notes[i + 3] ?? 0 });
  }
  const duplicates = shadowed === null ? NONE : [...new Set(shadowed.map(({ name }) => name))];
  return { ok: true, members, duplicates, shadowed: shadowed ?? NONE, objectStart, scan: scans };
}

/**
 * Where long values of that body end, by where they start: a help for who looks into it, as long as no other body was
 * scanned.
 */
export function endsOf({ scan }: ScannedObject): Map<number, number> {
  const ends = new Map<number, number>();
  const count = scan === scans ? (notes[3] ?? 0) : 0;
  for (let i = 0; i < 2 * count; i += 2) ends.set(longValues[i] ?? 0, longValues[i + 1] ?? 0);
  return ends;
}

/** "mod\u0065l" is model, for every provider as well. */
function nameBetween(body: Buffer, start: number, end: number): string {
  return shortText(body, start + 1, end - 1) ?? JSON.parse(body.toString('utf8', start, end));
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
