/**
 * Reads token counts out of an answer as it passes by, without changing or delaying a byte of it.
 *
 * In a stream few events matter: those with counts, and the last one. The others are stepped over, or cost a few native
 * searches for all of a chunk: a line is parsed only if it has the bytes of a mark. What the marks are is each dialect's
 * (`TapRules`).
 */
import { Buffer } from 'node:buffer';
import { lastMember } from '../json/last-member';
import type { TokenUsage } from './answer';
import type { PlainEvents } from './plain-events';

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
  readonly marks: readonly Buffer[];
  /** What the first event with content has. */
  readonly content: Buffer;
  /** Events that have no mark, where they can be told by their beginning. */
  readonly plain?: PlainEvents;
  /** Reads the data of an event that has a mark. True: the stream is whole. */
  readEvent(data: string, counts: Partial<TokenUsage>): boolean;
  /** Reads a document's `usage`. */
  readUsage(usage: Record<string, unknown> | null, counts: Partial<TokenUsage>): void;
}

const NEWLINE = 0x0a;
const DATA = Buffer.from('data:');
/** An incomplete line, and a whole document, are kept up to this; beyond it the counts are given up. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** For `text/event-stream`. */
export class StreamTap implements AnswerTap {
  readonly #rules: TapRules;
  readonly #counts: Partial<TokenUsage> = {};
  #line: Uint8Array[] = [];
  #lineBytes = 0;
  #complete = false;
  sawContent = false;

  constructor(rules: TapRules) {
    this.#rules = rules;
  }

  feed(chunk: Uint8Array): void {
    const { plain } = this.#rules;
    const bytes = asBuffer(chunk);
    if (plain === undefined) this.#search(bytes);
    else this.#pass(bytes, plain);
  }

  /** Leaves out tokens, which is what nearly all events are. */
  #pass(bytes: Buffer, plain: PlainEvents): void {
    /** Up to here all is read or left out. */
    let done = 0;
    for (let at = 0; at < bytes.length; ) {
      const isLineStart = at === 0 ? this.#line.length === 0 : bytes[at - 1] === NEWLINE;
      const end = isLineStart ? plain.endFrom(bytes, at) : at;
      if (end === at) {
        at = plain.nextFrom(bytes, at + 1);
        continue;
      }
      if (at > done) this.#search(bytes.subarray(done, at));
      this.sawContent = true;
      done = at = end;
    }
    if (done === 0) this.#search(bytes);
    else if (done < bytes.length) this.#search(bytes.subarray(done));
  }

  #search(bytes: Buffer): void {
    const { marks, content } = this.#rules;
    if (!this.sawContent) this.sawContent = bytes.includes(content);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return;
    }
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    const lines = this.#line.length === 0 ? whole : Buffer.concat([...this.#line, whole]);
    this.#line = [];
    this.#lineBytes = 0;
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    // A cut inside the marker is healed by joining the line's pieces.
    if (!this.sawContent && lines !== whole) this.sawContent = lines.includes(content);
    for (const mark of marks) {
      for (let at = lines.indexOf(mark); at >= 0; at = lines.indexOf(mark, at)) {
        const lineEnd = lines.indexOf(NEWLINE, at);
        this.#readLine(lines.subarray(lines.lastIndexOf(NEWLINE, at) + 1, lineEnd));
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

  #keep(piece: Uint8Array): void {
    this.#lineBytes += piece.length;
    // A copy: the chunk's memory is its giver's.
    if (this.#lineBytes <= MAX_KEPT_BYTES) this.#line.push(Buffer.from(piece));
  }

  #readLine(line: Buffer): void {
    if (!line.subarray(0, 5).equals(DATA)) return;
    if (this.#rules.readEvent(line.toString('utf8', 5).trim(), this.#counts)) this.#complete = true;
  }
}

/** For one JSON document. */
export class DocumentTap implements AnswerTap {
  readonly #rules: TapRules;
  readonly #counts: Partial<TokenUsage> = {};
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
    const range = lastMember(document, 'usage');
    if (range === null) return;
    this.#rules.readUsage(parseObject(document.toString('utf8', range.start, range.end)), this.#counts);
  }

  isComplete(): boolean {
    return true;
  }
}

/** Notes a count where it is one. Later events repeat a count with its final value: the last one stands. */
export function noteCount(counts: Partial<TokenUsage>, key: keyof TokenUsage, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) counts[key] = value;
}

/** An event's data as an object, or null where it is none. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function objectField(value: Record<string, unknown> | null, name: string): Record<string, unknown> | null {
  const field = value?.[name];
  return isObject(field) ? field : null;
}

function fullUsage(counts: Partial<TokenUsage>): TokenUsage | null {
  if (Object.keys(counts).length === 0) return null;
  return { input: 0, output: 0, cacheRead: 0, cacheCreation: 0, ...counts };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
