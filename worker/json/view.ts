/**
 * Looks into a JSON document without building it: values are found in the bytes when they are asked for, and what only
 * goes on to somebody else (a text, a schema, an image) is never decoded. Made for translating requests, where nearly
 * all bytes of a body go on as they are.
 */
import { Buffer } from 'node:buffer';
import { endsOf, type ScannedObject } from './members';
import { shortText } from './short-text';
import { skipSpace, skipString } from './skip';

/** A document has something that no honest client sends; `message` says what, for the client. */
export class BadDocument extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadDocument';
  }
}

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** Each costs a view: without a limit 32 MiB of them would block the process for seconds. */
const MAX_MEMBERS = 10_000;
const MAX_ITEMS = 100_000;
/** In one document: many small arrays are no cheaper than a large one. */
const MAX_VIEWS = 500_000;

const NO_ITEMS: readonly JsonView[] = [];

/**
 * What the views into one document share. `ends` has where long values end, by where they start: found when whatever
 * holds them is scanned first, so that no byte is scanned again at each depth (which took half of a translation's time).
 */
interface Scan {
  view: DataView;
  ends: Map<number, number>;
  /** Views that there are. */
  count: number;
}
const LONG_BYTES = 128;
const MAX_ENDS = 100_000;
/** Deeper within a value nothing is noted. */
const MAX_NOTED_DEPTH = 64;

/** One value of a document. */
export class JsonView {
  readonly body: Buffer;
  /** Offsets of the value's first byte and of the one after its last. */
  readonly start: number;
  readonly end: number;
  #members: Map<string, JsonView> | null = null;
  #items: readonly JsonView[] | null = null;
  readonly #scan: Scan;

  /**
   * @param body a valid document (see `scanMembers`) in which the value stands from `start` to `end`
   * @param scan of the same document
   */
  constructor(body: Buffer, start: number, end: number, scan: Scan = scanOf(body)) {
    this.body = body;
    this.start = start;
    this.end = end;
    this.#scan = scan;
  }

  get kind(): JsonKind {
    switch (this.body[this.start]) {
      case 0x7b:
        return 'object';
      case 0x5b:
        return 'array';
      case 0x22:
        return 'string';
      case 0x74:
      case 0x66:
        return 'boolean';
      case 0x6e:
        return 'null';
      default:
        return 'number';
    }
  }

  /** Bytes of its JSON text. */
  get size(): number {
    return this.end - this.start;
  }

  /** A member of an object; undefined when there is none, its value is null, or this is no object. */
  get(name: string): JsonView | undefined {
    const member = this.members().get(name);
    return member === undefined || member.kind === 'null' ? undefined : member;
  }

  /** An object's members in order, nulls included; of a repeated name the last counts. Empty for anything else. */
  members(): ReadonlyMap<string, JsonView> {
    this.#members ??= this.kind === 'object' ? readMembers(this, this.#scan) : new Map();
    return this.#members;
  }

  /** An array's items; empty for anything else. */
  items(): readonly JsonView[] {
    this.#items ??= this.kind === 'array' ? readItems(this, this.#scan) : NO_ITEMS;
    return this.#items;
  }

  /** A string's text; undefined for anything else. */
  text(): string | undefined {
    if (this.kind !== 'string') return undefined;
    return textBetween(this.body, this.start + 1, this.end - 1);
  }

  /** The text of a member that is a string; undefined otherwise. */
  textOf(name: string): string | undefined {
    return this.get(name)?.text();
  }

  /** What stands between a string's quotes, escapes as they are; empty for anything else. */
  inner(): string {
    return this.kind === 'string' ? this.body.toString('utf8', this.start + 1, this.end - 1) : '';
  }

  /** The JSON text as it stands. */
  raw(): string {
    return this.body.toString('utf8', this.start, this.end);
  }

  bytes(): Buffer {
    return this.body.subarray(this.start, this.end);
  }

  /** The value, parsed. For small ones. */
  value(): unknown {
    return JSON.parse(this.raw());
  }
}

/** A document of our own making, such as `viewOf('{"a":1}')`. @throws SyntaxError where it is no JSON */
export function viewOf(text: string): JsonView {
  JSON.parse(text);
  return rootView(Buffer.from(text));
}

/**
 * The whole of a valid document (see `scanMembers`).
 * @param scanned the last that was scanned: then it is not gone through again
 */
export function rootView(body: Buffer, scanned?: ScannedObject): JsonView {
  const scan = scanOf(body);
  if (scanned !== undefined) scan.ends = endsOf(scanned);
  const start = skipSpace(scan.view, 0, body.length);
  return new JsonView(body, start, skipValue(scan, start, body.length), scan);
}

function readMembers({ body, start, end }: JsonView, scan: Scan): Map<string, JsonView> {
  const members = new Map<string, JsonView>();
  const { view } = scan;
  let i = skipSpace(view, start + 1, end);
  while (view.getUint8(i) !== 0x7d) {
    const nameEnd = skipString(view, i + 1, end);
    const name = textBetween(body, i + 1, nameEnd - 1);
    // Behind the name: space, a colon, space.
    i = skipSpace(view, skipSpace(view, nameEnd, end) + 1, end);
    const valueEnd = skipValue(scan, i, end);
    members.set(name, new JsonView(body, i, valueEnd, scan));
    countView(scan);
    if (members.size > MAX_MEMBERS) throw new BadDocument(`an object has more than ${MAX_MEMBERS} members`);
    i = nextItem(view, valueEnd, end);
  }
  return members;
}

function readItems({ body, start, end }: JsonView, scan: Scan): JsonView[] {
  const items: JsonView[] = [];
  const { view } = scan;
  let i = skipSpace(view, start + 1, end);
  while (view.getUint8(i) !== 0x5d) {
    const itemEnd = skipValue(scan, i, end);
    items.push(new JsonView(body, i, itemEnd, scan));
    countView(scan);
    if (items.length > MAX_ITEMS) throw new BadDocument(`an array has more than ${MAX_ITEMS} items`);
    i = nextItem(view, itemEnd, end);
  }
  return items;
}

/** What stands between a string's quotes, without its escapes. */
function textBetween(body: Buffer, start: number, end: number): string {
  const short = shortText(body, start, end);
  if (short !== null) return short;
  const written = body.toString('utf8', start, end);
  return written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written; // A JSON string is a string.
}

function countView(scan: Scan): void {
  if (++scan.count > MAX_VIEWS) throw new BadDocument(`the request has more than ${MAX_VIEWS} members and items`);
}

/** From behind an item to the next one, or to the closing bracket. */
function nextItem(view: DataView, from: number, end: number): number {
  const i = skipSpace(view, from, end);
  return view.getUint8(i) === 0x2c ? skipSpace(view, i + 1, end) : i;
}

/** From a valid value's first byte to behind its last. Notes where it and what is within it ends. */
function skipValue({ view, ends }: Scan, from: number, length: number): number {
  const first = view.getUint8(from);
  let i = from + 1;
  if (first !== 0x22 && first !== 0x7b && first !== 0x5b) {
    while (i < length && isScalarByte(view.getUint8(i))) i++;
    return i;
  }
  const known = ends.get(from);
  if (known !== undefined) return known;
  if (first === 0x22) {
    i = skipString(view, i, length);
    note(ends, from, i);
    return i;
  }
  const starts = [from];
  for (let depth = 1; depth > 0; ) {
    const byte = view.getUint8(i);
    if (byte === 0x22) {
      const start = i;
      i = skipString(view, i + 1, length);
      note(ends, start, i);
      continue;
    }
    // { and [, } and ] differ in one bit, the same for both.
    if ((byte | 0x20) === 0x7b) {
      if (depth < MAX_NOTED_DEPTH) starts[depth] = i;
      depth++;
    } else if ((byte | 0x20) === 0x7d) {
      depth--;
      if (depth < MAX_NOTED_DEPTH) note(ends, starts[depth] ?? from, i + 1);
    }
    i++;
  }
  return i;
}

function note(ends: Map<number, number>, start: number, end: number): void {
  if (end - start >= LONG_BYTES && ends.size < MAX_ENDS) ends.set(start, end);
}

/** Of a number or a literal: not space, comma, or a closing bracket. */
function isScalarByte(byte: number): boolean {
  return byte > 0x20 && byte !== 0x2c && byte !== 0x5d && byte !== 0x7d;
}

function scanOf(body: Buffer): Scan {
  return { view: new DataView(body.buffer, body.byteOffset, body.length), ends: new Map(), count: 0 };
}
