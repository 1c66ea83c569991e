/**
 * The head of an answer (RFC 9112, 4 to 6). Strict: a head that two readers could understand differently is how one
 * client's answer becomes another's, so what is not plainly right is refused.
 */
import type { Buffer } from 'node:buffer';
import { lastOf } from '../../http/remembered';
import { UpstreamError } from '../upstream';
import { fieldCount, fieldPlaces, scanHead } from './head-scan';

/** How the body ends. A number is its length in bytes. */
export type BodyFraming = number | 'chunked' | 'until_close';

export interface AnswerHead {
  status: number;
  /** Flat list of lower-case name, value, in the order of the wire. Values hold one char per byte. */
  headers: string[];
  body: BodyFraming;
  /** The connection stays open behind the answer. */
  keepsAlive: boolean;
  /** Seconds for which the provider keeps an unused connection (`Keep-Alive: timeout=5`), or null. */
  idleHintSeconds: number | null;
}

/** More would not be exact in a double. */
const MAX_LENGTH_DIGITS = 15;

/** The answer is no HTTP that could be relied on. */
export class BadAnswer extends UpstreamError {
  constructor(what: string) {
    super('bad_response', `The provider answered with something that is no HTTP: ${what}`);
  }
}

export interface ReadHead extends AnswerHead {
  /** Bytes of it, with the empty line that ends it. */
  size: number;
}

/**
 * @param bytes in the read memory, a page of it at most; names of fields are put into lower case there
 * @param from where it begins
 * @param to where what was read ends
 * @returns null where there is none, or not all of it
 * @throws BadAnswer for one whose fields contradict each other
 */
export function readAnswerHead(bytes: Buffer, from: number, to: number): ReadHead | null {
  const behind = scanHead(bytes.byteOffset + from, bytes.byteOffset + to);
  if (behind === 0) return null;
  const end = behind - bytes.byteOffset;
  const text = bytes.toString('latin1', from, end);
  const status = numberAt(text, 9, 12);
  const isHttp11 = text.charCodeAt(7) === 0x31;
  const headers: string[] = [];
  let declared: string | null = null;
  let coding: string | null = null;
  let connection = '';
  let idleHintSeconds: number | null = null;
  const places = 4 * (fieldCount[0] ?? 0);
  for (let i = 0; i < places; i += 4) {
    const name = text.slice(fieldPlaces[i], fieldPlaces[i + 1]);
    const value = text.slice(fieldPlaces[i + 2], fieldPlaces[i + 3]);
    headers.push(name, value);
    switch (name) {
      case 'content-length':
        if (declared !== null) throw new BadAnswer('more than one content-length');
        declared = value;
        break;
      case 'transfer-encoding':
        coding = coding === null ? value : `${coding},${value}`;
        break;
      case 'connection':
        connection += `,${value.toLowerCase()}`;
        break;
      case 'keep-alive':
        idleHintSeconds = timeoutIn(value) ?? idleHintSeconds;
        break;
    }
  }
  const body = framing(status, declared, coding, isHttp11);
  const keepsAlive = body !== 'until_close' && persists(connection, isHttp11);
  return { status, headers, body, keepsAlive, idleHintSeconds, size: end - from };
}

/** RFC 9112, 6.3. */
function framing(status: number, length: string | null, coding: string | null, isHttp11: boolean): BodyFraming {
  if (coding !== null) {
    if (length !== null) throw new BadAnswer('content-length and transfer-encoding together');
    if (coding.toLowerCase() !== 'chunked' || !isHttp11) throw new BadAnswer('unknown transfer-encoding');
  }
  const bytes = length === null ? 0 : lengthOf(length);
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== null) return 'chunked';
  return length === null ? 'until_close' : bytes;
}

function lengthOf(text: string): number {
  const bytes = text.length <= MAX_LENGTH_DIGITS ? numberAt(text, 0, text.length) : Number.NaN;
  if (text === '' || Number.isNaN(bytes)) throw new BadAnswer('malformed content-length');
  return bytes;
}

/** NaN for what is not all digits. The engine's own way costs several times as much. */
function numberAt(text: string, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function persists(connection: string, isHttp11: boolean): boolean {
  if (connection === '') return isHttp11;
  // Most of those that say anything say this.
  if (connection === ',keep-alive') return true;
  const options = connection.split(',').map((option) => option.trim());
  return !options.includes('close') && (isHttp11 || options.includes('keep-alive'));
}

/** A provider says the same each time. */
const timeoutIn = lastOf((keepAlive): number | null => {
  const [, seconds] = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(keepAlive) ?? [];
  return seconds === undefined ? null : Number(seconds);
});
