/** Reads numbers out of a small object where it lies: `JSON.parse` wants a text to be made of it, and builds all of it. */
import { isObject } from './parsed';
import { skipSpace } from './skip';
import { KnownText, WORD_BYTES, wordIn } from './words';

/** A member whose number is wanted, or an object in which one is. */
export interface NumberField {
  /** At least three ASCII characters, none of which needs an escape. */
  readonly name: string;
  /** The place among the fields of the object that it stands in. Without: the outermost. */
  readonly within?: number;
}

/** What stands for a number that is not there. */
export const NO_NUMBER = Number.NaN;
export const NOT_PLAIN = -1;

const NO_FIELD = -1;
/** The outermost object's place. */
const OUTERMOST = -2;
/** Objects in objects: few have any in them, and a hostile document could have a million. */
const MAX_DEPTH = 4;
/** So many are exact whatever they are. */
const MAX_DIGITS = 15;
const NULL = wordIn('null', 0);
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const OPENING = 0x7b;
const CLOSING = 0x7d;

interface Field {
  readonly name: string;
  /** With the quote behind it. */
  readonly text: KnownText;
  readonly within: number;
}

/** For objects of one kind. */
export class NumberReader {
  /** What was read last, by the fields' places: a number, or NO_NUMBER. */
  readonly numbers: number[] = [];
  readonly #fields: readonly Field[];
  /** A bit for each field that this object has had. */
  #seen = 0;

  constructor(fields: readonly NumberField[]) {
    this.#fields = fields.map(({ name, within = OUTERMOST }) => ({ name, text: new KnownText(`${name}"`), within }));
  }

  /**
   * Reads an object of the plain form that most with counts in them have: whole numbers from 0, null, texts without
   * escapes, and objects of the same; no field twice.
   * @param to where the document ends
   * @returns where the object ends; NOT_PLAIN for what has to be parsed
   */
  readPlain(view: DataView, start: number, to: number): number {
    this.#seen = 0;
    for (let i = 0; i < this.#fields.length; i++) this.numbers[i] = NO_NUMBER;
    return this.#readObject(view, start, to, OUTERMOST, 1);
  }

  /** Reads what JSON.parse has made, which may be anything. */
  readParsed(value: unknown): void {
    for (let i = 0; i < this.#fields.length; i++) {
      const member = this.#member(value, i);
      this.numbers[i] = typeof member === 'number' ? member : NO_NUMBER;
    }
  }

  #member(value: unknown, place: number): unknown {
    const field = place === OUTERMOST ? undefined : this.#fields[place];
    if (field === undefined) return value;
    const holder = this.#member(value, field.within);
    return isObject(holder) ? holder[field.name] : undefined;
  }

  /** @param within the object's place among the fields */
  #readObject(view: DataView, start: number, to: number, within: number, depth: number): number {
    if (depth > MAX_DEPTH || byteAt(view, start, to) !== OPENING) return NOT_PLAIN;
    let at = skipSpace(view, start + 1, to);
    if (byteAt(view, at, to) === CLOSING) return at + 1;
    for (;;) {
      if (byteAt(view, at, to) !== QUOTE) return NOT_PLAIN;
      const place = this.#placeOf(view, at + 1, to, within);
      if (place === NO_FIELD) {
        at = textEnd(view, at + 1, to);
        if (at === NOT_PLAIN) return NOT_PLAIN;
      } else {
        const bit = 1 << place;
        if ((this.#seen & bit) !== 0) return NOT_PLAIN;
        this.#seen |= bit;
        at += 1 + (this.#fields[place]?.text.length ?? 0);
      }
      at = skipSpace(view, at, to);
      if (byteAt(view, at, to) !== COLON) return NOT_PLAIN;
      at = skipSpace(view, at + 1, to);

      const first = byteAt(view, at, to);
      if (isDigit(first)) {
        const numberStart = at;
        let value = 0;
        for (let byte = first; isDigit(byte); byte = byteAt(view, ++at, to)) value = 10 * value + (byte - ZERO);
        const digits = at - numberStart;
        if (digits > MAX_DIGITS || (first === ZERO && digits > 1)) return NOT_PLAIN;
        if (place !== NO_FIELD) this.numbers[place] = value;
      } else if (first === OPENING) at = this.#readObject(view, at, to, place, depth + 1);
      else if (first === QUOTE) at = textEnd(view, at + 1, to);
      else if (first === LETTER_N && at + WORD_BYTES <= to && view.getInt32(at, true) === NULL) at += WORD_BYTES;
      else return NOT_PLAIN;

      if (at === NOT_PLAIN) return NOT_PLAIN;
      at = skipSpace(view, at, to);
      const behind = byteAt(view, at, to);
      if (behind === CLOSING) return at + 1;
      if (behind !== COMMA) return NOT_PLAIN;
      at = skipSpace(view, at + 1, to);
    }
  }

  /** The field that has its name there. */
  #placeOf(view: DataView, at: number, to: number, within: number): number {
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (field?.within === within && field.text.isAt(view, at, to)) return i;
    }
    return NO_FIELD;
  }
}

/** Behind the quote that ends it. */
function textEnd(view: DataView, from: number, to: number): number {
  for (let at = from; ; at++) {
    const byte = byteAt(view, at, to);
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE || byte === BACKSLASH) return NOT_PLAIN;
  }
}

/** 0 from the document's end on: JSON has it nowhere. */
function byteAt(view: DataView, at: number, to: number): number {
  return at < to ? view.getUint8(at) : 0;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}
