/**
 * The memory that every socket to a provider reads into: what was read is used up before the next read, and a buffer for
 * each would be most of what an idle stream costs. It is WebAssembly's, which can look through an answer where it lies.
 */
import { Buffer } from 'node:buffer';
import { newMemory, PAGE_BYTES } from './web-assembly';

/**
 * A page to read into, one for what was read elsewhere, one of which half is for what is looked for, and two for what is
 * found in an answer's head (`answer-head.wat`, which also has tables behind what is looked for).
 */
export const READ_MEMORY = newMemory(5);
const { buffer: memory } = READ_MEMORY;

export const READ_BUFFER = Buffer.from(memory, 0, PAGE_BYTES);
/** Of all of the memory: `placeInReadMemory` tells where bytes lie in it. */
export const READ_VIEW = new DataView(memory);
const ELSEWHERE = Buffer.from(memory, PAGE_BYTES, PAGE_BYTES);
const SOUGHT = Buffer.from(memory, 2 * PAGE_BYTES, PAGE_BYTES / 2);
let soughtBytes = 0;

/** So much at most can be moved here at a time. */
export const MAX_MOVED_BYTES = ELSEWHERE.length;

/** Of parts of the read buffer, by length: tokens have few lengths, and mostly stand at the same place. */
const PARTS: Buffer[] = new Array(1024).fill(READ_BUFFER.subarray(READ_BUFFER.length));
/** Where each of them begins; to ask itself costs a call into the engine. */
const STARTS: number[] = new Array(PARTS.length).fill(READ_BUFFER.length);
let newestPart: Buffer = READ_BUFFER;
let newestStart = 0;

/** `READ_BUFFER.subarray(from, to)`; a short one mostly is the same object as before, which costs less than a new one. */
export function partOfRead(from: number, to: number): Buffer {
  const length = to - from;
  let part = PARTS[length];
  if (part === undefined || STARTS[length] !== from) {
    part = READ_BUFFER.subarray(from, to);
    if (length < PARTS.length) {
      PARTS[length] = part;
      STARTS[length] = from;
    }
  }
  newestPart = part;
  newestStart = from;
  return part;
}

/** Where these bytes lie in the memory, or -1 for elsewhere. */
export function placeInReadMemory(bytes: Uint8Array): number {
  if (bytes === READ_BUFFER) return 0;
  if (bytes === newestPart) return newestStart;
  return bytes.buffer === memory ? bytes.byteOffset : -1;
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
