/**
 * The head of an answer (RFC 9112, 4 to 6). Strict: a head that two readers could understand differently is how one
 * client's answer becomes another's, so what is not plainly right is refused.
 */
import type { Buffer } from 'node:buffer';
import { HOP_BY_HOP, optionsOf } from '../../http/header-meaning';
import { lastOf } from '../../http/remembered';
import { type AnswerFields, UpstreamError } from '../upstream';
import { FIELD_NUMBERS, headNotes, knowNames, knownFields, scanHead } from './head-scan';

/** How the body ends. A number is its length in bytes. */
export type BodyFraming = number | 'chunked' | 'until_close';

export interface AnswerHead {
  status: number;
  fields: AnswerFields;
  body: BodyFraming;
  /** The connection stays open behind the answer. */
  keepsAlive: boolean;
  /** Seconds for which the provider keeps an unused connection (`Keep-Alive: timeout=5`), or null. */
  idleHintSeconds: number | null;
}

/** More would not be exact in a double. */
const MAX_LENGTH_DIGITS = 15;
const LINE_END = '\r\n';

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
 * Fields that are read here, or end here: those of this connection only (RFC 9110, 7.6.1), and what is said anew to the
 * client. Everything else goes on as it came: clients and providers change often.
 */
const NAMES = knowNames([
  'content-type',
  'content-encoding',
  'retry-after',
  'x-request-id',
  'request-id',
  'content-length',
  'transfer-encoding',
  'connection',
  ...HOP_BY_HOP,
  'date',
  // A provider may be a CCProxy too: what is told is the decision made here.
  'x-ccproxy-provider',
  'x-ccproxy-model',
  'x-ccproxy-route',
]);

/**
 * @param bytes in the read memory, a page of it at most; names of fields are put into lower case there
 * @param from where it begins
 * @param to where what was read ends
 * @returns null where there is none, or not all of it
 * @throws BadAnswer for one whose fields contradict each other
 */
export function readAnswerHead(bytes: Buffer, from: number, to: number): ReadHead | null {
  const place = bytes.byteOffset;
  const behind = scanHead(place + from, place + to);
  if (behind === 0) return null;
  const text = bytes.toString('latin1', from, behind - place);
  const fields: AnswerFields = {
    contentType: '',
    contentEncoding: '',
    retryAfter: '',
    requestId: '',
    otherId: '',
    contentLength: null,
    lines: '',
    isAscii: headNotes[2] === 0,
  };
  let coding: string | null = null;
  let connection = '';
  let idleHintSeconds: number | null = null;
  /** Where lines begin that go on, with the end of the line before. */
  let linesFrom = headNotes[1] ?? 0;
  const numbers = FIELD_NUMBERS * (headNotes[0] ?? 0);
  for (let i = 0; i < numbers; i += FIELD_NUMBERS) {
    const value = text.slice(knownFields[i + 2], knownFields[i + 3]);
    switch (NAMES[knownFields[i] ?? 0]) {
      case 'content-type':
        fields.contentType = value;
        continue;
      case 'content-encoding':
        fields.contentEncoding = value;
        continue;
      case 'retry-after':
        fields.retryAfter = value;
        continue;
      case 'x-request-id':
        fields.otherId = value;
        continue;
      case 'request-id':
        fields.requestId = value;
        break;
      case 'content-length':
        if (fields.contentLength !== null) throw new BadAnswer('more than one content-length');
        fields.contentLength = lengthOf(value);
        break;
      case 'transfer-encoding':
        coding = coding === null ? value : `${coding},${value}`;
        break;
      case 'connection':
        connection = connection === '' ? value : `${connection},${value}`;
        break;
      case 'keep-alive':
        idleHintSeconds = timeoutIn(value) ?? idleHintSeconds;
        break;
    }
    // It ends here: the lines before it are let go on.
    const line = (knownFields[i + 1] ?? 0) - LINE_END.length;
    if (line > linesFrom) fields.lines += text.slice(linesFrom, line);
    linesFrom = knownFields[i + 4] ?? 0;
  }
  fields.lines += text.slice(linesFrom, text.length - 2 * LINE_END.length);

  const isHttp11 = text.charCodeAt(7) === 0x31;
  const status = numberAt(text, 9, 12);
  const body = framing(status, fields.contentLength, coding, isHttp11);
  let keepsAlive = isHttp11;
  // Most of those that say anything say this.
  if (connection === 'keep-alive') keepsAlive = true;
  else if (connection !== '') {
    const options = optionsOf(connection);
    keepsAlive = !options.has('close') && (isHttp11 || options.has('keep-alive'));
    fields.lines = withoutThese(options, fields.lines);
  }
  keepsAlive &&= body !== 'until_close';
  return { status, fields, body, keepsAlive, idleHintSeconds, size: text.length };
}

/** What the connection's options name is of this connection only, too. */
function withoutThese(names: ReadonlySet<string>, lines: string): string {
  const [nothing = '', ...own] = lines.split(LINE_END);
  const others = own.filter((line) => !names.has(line.slice(0, line.indexOf(':'))));
  return [nothing, ...others].join(LINE_END);
}

/** RFC 9112, 6.3. */
function framing(status: number, length: number | null, coding: string | null, isHttp11: boolean): BodyFraming {
  if (coding !== null) {
    if (length !== null) throw new BadAnswer('content-length and transfer-encoding together');
    if (coding.toLowerCase() !== 'chunked' || !isHttp11) throw new BadAnswer('unknown transfer-encoding');
  }
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== null) return 'chunked';
  return length ?? 'until_close';
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

/** A provider says the same each time. */
const timeoutIn = lastOf((keepAlive): number | null => {
  const [, seconds] = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(keepAlive) ?? [];
  return seconds === undefined ? null : Number(seconds);
});
