/** Answers that keep to RFC 9112, in every framing, with what they mean. */
import type { Random } from '../chaos/random';
import type { Meaning } from './exchange';
import { bodyBytes, headerName, headerValue, optionalSpace, textOf } from './wire';

/** An answer before it is put together, so that something can be done to a part of it. */
export interface Parts {
  /** Heads of informational answers, each with its blank line. */
  interim: string[];
  /** Lines without their ends; one char per byte. */
  statusLine: string;
  fields: string[];
  /** As it is sent. */
  wireBody: Buffer;
  framing: 'length' | 'chunked' | 'close' | 'none';
  meaning: Meaning;
}

const STATUSES = [200, 200, 200, 201, 206, 307, 400, 401, 404, 429, 500, 503, 529, 599, 999];
const REASONS = ['OK', '', 'Too Many Requests', 'N\xe4 ja', 'a\tb', '(#%)'];

export function legalParts(random: Random): Parts {
  const isOld = random.next() < 0.08;
  const framing = random.pick(isOld ? (['length', 'close'] as const) : FRAMINGS);
  const status = framing === 'none' ? random.pick([204, 304]) : random.pick(STATUSES);
  const parts: Parts = {
    interim:
      isOld || random.next() < 0.85 ? [] : Array.from({ length: random.between(1, 3) }, () => interimHead(random)),
    statusLine: `HTTP/1.${isOld ? 0 : 1} ${status} ${random.pick(REASONS)}`,
    fields: [],
    wireBody: Buffer.alloc(0),
    framing,
    meaning: { status, headers: [], body: Buffer.alloc(0), isPersistent: framing !== 'close' },
  };
  const fields = Array.from({ length: fieldCount(random) }, () => [headerName(random), headerValue(random)] as const);
  const place = random.between(0, fields.length);
  fields.splice(place, 0, ...framingFields(random, parts));
  fields.splice(random.between(0, fields.length), 0, ...connectionFields(random, parts, isOld));
  for (const [name, value] of fields) {
    // Behind these Node knows no tab: `spoilt-answers.ts` has it as a kind of its own.
    const after = FRAMES.test(name) ? random.pick(['', ' ', '  ']) : optionalSpace(random);
    parts.fields.push(`${name}:${optionalSpace(random)}${value}${after}`);
    parts.meaning.headers.push(name.toLowerCase(), value);
  }
  return parts;
}

const FRAMINGS = ['length', 'length', 'chunked', 'chunked', 'chunked', 'close', 'none'] as const;

const FRAMES = /^(content-length|transfer-encoding)$/i;

function fieldCount(random: Random): number {
  return random.next() < 0.98 ? random.between(0, 8) : random.between(100, 400);
}

function interimHead(random: Random): string {
  const fields = Array.from(
    { length: random.between(0, 2) },
    () => `${headerName(random)}: ${headerValue(random)}\r\n`,
  );
  return `HTTP/1.1 ${random.pick(['100 Continue', '102 Processing', '103 Early Hints', '103 '])}\r\n${fields.join('')}\r\n`;
}

/** The fields that frame the body; the body is made with them. */
function framingFields(random: Random, parts: Parts): [string, string][] {
  if (parts.framing === 'none') {
    // What the body would have been (RFC 9110, 8.6 and RFC 9112, 6.1).
    return parts.meaning.status === 304 && random.next() < 0.4 ? [['Content-Length', '512']] : [];
  }
  parts.meaning.body = bodyBytes(random);
  if (parts.framing === 'chunked') {
    parts.wireBody = chunked(random, parts.meaning.body);
    return [
      [
        random.pick(['Transfer-Encoding', 'transfer-encoding']),
        random.pick(['chunked', 'chunked', 'Chunked', 'CHUNKED']),
      ],
    ];
  }
  parts.wireBody = parts.meaning.body;
  if (parts.framing === 'close') return [];
  return [[random.pick(['Content-Length', 'content-length', 'CONTENT-LENGTH']), String(parts.meaning.body.length)]];
}

function connectionFields(random: Random, parts: Parts, isOld: boolean): [string, string][] {
  if (random.next() < 0.1) {
    parts.meaning.isPersistent = false;
    return [['Connection', random.pick(['close', 'Close', 'close, x-hop', ', close,,', 'close,Set-Cookie, Vary'])]];
  }
  if (isOld) parts.meaning.isPersistent = false;
  if (random.next() < 0.75 || isOld) return [];
  return [
    ['Connection', random.pick(['keep-alive', 'Keep-Alive', 'keep-alive, vary,', 'Retry-After'])],
    ['Keep-Alive', 'timeout=5'],
  ];
}

/** The chunks of a body, with the variations of RFC 9112, 7.1. */
export function chunked(random: Random, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(
      body.length - at,
      body.length > 5_000 ? random.between(1_000, 70_000) : random.between(1, 200),
    );
    parts.push(Buffer.from(`${sizeText(random, size)}${extension(random)}\r\n`), body.subarray(at, at + size), CRLF);
    at += size;
  }
  parts.push(Buffer.from(`${random.pick(['0', '0', '0', '000'])}${extension(random)}\r\n`));
  if (random.next() < 0.15) {
    for (let left = random.between(1, 3); left > 0; left--)
      parts.push(Buffer.from(`x-${headerName(random)}: ${headerValue(random)}\r\n`, 'latin1'));
  }
  return Buffer.concat([...parts, CRLF]);
}

const CRLF = Buffer.from('\r\n');

function sizeText(random: Random, size: number): string {
  const digits = random.next() < 0.5 ? size.toString(16) : size.toString(16).toUpperCase();
  return random.next() < 0.9 ? digits : digits.padStart(random.between(1, 7), '0');
}

function extension(random: Random): string {
  if (random.next() < 0.85) return '';
  const name = textOf(random, 'abcxyz', 1, 5);
  return random.pick([`;${name}`, `;${name}=1`, `;${name}="q r"`, `;${name}=1;b`]);
}

/** The bytes, and where the answer itself ends in them. */
export function assemble({
  interim,
  statusLine,
  fields,
  wireBody,
}: Pick<Parts, 'interim' | 'statusLine' | 'fields' | 'wireBody'>): Buffer {
  const head = `${interim.join('')}${[statusLine, ...fields].join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), wireBody]);
}
