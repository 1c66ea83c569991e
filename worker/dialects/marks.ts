/** Finds the few events of a stream that matter, by short texts that no other has. */
import { join } from 'node:path';
import { keptInReadMemory, READ_MEMORY } from '../read-buffer';
import { loadModule } from '../web-assembly';

interface MarksModule {
  /** All but `count` are places in the memory. */
  markFrom(at: number, end: number, table: number, count: number): number;
}

// It exports what marks.wat says.
const { markFrom } = loadModule(join(__dirname, 'marks.wasm'), READ_MEMORY) as MarksModule;

/** Of a mark in the table: its length, and its text. */
const LENGTH_BYTES = 4;
const ENTRY_BYTES = 32;
/** What marks begin with; that many are looked for at once. */
const BEGINNING_CHARS = 2;
const BEGINNINGS = 4;

/** Texts of ASCII to look for: one search for all of them, where a native one is needed for each. */
export class Marks {
  readonly texts: readonly string[];
  readonly #table: number;
  readonly #count: number;

  /** @param texts of 2 to 28 characters, with at most four beginnings of two characters */
  constructor(texts: readonly string[]) {
    this.texts = texts;
    const entries = inOrder(texts).map((text) => {
      if (text.length < BEGINNING_CHARS || text.length > ENTRY_BYTES - LENGTH_BYTES) throw new Error(`mark: ${text}`);
      return String.fromCharCode(text.length, 0, 0, 0) + text.padEnd(ENTRY_BYTES - LENGTH_BYTES, '\0');
    });
    this.#count = entries.length;
    this.#table = keptInReadMemory(entries.join('')).byteOffset;
  }

  /** Where the first one stands, whole; `end` where there is none. Places are in the read memory. */
  firstFrom(place: number, end: number): number {
    return markFrom(place, end, this.#table, this.#count);
  }
}

/** First one with each beginning, as often as it takes to have four: those are what is looked for. */
function inOrder(texts: readonly string[]): readonly string[] {
  const beginnings = new Map(texts.map((text) => [text.slice(0, BEGINNING_CHARS), text]));
  const [first] = texts;
  if (first === undefined || beginnings.size > BEGINNINGS) throw new Error(`marks: ${texts.join(' ')}`);
  const leading = [...beginnings.values()];
  const others = texts.filter((text) => !leading.includes(text));
  const filling = Array.from({ length: BEGINNINGS - leading.length }, () => first);
  return [...leading, ...filling, ...others];
}
