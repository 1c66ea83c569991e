/**
 * Goes through long strings sixteen bytes at a time. A string is copied to the scanner piece by piece: how long it is,
 * is known at its end only.
 */
import { PIECE_BYTES, piece, skip } from './scan-memory';

/** A string mostly ends soon: what is copied grows with what was found to belong to it. */
const FIRST_PIECE_BYTES = 512;
/** What is nearer to a piece's end is looked at with the next one. */
const REST_BYTES = 16;

/**
 * Goes from within a string over what may stand in one. The result is within the same string, or at its closing quote, or
 * at what is wrong in it: somebody else has to look at what comes there.
 * @param from not within an escape
 */
export function skipLongString(view: DataView, from: number, length: number): number {
  let at = from;
  let size = FIRST_PIECE_BYTES;
  while (at < length) {
    const bytes = Math.min(size, length - at);
    piece.set(new Uint8Array(view.buffer, view.byteOffset + at, bytes));
    const stop = skip(0, bytes);
    at += stop;
    if (bytes < size || bytes - stop > REST_BYTES) break;
    size = Math.min(size * 4, PIECE_BYTES);
  }
  return at;
}
