/** Finds a member near the end of a JSON object without reading what stands before it. */
import type { Buffer } from 'node:buffer';
import { type ByteRange, scanMembers } from './members';
import { skipSpace, skipString } from './skip';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The value of the object's last member of that name, or null. For documents of which it is known, or of no account,
 * that they are valid: from the name on they are followed to their end, which tells whether the name stands at the top.
 * @param name a name that needs no escape
 */
export function lastMember(body: Buffer, name: string): ByteRange | null {
  const mark = `"${name}"`;
  const at = body.lastIndexOf(mark, undefined, 'latin1');
  if (at < 0) return null;
  return memberAt(body, at, at + mark.length) ?? scannedMember(body, name);
}

/** Null unless a member of the outermost object has its name there. */
function memberAt(body: Buffer, nameStart: number, nameEnd: number): ByteRange | null {
  // Its first quote may be an escaped one, within a text.
  if (body[nameStart - 1] === BACKSLASH) return null;
  const { length } = body;
  const view = new DataView(body.buffer, body.byteOffset, length);
  let i = skipSpace(view, nameEnd, length);
  if (i === length || body[i] !== COLON) return null;
  const start = skipSpace(view, i + 1, length);
  let end = 0;
  let depth = 1;
  i = start;
  while (i < length && depth > 0) {
    const byte = body[i] ?? 0;
    if (byte === QUOTE) {
      i = skipString(view, i + 1, length);
      if (i < 0) return null;
      if (depth === 1 && end === 0) end = i;
      continue;
    }
    // { and [, } and ] differ in one bit, the same for both.
    if ((byte | 0x20) === 0x7b) depth++;
    else if ((byte | 0x20) === 0x7d) {
      depth--;
      if (end === 0 && depth === 1) end = i + 1;
    }
    // What is no container ends here at the latest.
    if (end === 0 && (depth === 0 || (depth === 1 && byte === COMMA))) end = i;
    i++;
  }
  const isWhole = depth === 0 && skipSpace(view, i, length) === length;
  return isWhole ? { start, end } : null;
}

const COMMA = 0x2c;

function scannedMember(body: Buffer, name: string): ByteRange | null {
  const scan = scanMembers(body);
  return scan.ok ? (scan.members.get(name) ?? null) : null;
}
