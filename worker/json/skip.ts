/** Goes over what stands in a JSON document, for those who look for something in it. */
import { skipLongString } from './long-strings';

/** Of a string, before it counts as long. */
const NEAR_BYTES = 160;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The letters behind a backslash other than u: " \ / b f n r t. */
const SIMPLE_ESCAPE = new Uint8Array(256);
for (const letter of '"\\/bfnrt') SIMPLE_ESCAPE[letter.charCodeAt(0)] = 1;

/** RFC 8259 section 2: space, tab, line feed, carriage return. Mostly there is none, and then it costs no call. */
export function skipSpace(view: DataView, from: number, length: number): number {
  return from >= length || view.getUint8(from) > 0x20 ? from : skipSpaces(view, from, length);
}

function skipSpaces(view: DataView, from: number, length: number): number {
  let i = from;
  while (i < length) {
    const byte = view.getUint8(i);
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    i++;
  }
  return i;
}

/**
 * From behind the opening quote to behind the closing one, or the complement of the offset that is wrong.
 *
 * Four bytes at a time (SWAR): in each byte's top bit, `(w ^ 0x5c…) - 0x01…` tells a backslash, and
 * `(w ^ 0x02…) - 0x21…` anything below 0x20 or the quote (0x22 ^ 2 is 0x20, 0x20 ^ 2 is not below 0x21); `& ~w` leaves
 * UTF-8 bytes out. A borrow can only mark a byte above a true mark, and the lowest one is taken. What goes on for longer
 * goes on in WebAssembly, which is worth its call and the copy from there on.
 */
export function skipString(view: DataView, from: number, length: number): number {
  const lastWord = length - 4;
  let lastNear = Math.min(lastWord, from + NEAR_BYTES);
  let i = from;
  for (;;) {
    let marks = 0;
    while (i <= lastNear) {
      const w = view.getInt32(i, true);
      marks = (((w ^ 0x5c5c5c5c) - 0x01010101) | ((w ^ 0x02020202) - 0x21212121)) & ~w & 0x80808080;
      if (marks !== 0) break;
      i += 4;
    }
    if (marks !== 0) i += (31 - Math.clz32(marks & -marks)) >> 3;
    else if (lastNear < lastWord) {
      i = skipLongString(view, i, length);
      lastNear = lastWord;
      continue;
    }
    // Without a mark, at most three bytes of the body are left.
    if (i >= length) return ~length;
    const byte = view.getUint8(i);
    if (byte === QUOTE) return i + 1;
    if (byte < 0x20) return ~i;
    if (byte !== BACKSLASH) {
      i++;
      continue;
    }
    if (i + 1 >= length) return ~length;
    const escaped = view.getUint8(i + 1);
    i += 2;
    if (SIMPLE_ESCAPE[escaped] === 1) continue;
    if (escaped !== 0x75) return ~(i - 1);
    for (const end = i + 4; i < end; i++) {
      if (i >= length || !isHexDigit(view.getUint8(i))) return ~i;
    }
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
