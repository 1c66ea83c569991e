/** Why a body is no JSON object that is served, in words for the client. */
import { isUtf8 } from 'node:buffer';

/** A request has some twenty. Each costs an entry of its own, and 32 MiB of them would block the process for seconds. */
export const MAX_MEMBERS = 1000;

export interface ScanFailure {
  readonly ok: false;
  readonly kind: 'empty' | 'utf8' | 'not-object' | 'syntax' | 'too-many-members';
  /** Byte at which it went wrong; the body's length where the body ends too early. */
  readonly offset: number;
  /** A sentence for the client, with the offset. */
  readonly reason: string;
}

export function failure(kind: ScanFailure['kind'], offset: number, reason: string): ScanFailure {
  return { ok: false, kind, offset, reason };
}

export function tooManyMembers(offset: number): ScanFailure {
  return failure('too-many-members', offset, `the request body has more than ${MAX_MEMBERS} members at its top level`);
}

export function unexpected(body: Buffer, offset: number, expected: string): ScanFailure {
  const byte = body[offset];
  let found = 'but the body ends there';
  if (byte !== undefined) {
    const printable = byte > 0x20 && byte < 0x7f;
    found = `found ${printable ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`}`;
  }
  return failure(
    'syntax',
    offset,
    `the request body is not valid JSON: expected ${expected} at byte ${offset}, ${found}`,
  );
}

export function badString(body: Buffer, offset: number): ScanFailure {
  const byte = body[offset];
  if (byte === undefined) return unexpected(body, offset, 'the end of a string');
  if (byte < 0x20) return unexpected(body, offset, 'an escape instead of a control character');
  return unexpected(body, offset, 'an escape that JSON has');
}

export function notAnObject(body: Buffer, offset: number): ScanFailure {
  const first = String.fromCharCode(body[offset] ?? 0);
  const found = { '[': 'an array', '"': 'a string', t: 'a literal', f: 'a literal', n: 'a literal' }[first];
  if (found === undefined && !/[-\d]/.test(first)) return unexpected(body, offset, "'{'");
  const reason = `the request body must be a JSON object, but ${found ?? 'a number'} begins at byte ${offset}`;
  return failure('not-object', offset, reason);
}

/** Finds the offset by halving (native isUtf8 looks at every byte about twice in all), then character by character. */
export function invalidUtf8(body: Buffer): ScanFailure {
  const valid = (from: number, to: number) => isUtf8(body.subarray(from, to));
  let low = 0;
  let high = body.length;
  while (high - low > 16) {
    let middle = (low + high) >>> 1;
    // Do not cut a character: it has at most three continuation bytes.
    for (let back = 0; back < 3 && ((body[middle] ?? 0) & 0xc0) === 0x80; back++) middle--;
    if (valid(low, middle)) low = middle;
    else high = middle;
  }
  for (let size = 1; size <= 4; size++) {
    if (low + size <= body.length && valid(low, low + size)) {
      low += size;
      size = 0;
    }
  }
  return failure('utf8', low, `the request body is not valid UTF-8 at byte ${low}`);
}
