/**
 * Reads the counts of a whole answer: its last member `usage`, which mostly stands near the end. What stands before it is
 * not looked at; from there on the document is followed to its end, which tells whether the member stands at the top.
 */
import type { Buffer } from 'node:buffer';
import { scanMembers } from '../json/members';
import { NOT_PLAIN, type NumberReader } from '../json/number-reader';
import { type JsonObject, parseObject } from '../json/parsed';
import { skipSpace, skipString } from '../json/skip';
import { KnownText, WORD_BYTES, wordIn } from '../json/words';
import { placeInReadMemory, READ_VIEW } from '../read-buffer';

const QUOTED = '"usage"';
const NAME = new KnownText(QUOTED);
/** Of four bytes in a row, wherever they begin in the name. */
const WORD_0 = wordIn(QUOTED, 0);
const WORD_1 = wordIn(QUOTED, 1);
const WORD_2 = wordIn(QUOTED, 2);
const WORD_3 = wordIn(QUOTED, 3);
/** So far from the end the name is looked for here; further on a native search is worth its call. */
const NEAR_BYTES = 1024;
const NONE = -1;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * @param reader has its numbers then: none where there is no such object
 * @param place where the document lies in the read memory, or -1: to ask costs a call into the engine
 */
export function readUsageMember(
  document: Buffer,
  reader: NumberReader,
  place: number = placeInReadMemory(document),
): void {
  const view = place >= 0 ? READ_VIEW : new DataView(document.buffer, document.byteOffset, document.length);
  const from = Math.max(0, place);
  const to = from + document.length;
  const name = lastName(document, view, from, to);
  const start = name === NONE ? NONE : valueStart(view, name, from, to);
  if (start !== NONE) {
    const end = reader.readPlain(view, start, to);
    if (end !== NOT_PLAIN && isLast(view, end, to)) return;
  }
  reader.readParsed(name === NONE ? null : parsedMember(document, view, from, start));
}

function lastName(document: Buffer, view: DataView, from: number, to: number): number {
  const near = lastNear(view, Math.max(from, to - NEAR_BYTES), to);
  if (near !== NONE) return near;
  const index = document.lastIndexOf(QUOTED, undefined, 'latin1');
  return index < 0 ? NONE : from + index;
}

function lastNear(view: DataView, from: number, to: number): number {
  for (let at = to - WORD_BYTES; at >= from; at -= WORD_BYTES) {
    const word = view.getInt32(at, true);
    if (word !== WORD_0 && word !== WORD_1 && word !== WORD_2 && word !== WORD_3) continue;
    for (let start = at; start > at - WORD_BYTES && start >= from; start--) {
      if (NAME.isAt(view, start, to)) return start;
    }
  }
  return NONE;
}

/** Of the member whose name stands there; NONE where it is no name. */
function valueStart(view: DataView, name: number, from: number, to: number): number {
  // Its first quote may be an escaped one, within a text.
  if (name > from && view.getUint8(name - 1) === BACKSLASH) return NONE;
  const colon = skipSpace(view, name + NAME.length, to);
  return colon < to && view.getUint8(colon) === COLON ? skipSpace(view, colon + 1, to) : NONE;
}

/** Whether what goes on there, within an object, goes on to its end, and the document ends with it. */
function isLast(view: DataView, at: number, to: number): boolean {
  const end = containerEnd(view, at, to);
  return end !== NONE && skipSpace(view, end, to) === to;
}

/** From within an object or array to behind its closing bracket. */
function containerEnd(view: DataView, from: number, to: number): number {
  let depth = 1;
  for (let at = from; at < to; ) {
    const byte = view.getUint8(at++);
    if (byte === QUOTE) {
      at = skipString(view, at, to);
      if (at < 0) return NONE;
    }
    // { and [, } and ] differ in one bit, the same for both.
    else if ((byte | 0x20) === OPENING) depth++;
    else if ((byte | 0x20) === CLOSING && --depth === 0) return at;
  }
  return NONE;
}

/** The long way. @param start of a value whose name is the last one in the bytes, but maybe not at the top */
function parsedMember(document: Buffer, view: DataView, from: number, start: number): JsonObject | null {
  const to = from + document.length;
  if (start !== NONE && isLast(view, start, to)) {
    const isObject = view.getUint8(start) === OPENING;
    return isObject
      ? parseObject(document.toString('utf8', start - from, containerEnd(view, start + 1, to) - from))
      : null;
  }
  const scan = scanMembers(document);
  const range = scan.ok ? scan.members.get('usage') : undefined;
  return range === undefined ? null : parseObject(document.toString('utf8', range.start, range.end));
}
