/** Steps over the events of a stream that are all alike: tokens. */
import { Buffer } from 'node:buffer';

const NEWLINE = 0x0a;

/** Of the memory that was last looked into, which mostly is the one that everything is read into. */
let view: DataView = new DataView(new ArrayBuffer(0));

/** Events whose beginning is known. A native search for the end of each would cost more than the event's bytes do. */
export class PlainEvents {
  readonly #beginning: Buffer;
  readonly #words: DataView;

  /** @param beginning all lines but the last, and so much of that as tells what kind of event it is */
  constructor(beginning: string) {
    this.#beginning = Buffer.from(beginning);
    this.#words = new DataView(new Uint8Array(this.#beginning).buffer);
  }

  /** Where those end that stand at `from`, whole, one behind the other. */
  endFrom(bytes: Buffer, from: number): number {
    if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer);
    const offset = bytes.byteOffset;
    const end = offset + bytes.length;
    const { byteLength } = this.#words;
    let start = offset + from;
    while (start + byteLength < end && isAt(start, this.#words)) {
      const lineEnd = newlineFrom(start + byteLength, end);
      if (lineEnd + 1 >= end || view.getUint8(lineEnd + 1) !== NEWLINE) break;
      start = lineEnd + 2;
      while (start < end && view.getUint8(start) === NEWLINE) start++;
    }
    return start - offset;
  }

  /** Where the next one begins, or the bytes end. */
  nextFrom(bytes: Buffer, from: number): number {
    const at = bytes.indexOf(this.#beginning, from);
    return at < 0 ? bytes.length : at;
  }
}

function isAt(at: number, words: DataView): boolean {
  const { byteLength } = words;
  let i = 0;
  for (; i + 4 <= byteLength; i += 4) if (view.getInt32(at + i) !== words.getInt32(i)) return false;
  for (; i < byteLength; i++) if (view.getUint8(at + i) !== words.getUint8(i)) return false;
  return true;
}

/** Four bytes at a time: in each byte's top bit, `(w - 0x01…) & ~w` tells a zero (see `skipString`). */
function newlineFrom(from: number, end: number): number {
  let i = from;
  for (const lastWord = end - 4; i <= lastWord; i += 4) {
    const w = view.getInt32(i, true) ^ 0x0a0a0a0a;
    const marks = (w - 0x01010101) & ~w & 0x80808080;
    if (marks !== 0) return i + ((31 - Math.clz32(marks & -marks)) >> 3);
  }
  while (i < end && view.getUint8(i) !== NEWLINE) i++;
  return i;
}
