/** Looks through the head of an answer where it was read: a regular expression takes twelve instructions for each byte. */
import { join } from 'node:path';
import { READ_MEMORY } from '../../read-buffer';
import { loadModule } from '../../web-assembly';

/** Places in the memory. */
const FIELD_COUNT = 0x28100;
const FIELDS = 0x30000;

interface HeadScanner {
  /**
   * @param head where it begins in the read memory
   * @param end of what was read
   * @returns what is behind it, its names being in lower case then; 0 where there is none, or not all of it
   */
  scanHead(head: number, end: number): number;
}

// It exports what answer-head.wat says.
export const { scanHead } = loadModule(join(__dirname, 'answer-head.wasm'), READ_MEMORY) as HeadScanner;

/** How many fields the head has that was looked through last. */
export const fieldCount = new Uint32Array(READ_MEMORY.buffer, FIELD_COUNT, 1);

/** Of each field, from the head's beginning: where its name begins and ends, and its value, without the blanks around. */
export const fieldPlaces = new Uint16Array(READ_MEMORY.buffer, FIELDS, (READ_MEMORY.buffer.byteLength - FIELDS) / 2);
