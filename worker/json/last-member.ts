/** Finds a member near the end of a JSON object without reading what stands before it. */
import type { Buffer } from 'node:buffer';
import { type ByteRange, scanMembers } from './members';
import { isAt } from './short-text';
import { skipSpaceIn, skipStringIn } from './skip';

/** So far from the end a name is looked for here; further on a native search is worth its call. */
const NEAR_BYTES = 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The value of the object's last member of that name, or null. For documents of which it is known, or of no account,
 * that they are valid: from the name on they are followed to their end, which tells whether the name stands at the top.
 * @param name a name that needs no escape
 */
export function lastMember(body: Buffer, name: string): ByteRange | null {
  const near = lastNear(body, name);
  const at = near >= 0 ? near : body.lastIndexOf(`"${name}"`, undefined, 'latin1');
  if (at < 0) return null;
  return memberAt(body, at, at + name.length + 2) ?? scannedMember(body, name);
}

/** Where the name's first quote is; -1 where it stands before the last bytes, if at all. */
function lastNear(body: Buffer, name: string): number {
  const { length } = name;
  const end = Math.max(0, body.length - NEAR_BYTES);
  for (let at = body.length - length - 2; at >= end; at--) {
    if (body[at] === QUOTE && body[at + 1 + length] === QUOTE && isAt(name, body, at + 1, length)) return at;
  }
  return -1;
}

/** Null unless a member of the outermost object has its name there. */
function memberAt(body: Buffer, nameStart: number, nameEnd: number): ByteRange | null {
  // Its first quote may be an escaped one, within a text.
  if (body[nameStart - 1] === BACKSLASH) return null;
  const { length } = body;
  let i = skipSpaceIn(body, nameEnd);
  if (body[i] !== COLON) return null;
  const start = skipSpaceIn(body, i + 1);
  let end = 0;
  let depth = 1;
  i = start;
  while (i < length && depth > 0) {
    const byte = body[i] ?? 0;
    if (byte === QUOTE) {
      i = skipStringIn(body, i + 1);
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
  const isWhole = depth === 0 && skipSpaceIn(body, i) === length;
  return isWhole ? { start, end } : null;
}

const COMMA = 0x2c;

function scannedMember(body: Buffer, name: string): ByteRange | null {
  const scan = scanMembers(body);
  return scan.ok ? (scan.members.get(name) ?? null) : null;
}
