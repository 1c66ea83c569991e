/**
 * Reads token counts out of an answer as it passes by, without changing or delaying a byte of it.
 *
 * In a stream few events matter: those with counts, and the last one. An event of a known kind is stepped over, or read
 * where it lies; the others cost a few native searches for all of a chunk, and a line is parsed only if it has the bytes
 * of a mark. What the kinds and the marks are is each dialect's (`TapRules`).
 */
import { Buffer } from 'node:buffer';
import type { NumberReader } from '../json/number-reader';
import { MAX_MOVED_BYTES, movedToReadMemory, placeInReadMemory } from '../read-buffer';
import type { TokenUsage } from './answer';
import type { PlainEvents } from './plain-events';
import { readUsageMember } from './usage-member';

/** Sees an answer's bytes in order, and says at the end what they told. */
export interface AnswerTap {
  /**
   * The chunk is only valid within the call.
   * @param isAll nothing comes before it or after it
   */
  feed(chunk: Uint8Array, isAll: boolean): void;
  /** The counts, or null when the answer had none. */
  usage(): TokenUsage | null;
  /** Whether the first token of content has passed. */
  readonly sawContent: boolean;
  /** Whether the answer is whole: a stream has had its last event, or an error event. */
  isComplete(): boolean;
}

/** Events of a stream that are told by their beginning. */
export interface EventKind {
  readonly events: PlainEvents;
  /**
   * Reads the data of one, with the line ends behind it, which lies at `place` in the read memory. True: the stream is
   * whole. Without: nothing in them matters.
   */
  readonly read?: (data: Buffer, place: number, counts: TokenUsage) => boolean;
}

/** Where a dialect keeps its counts, and how it ends. */
export interface TapRules {
  /** What the interesting events have and the others do not. With quotes in it a mark cannot stand in a JSON string. */
  readonly marks: readonly string[];
  /** What the first event with content has. */
  readonly content: string;
  /** The kinds that there mostly are. */
  readonly kinds?: { readonly content: PlainEvents; readonly others: readonly EventKind[] };
  /** Reads the data of any event that has a mark, one char per byte. True: the stream is whole. */
  readEvent(data: string, counts: TokenUsage): boolean;
  /** For objects `usage`. */
  readonly usage: NumberReader;
  /** Adds its numbers to the counts so far; those below zero were not told. */
  addUsage(numbers: readonly number[], counts: TokenUsage): void;
}

type Kinds = NonNullable<TapRules['kinds']>;

const NO_KINDS: readonly EventKind[] = [];
const NEWLINE = 0x0a;
const DATA = 'data:';
/** An incomplete line, and a whole document, are kept up to this; beyond it the counts are given up. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** For `text/event-stream`. */
export class StreamTap implements AnswerTap {
  readonly #rules: TapRules;
  readonly #counts = noCounts();
  /** The beginning of a line that came in pieces. */
  #line = '';
  #complete = false;
  sawContent = false;

  constructor(rules: TapRules) {
    this.#rules = rules;
  }

  feed(chunk: Uint8Array): void {
    const { kinds } = this.#rules;
    const bytes = asBuffer(chunk);
    if (kinds === undefined) {
      this.#search(bytes.toString('latin1'));
      return;
    }
    const place = placeInReadMemory(bytes);
    if (place >= 0) this.#pass(bytes, place, kinds);
    else this.#passMoved(bytes, kinds);
  }

  #passMoved(bytes: Buffer, kinds: Kinds): void {
    for (let at = 0; at < bytes.length; at += MAX_MOVED_BYTES) {
      const moved = movedToReadMemory(bytes.subarray(at, at + MAX_MOVED_BYTES));
      this.#pass(moved, moved.byteOffset, kinds);
    }
  }

  /** @param place where the bytes lie in the read memory */
  #pass(bytes: Buffer, place: number, { content, others }: Kinds): void {
    const { length } = bytes;
    /** Up to here all is read or left out. */
    let done = 0;
    for (let at = 0; at < length; ) {
      let end = at;
      let kind: EventKind | null = null;
      if (at === 0 ? this.#line === '' : bytes[at - 1] === NEWLINE) {
        end = content.endOfAll(place + at, place + length) - place;
        for (const other of end === at ? others : NO_KINDS) {
          end = other.events.endOfOne(place + at, place + length) - place;
          if (end === at) continue;
          kind = other;
          break;
        }
      }
      if (end === at) {
        at = content.nextFrom(bytes, at + 1);
        continue;
      }
      if (at > done) this.#search(bytes.toString('latin1', done, at));
      if (kind === null) this.sawContent = true;
      else if (kind.read !== undefined) {
        const from = at + kind.events.dataStart;
        if (kind.read(bytes.subarray(from, end), place + from, this.#counts)) this.#complete = true;
      }
      done = at = end;
    }
    if (done < length) this.#search(bytes.toString('latin1', done));
  }

  /** @param text one char per byte: marks and counts are ASCII */
  #search(text: string): void {
    const { marks, content } = this.#rules;
    if (!this.sawContent) this.sawContent = text.includes(content);
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) {
      this.#keep(text);
      return;
    }
    const kept = this.#line;
    const lines = kept + text.slice(0, end);
    this.#line = '';
    if (end < text.length) this.#keep(text.slice(end));
    // A cut inside the marker is healed by joining the line's pieces.
    if (!this.sawContent && kept !== '') this.sawContent = lines.includes(content);
    for (const mark of marks) {
      for (let at = lines.indexOf(mark); at >= 0; at = lines.indexOf(mark, at)) {
        const lineEnd = lines.indexOf('\n', at);
        this.#readLine(lines.slice(lines.lastIndexOf('\n', at) + 1, lineEnd));
        at = lineEnd;
      }
    }
  }

  usage(): TokenUsage | null {
    return fullUsage(this.#counts);
  }

  isComplete(): boolean {
    return this.#complete;
  }

  #keep(piece: string): void {
    if (this.#line.length <= MAX_KEPT_BYTES) this.#line += piece;
  }

  #readLine(line: string): void {
    if (!line.startsWith(DATA)) return;
    if (this.#rules.readEvent(line.slice(DATA.length).trim(), this.#counts)) this.#complete = true;
  }
}

/** For one JSON document. */
export class DocumentTap implements AnswerTap {
  readonly #rules: TapRules;
  readonly #counts = noCounts();
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  sawContent = false;

  constructor(rules: TapRules) {
    this.#rules = rules;
  }

  feed(chunk: Uint8Array, isAll: boolean): void {
    this.sawContent = true;
    if (isAll) {
      this.#read(asBuffer(chunk));
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_KEPT_BYTES) this.#chunks.push(Buffer.from(chunk));
    else this.#chunks = [];
  }

  usage(): TokenUsage | null {
    if (this.#chunks.length > 0) this.#read(Buffer.concat(this.#chunks));
    this.#chunks = [];
    return fullUsage(this.#counts);
  }

  #read(document: Buffer): void {
    const { usage } = this.#rules;
    readUsageMember(document, usage);
    this.#rules.addUsage(usage.numbers, this.#counts);
  }

  isComplete(): boolean {
    return true;
  }
}

/** What stands for a count that was not told. */
const NOT_TOLD = -1;

function noCounts(): TokenUsage {
  return { input: NOT_TOLD, output: NOT_TOLD, cacheRead: NOT_TOLD, cacheCreation: NOT_TOLD };
}

/** A count where it is one. Later events repeat a count with its final value: the last one stands. */
export function countOr(earlier: number, value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : earlier;
}

function fullUsage({ input, output, cacheRead, cacheCreation }: TokenUsage): TokenUsage | null {
  if (Math.max(input, output, cacheRead, cacheCreation) === NOT_TOLD) return null;
  return {
    input: Math.max(0, input),
    output: Math.max(0, output),
    cacheRead: Math.max(0, cacheRead),
    cacheCreation: Math.max(0, cacheCreation),
  };
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
