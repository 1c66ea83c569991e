/**
 * Reads token counts out of an answer as it passes by, without changing or delaying a byte of it.
 *
 * In a stream few events matter: those with counts, and the last one. One search for the bytes of their marks goes
 * through all of a chunk where it lies, and only a line that has one is read. What the marks are is each dialect's
 * (`TapRules`).
 */
import { Buffer } from 'node:buffer';
import type { NumberReader } from '../json/number-reader';
import { KnownText } from '../json/words';
import { MAX_MOVED_BYTES, movedToReadMemory, placeInReadMemory, READ_VIEW } from '../read-buffer';
import type { TokenUsage } from './answer';
import type { Marks } from './marks';
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

/** Where a dialect keeps its counts, and how it ends. */
export interface TapRules {
  /** What the interesting events have and the others do not. With quotes in it a mark cannot stand in a JSON string. */
  readonly marks: Marks;
  /** What the first event with content has. */
  readonly content: string;
  /**
   * Reads the data of an event of a kind that is told by its beginning, which lies at `place` in the read memory with the
   * line's end behind it; false for any other.
   */
  readPlain?(data: Buffer, place: number, counts: TokenUsage): boolean;
  /** Reads the data of any event that has a mark, one char per byte. True: the stream is whole. */
  readEvent(data: string, counts: TokenUsage): boolean;
  /** For objects `usage`. */
  readonly usage: NumberReader;
  /** Adds its numbers to the counts so far; those below zero were not told. */
  addUsage(numbers: readonly number[], counts: TokenUsage): void;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DATA = 'data:';
const DATA_TEXT = new KnownText(DATA);
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
    const bytes = asBuffer(chunk);
    const place = placeInReadMemory(bytes);
    if (place >= 0) this.#pass(bytes, place);
    else this.#passMoved(bytes);
  }

  #passMoved(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += MAX_MOVED_BYTES) {
      const moved = movedToReadMemory(bytes.subarray(at, at + MAX_MOVED_BYTES));
      this.#pass(moved, moved.byteOffset);
    }
  }

  /** @param place where the bytes lie in the read memory */
  #pass(bytes: Buffer, place: number): void {
    const { marks, content } = this.#rules;
    const { length } = bytes;
    if (!this.sawContent) this.sawContent = bytes.includes(content, 0, 'latin1');
    // Mostly all of it.
    const end = bytes[length - 1] === NEWLINE ? length : bytes.lastIndexOf(NEWLINE) + 1;
    let at = 0;
    if (this.#line !== '' && end > 0) {
      at = bytes.indexOf(NEWLINE) + 1;
      this.#readCutLine(bytes.toString('latin1', 0, at));
    }
    while (at < end) {
      const mark = marks.firstFrom(place + at, place + end) - place;
      if (mark === end) break;
      const start = bytes.lastIndexOf(NEWLINE, mark) + 1;
      at = bytes.indexOf(NEWLINE, mark) + 1;
      this.#readLine(bytes, place, start, at);
    }
    if (end < length) this.#keep(bytes.toString('latin1', end));
  }

  /** @param rest one char per byte: marks and counts are ASCII */
  #readCutLine(rest: string): void {
    const { marks, content } = this.#rules;
    const line = this.#line + rest;
    this.#line = '';
    if (!this.sawContent) this.sawContent = line.includes(content);
    if (line.startsWith(DATA) && marks.texts.some((mark) => line.includes(mark)))
      this.#readText(line.slice(DATA.length));
  }

  /** One that came whole. */
  #readLine(bytes: Buffer, place: number, start: number, end: number): void {
    if (!DATA_TEXT.isAt(READ_VIEW, place + start, place + end)) return;
    let from = start + DATA.length;
    while (bytes[from] === SPACE) from++;
    const data = bytes.subarray(from, end);
    if (!this.#rules.readPlain?.(data, place + from, this.#counts)) this.#readText(data.toString('latin1'));
  }

  #readText(data: string): void {
    if (this.#rules.readEvent(data.trim(), this.#counts)) this.#complete = true;
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
