/** Bytes with a few of them changed: what no list of mistakes has thought of. */
import type { Random } from '../chaos/random';

/** Latin-1. */
const POISON = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\0',
    ' ',
    '\t',
    '\x0b',
    '\x7f',
    '\x85',
    '\xa0',
    '\xff',
    ':',
    ';',
    ',',
    '=',
  ],
  ...['0', '1', 'f', 'a', '-', '+', '0x', '00', '"', '\\', '/', '(', '\r\n ', '\r\n\t', ' :', ': '],
  ...[
    'content-length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'connection: close\r\n',
    'HTTP/1.1 ',
    '204',
    '304',
    '100',
  ],
  ...['chunked', 'identity', 'close', 'upgrade', 'Upgrade: x\r\n', 'gzip, '],
];

export function mutated(random: Random, bytes: Buffer): Buffer {
  let text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  for (let left = random.between(1, 3); left > 0; left--) {
    // In a long body nothing would happen; its framing is at its ends.
    const at =
      random.next() < 0.7 ? random.between(0, headEnd) : random.between(Math.max(0, text.length - 300), text.length);
    const to = at + random.between(0, 4);
    switch (random.between(0, 5)) {
      case 0: {
        const code = (text.charCodeAt(at) || 0) ^ (1 << random.between(0, 7));
        text = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        break;
      }
      case 1:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 2:
        text = text.slice(0, to) + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + String.fromCharCode(random.between(0, 255)) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at) + random.pick(POISON) + text.slice(to);
        break;
      default:
        text = text.slice(0, at) + random.pick(POISON) + text.slice(at);
    }
  }
  return Buffer.from(text, 'latin1');
}
