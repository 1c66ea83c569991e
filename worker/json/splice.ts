/** Changes single top-level members of a JSON object in its bytes and leaves every other byte as the client wrote it. */
import { Buffer } from 'node:buffer';
import { type ByteRange, memberValue, type ScannedObject } from './members';

interface Edit extends ByteRange {
  readonly text: string;
}

/**
 * The body with the members of `overrides` set to these values: in place where a member exists (at each of its
 * occurrences, so that no reader of a duplicated name finds the old value), and otherwise directly behind the `{`, in the
 * order of `overrides`. A value that is `undefined`, or that the member has already, changes nothing: a number, string,
 * boolean or null counts as the same by value, an array or object by its bytes as JSON.stringify writes it.
 *
 * `scan` must come from this very body. Returns the pieces of the new one, in order, which share the body's memory;
 * throws a TypeError for what JSON cannot say (a BigInt, a cycle).
 */
export function spliceMembers(
  body: Buffer,
  scan: ScannedObject,
  overrides: Readonly<Record<string, unknown>>,
): readonly Buffer[] {
  const edits: Edit[] = [];
  let inserted = '';
  for (const [name, value] of Object.entries(overrides)) {
    // The library's type says string, but it is undefined for undefined, functions and symbols.
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) continue;
    const last = scan.members.get(name);
    if (last === undefined) {
      inserted += `${inserted === '' ? '' : ','}${JSON.stringify(name)}:${text}`;
      continue;
    }
    if (!hasValue(body, last, text)) edits.push({ start: last.start, end: last.end, text });
    for (const { name: shadowedName, range } of scan.shadowed) {
      if (shadowedName === name && !hasValue(body, range, text))
        edits.push({ start: range.start, end: range.end, text });
    }
  }
  if (inserted !== '') {
    const behindBrace = scan.objectStart + 1;
    edits.push({ start: behindBrace, end: behindBrace, text: scan.members.size === 0 ? inserted : `${inserted},` });
  }
  return edits.length === 0 ? [body] : applyEdits(body, edits);
}

function hasValue(body: Buffer, range: ByteRange, text: string): boolean {
  if (isContainer(body[range.start]) || isContainer(text.charCodeAt(0))) {
    return body.subarray(range.start, range.end).equals(Buffer.from(text));
  }
  return Object.is(memberValue(body, range), JSON.parse(text));
}

function isContainer(first: number | undefined): boolean {
  return first === 0x7b || first === 0x5b;
}

function applyEdits(body: Buffer, edits: Edit[]): readonly Buffer[] {
  edits.sort((a, b) => a.start - b.start);
  const pieces: Buffer[] = [];
  let copied = 0;
  for (const edit of edits) {
    pieces.push(body.subarray(copied, edit.start), Buffer.from(edit.text));
    copied = edit.end;
  }
  pieces.push(body.subarray(copied));
  return pieces;
}
