/** Looks through the head of an answer where it was read: a regular expression takes twelve instructions for each byte. */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { READ_MEMORY } from '../../read-buffer';
import { loadModule } from '../../web-assembly';

/** Places in the memory. */
const NOTES = 0x28100;
const LENGTHS = 0x28200;
const NAMES = 0x28300;
const FIELDS = 0x30000;

/** A name has less than that. */
const NAME_BYTES = 32;

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

/** Of the head that was looked through last: how many known fields it has, where its first line ends, and whether it has other bytes than ASCII. */
export const headNotes = new Uint32Array(READ_MEMORY.buffer, NOTES, 3);

/** So many numbers for each known field. */
export const FIELD_NUMBERS = 5;

/**
 * Of each known field: the number of its name and, from the head's beginning, where its line begins, where its value
 * begins and ends, without the blanks around, and where its line ends.
 */
export const knownFields = new Uint16Array(READ_MEMORY.buffer, FIELDS, (READ_MEMORY.buffer.byteLength - FIELDS) / 2);

/**
 * Makes these the known names; lower-case, and shorter than 32 bytes.
 * @returns the names by their numbers
 */
export function knowNames<Name extends string>(names: readonly Name[]): (Name | undefined)[] {
  const numbered: (Name | undefined)[] = [undefined, ...[...names].sort((a, b) => a.length - b.length)];
  const lengths = new Uint16Array(READ_MEMORY.buffer, LENGTHS, NAME_BYTES + 1);
  const texts = Buffer.from(READ_MEMORY.buffer, NAMES, FIELDS - NAMES);
  for (let length = 0; length < lengths.length; length++) {
    const shorter = names.filter((name) => name.length < length);
    lengths[length] = 1 + shorter.length;
  }
  for (const [number, name] of numbered.entries()) if (name !== undefined) texts.write(name, number * NAME_BYTES);
  return numbered;
}
