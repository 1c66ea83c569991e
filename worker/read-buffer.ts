/**
 * The memory that every socket to a provider reads into: what was read is used up before the next read, and a buffer for
 * each would be most of what an idle stream costs. It is WebAssembly's, which can look through an answer where it lies.
 */
import { Buffer } from 'node:buffer';
import { newMemory, PAGE_BYTES } from './web-assembly';

/** A page to read into, one for what was read elsewhere, and one for what is looked for. */
export const READ_MEMORY = newMemory(3);
const { buffer: memory } = READ_MEMORY;

export const READ_BUFFER = Buffer.from(memory, 0, PAGE_BYTES);
const ELSEWHERE = Buffer.from(memory, PAGE_BYTES, PAGE_BYTES);
const SOUGHT = Buffer.from(memory, 2 * PAGE_BYTES, PAGE_BYTES / 2);
let soughtBytes = 0;

/** So much at most can be moved here at a time. */
export const MAX_MOVED_BYTES = ELSEWHERE.length;

/** Of parts of the read buffer: tokens have few lengths, and mostly stand at the same place. */
const PARTS: Buffer[] = new Array(1024).fill(READ_BUFFER.subarray(READ_BUFFER.length));
let newestPart: Buffer = READ_BUFFER;

/** `READ_BUFFER.subarray(from, to)`; for short ones the one that was made before, as making it costs more than a token's way. */
export function partOfRead(from: number, to: number): Buffer {
  const length = to - from;
  let part = PARTS[length];
  if (part === undefined || part.byteOffset !== from) {
    part = READ_BUFFER.subarray(from, to);
    if (length < PARTS.length) PARTS[length] = part;
  }
  newestPart = part;
  return part;
}

export function isInReadMemory(bytes: Uint8Array): boolean {
  // Mostly it is the newest part, and to ask for a buffer costs a call into the engine.
  return bytes === newestPart || bytes.buffer === memory;
}

/** A copy in this memory, valid until the next one is made. @param bytes `MAX_MOVED_BYTES` at most */
export function movedToReadMemory(bytes: Uint8Array): Buffer {
  ELSEWHERE.set(bytes);
  return ELSEWHERE.subarray(0, bytes.length);
}

/** A copy in this memory that stays for good: for what is looked for. */
export function keptInReadMemory(text: string): Buffer {
  const start = soughtBytes;
  soughtBytes += SOUGHT.write(text, start);
  return SOUGHT.subarray(start, soughtBytes);
}
