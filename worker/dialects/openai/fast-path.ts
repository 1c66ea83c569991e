/**
 * Most chunks of a stream differ from the one before only in a piece of text. So what stands around that piece is
 * learned from a parsed chunk, and where it stands again, with a clean JSON string inside, that string's inside is the
 * piece: nothing is parsed. Measured on OpenAI's chunks (310 bytes): 0.1 µs, against 1.3 µs for JSON.parse alone.
 *
 * Why this is right: that the string begins and ends there, and is that member, is proved by parsing the frame with
 * another string inside. A JSON text is read from left to right: in front of a string's inside the state of reading is
 * the same whatever the inside is, and behind it, too. So every chunk with this frame has the structure and the other
 * members of the learned one; and those were found to say nothing.
 */
import { isObject, type JsonObject, textAt, valueAt } from '../../json/parsed';
import { errorIn } from './errors';
import { firstChoice, isNothing } from './read-chunk';
import { readUsage } from './usage';

export type PieceKind = 'content' | 'reasoning_content' | 'reasoning' | 'arguments';

/** A piece of text in a chunk that has nothing else to say. */
interface Piece {
  kind: PieceKind;
  /** Of the call, for arguments. */
  index: number;
  value: string;
}

interface Frame {
  kind: PieceKind;
  index: number;
  before: string;
  after: string;
  /** What stands behind the random padding that begins behind `after`; null where there is none. */
  tail: string | null;
}

const TEXT_KINDS = ['content', 'reasoning_content', 'reasoning'] as const;
/** Members with random text that hides the lengths of tokens: OpenAI's, Mistral's. */
const PADDING = /"(obfuscation|p)"\s*:\s*"/g;
const PROBE = '\u2062probe\u2062';
const MAX_LEARNED = 64 * 1024;
/** Places that are tried for the piece: its name may stand elsewhere in the chunk. */
const MAX_PLACES = 8;
const MAX_PAUSE = 63;

export class FastPath {
  #frame: Frame | null = null;
  /** A frame was looked for, and its matches since. */
  #learned = false;
  #hits = 0;
  /** Parsed chunks from which nothing is learned: where each frame differs, learning only costs. */
  #pause = 0;
  #nextPause = 0;

  get kind(): PieceKind {
    return this.#frame?.kind ?? 'content';
  }

  get index(): number {
    return this.#frame?.index ?? 0;
  }

  /** The escaped piece of a chunk in the frame that was learned last; null for any other chunk. */
  match(data: string): string | null {
    const frame = this.#frame;
    if (frame === null) return null;
    const { before, after, tail } = frame;
    // A slice costs nothing; to compare it takes 40 ns, where startsWith takes 130.
    if (data.slice(0, before.length) !== before) return null;
    const start = before.length;
    const end = stringEnd(data, start);
    const behind = end + after.length;
    if (end < 0 || data.slice(end, behind) !== after) return null;
    if (tail === null) {
      if (behind !== data.length) return null;
    } else {
      const paddingEnd = stringEnd(data, behind);
      if (paddingEnd < 0 || data.slice(paddingEnd) !== tail) return null;
    }
    this.#hits++;
    return data.slice(start, end);
  }

  /** @param chunk what `data` was parsed to, and read without a failure */
  learn(data: string, chunk: unknown): void {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    const piece = pieceOf(chunk);
    if (piece === null || data.length > MAX_LEARNED || piece.value === PROBE) return;
    this.#nextPause = this.#learned && this.#hits === 0 ? Math.min(MAX_PAUSE, this.#nextPause * 2 + 1) : 0;
    this.#pause = this.#nextPause;
    this.#learned = true;
    this.#hits = 0;
    this.#frame = frameOf(data, piece);
  }
}

/** The piece of a chunk that says nothing else to `ChunkReader.read`, once the answer has begun; null for others. */
function pieceOf(chunk: unknown): Piece | null {
  if (!isObject(chunk)) return null;
  const choice = firstChoice(chunk);
  if (choice === null || errorIn(chunk) !== null || errorIn(choice) !== null || textAt(choice, 'finish_reason'))
    return null;
  if (readUsage(chunk, choice) !== null) return null;
  const delta = valueAt(choice, 'delta');
  if (!isObject(delta)) return null;
  const said = Object.entries(delta).filter(([name, value]) => name !== 'role' && !isNothing(value));
  const [only] = said;
  if (only === undefined || said.length > 1) return null;
  const [name, value] = only;
  const kind = TEXT_KINDS.find((candidate) => candidate === name);
  if (kind !== undefined) return typeof value === 'string' ? { kind, index: 0, value } : null;
  return name === 'tool_calls' && Array.isArray(value) && value.length === 1 ? argumentsOf(value[0]) : null;
}

function argumentsOf(call: unknown): Piece | null {
  if (!isObject(call) || !isNothing(valueAt(call, 'id'))) return null;
  const index = valueAt(call, 'index');
  const called = valueAt(call, 'function');
  if (typeof index !== 'number' || !isObject(called) || !isNothing(valueAt(called, 'name'))) return null;
  const value = textAt(called, 'arguments');
  return value === null ? null : { kind: 'arguments', index, value };
}

function frameOf(data: string, piece: Piece): Frame | null {
  let places = 0;
  for (const { index, 0: found } of data.matchAll(new RegExp(`"${piece.kind}"\\s*:\\s*"`, 'g'))) {
    if (++places > MAX_PLACES) return null;
    const start = index + found.length;
    const end = stringEnd(data, start);
    if (end < 0) continue;
    const frame: Frame = {
      kind: piece.kind,
      index: piece.index,
      before: data.slice(0, start),
      after: data.slice(end),
      tail: null,
    };
    if (pieceOf(parse(frame.before + PROBE + frame.after))?.value === PROBE) return withPadding(frame);
  }
  return null;
}

function withPadding(frame: Frame): Frame {
  for (const { index, 0: found, 1: name = '' } of frame.after.matchAll(PADDING)) {
    const start = index + found.length;
    const end = stringEnd(frame.after, start);
    if (end < 0) continue;
    const after = frame.after.slice(0, start);
    const tail = frame.after.slice(end);
    const probed = parse(frame.before + PROBE + after + PROBE + tail);
    if (pieceOf(probed)?.value === PROBE && isObject(probed) && valueAt(probed, name) === PROBE) {
      return { ...frame, after, tail };
    }
  }
  return frame;
}

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** From the inside of a JSON string to its closing quote; -1 where it has none, or is no valid string. */
function stringEnd(data: string, from: number): number {
  for (let i = from; i < data.length; i++) {
    const code = data.charCodeAt(i);
    if (code === 0x22) return i;
    if (code < 0x20) return -1;
    if (code !== 0x5c) continue;
    const escaped = data.charCodeAt(++i);
    if (escaped === 0x75) {
      for (const end = i + 4; i < end; ) if (!isHexDigit(data.charCodeAt(++i))) return -1;
    } else if (!SIMPLE_ESCAPES.includes(escaped)) return -1;
  }
  return -1;
}

/** " \ / b f n r t */
const SIMPLE_ESCAPES = [0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74];

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}
