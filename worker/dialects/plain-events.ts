/** Steps over the events of a stream that are all alike: tokens. */
import type { Buffer } from 'node:buffer';

const NEWLINE = 0x0a;

/** Of the memory that was last looked into, which mostly is the one that everything is read into. */
let view: DataView = new DataView(new ArrayBuffer(0));

/**
 * Where the events end that stand at `from`, one behind the other: whole, of two lines, of which the first is `beginning`.
 * A native search for each would cost more than the event's bytes do.
 */
export function plainEventsEnd(bytes: Buffer, from: number, beginning: Buffer): number {
  if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer);
  const offset = bytes.byteOffset;
  const end = offset + bytes.length;
  let start = from;
  while (start + beginning.length < bytes.length) {
    for (let i = 0; i < beginning.length; i++) if (bytes[start + i] !== beginning[i]) return start;
    const lineEnd = newlineFrom(offset + start + beginning.length, end);
    if (lineEnd + 1 >= end || view.getUint8(lineEnd + 1) !== NEWLINE) return start;
    start = lineEnd + 2 - offset;
  }
  return start;
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
