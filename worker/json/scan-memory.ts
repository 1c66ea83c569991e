/**
 * The scanner in WebAssembly (scan.wat), which looks at sixteen bytes at a time, as JavaScript cannot. A body is copied
 * to it piece by piece, so that its memory stays small.
 */
import { join } from 'node:path';
import { loadModule, newMemory, PAGE_BYTES } from '../web-assembly';

interface Scanner {
  /** For what comes behind a body's opening brace, which is at `offset`. */
  begin(offset: number): void;
  /** Goes on through the body with the piece up to `end`, which stands at `base`. @returns where the next one begins */
  feed(base: number, at: number, end: number): number;
  /** Goes on within a string. @returns where it stopped: at its quote, at something wrong, or nearly at `end` */
  skip(at: number, end: number): number;
}

const memory = newMemory(79);
const scanner = loadModule(join(__dirname, 'scan.wasm'), memory) as Scanner;
export const { begin, feed, skip } = scanner;

/** Behind a piece the scanner writes sixteen bytes of its own. */
export const PIECE_BYTES = PAGE_BYTES - 16;
/** Where pieces go. */
export const piece = new Uint8Array(memory.buffer, 0, PIECE_BYTES);
/**
 * What it tells: why it stopped and where, how many members and how many long values it has noted, and from `MEMBERS` on
 * four offsets of each member.
 */
export const notes = new Int32Array(memory.buffer, 0x10000, 0x1000);
export const MEMBERS = 4;
/** Where long values begin and end. */
export const longValues = new Int32Array(memory.buffer, 0x420000);
