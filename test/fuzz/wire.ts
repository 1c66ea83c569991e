/** Small parts of answers, by chance. */
import type { Random } from '../chaos/random';

/** Every character of a token (RFC 9110, 5.6.2). */
const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Field content: visible, space and tab inside, and the bytes from 0x80 on (RFC 9110, 5.5). */
const VISIBLE = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at)).join('');
const OBS_TEXT = Array.from({ length: 128 }, (_, at) => String.fromCharCode(0x80 + at)).join('');

export function textOf(random: Random, alphabet: string, least: number, most: number): string {
  let text = '';
  for (let left = random.between(least, most); left > 0; left--)
    text += alphabet[random.between(0, alphabet.length - 1)];
  return text;
}

export function headerName(random: Random): string {
  const known = [
    'Content-Type',
    'x-request-id',
    'Set-Cookie',
    'set-cookie',
    'DATE',
    'Date',
    'Request-Id',
    'content-encoding',
    'Keep-Alive',
    'TE',
    'Proxy-Authenticate',
    'X-CCProxy-Provider',
    'Retry-After',
    'anthropic-a',
    'Vary',
  ];
  // A name of chance never says how the body is framed.
  return random.next() < 0.6 ? random.pick(known) : `x-${textOf(random, TOKEN, 1, 12)}`;
}

export function headerValue(random: Random): string {
  const alphabet = random.next() < 0.2 ? VISIBLE + OBS_TEXT : VISIBLE;
  const words = Array.from({ length: random.between(0, 3) }, () => textOf(random, alphabet, 1, 12));
  return words.join(random.pick([' ', '  ', '\t', ', ']));
}

/** White space around a value that is none of it. */
export function optionalSpace(random: Random): string {
  return random.pick(['', ' ', ' ', ' ', '  ', '\t', ' \t ']);
}

/** Any bytes; now and then ones that look like the ends of something. */
export function bodyBytes(random: Random): Buffer {
  const size = random.next();
  const length =
    size < 0.2 ? random.between(0, 3) : size < 0.97 ? random.between(1, 600) : random.between(20_000, 200_000);
  const body = Buffer.alloc(length);
  for (let at = 0; at < length; at++) body[at] = (at * 31 + length) & 0xff;
  for (let left = random.between(0, 3); left > 0 && length > 20; left--) {
    body.write(
      random.pick(['\r\n0\r\n\r\n', '\r\n\r\n', 'HTTP/1.1 200 OK\r\n', '\r', '0\r\n']),
      random.between(0, length - 20),
      'latin1',
    );
  }
  return body;
}

/** Offsets at which the bytes are cut. `byteByByte` is for short answers only, so that a run stays quick. */
export function cutsOf(random: Random, bytes: Buffer): number[] {
  const chance = random.next();
  if (chance < 0.25 || bytes.length < 2) return [];
  if (chance < 0.29 && bytes.length < 250) return Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
  const cuts = new Set<number>();
  const lines = chance < 0.6 ? lineEnds(bytes) : [];
  for (let left = random.between(1, 8); left > 0; left--) {
    // Close to where a line ends there is most to be got wrong.
    const at = lines.length > 0 ? random.pick(lines) + random.between(-1, 2) : random.between(1, bytes.length - 1);
    if (at > 0 && at < bytes.length) cuts.add(at);
  }
  return [...cuts].sort((a, b) => a - b);
}

function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf('\r\n'); at >= 0 && ends.length < 200; at = bytes.indexOf('\r\n', at + 2)) ends.push(at);
  return ends;
}
