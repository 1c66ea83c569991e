import { expect } from 'chai';
import fc from 'fast-check';
import { skipString } from '../../worker/json/skip';

/** Where the string ends whose inside this is, or the complement of what is wrong: byte by byte. */
function reference(body: Buffer): number {
  for (let i = 0; ; ) {
    const byte = body[i];
    if (byte === undefined) return ~i;
    if (byte === 0x22) return i + 1;
    if (byte < 0x20) return ~i;
    if (byte !== 0x5c) {
      i++;
      continue;
    }
    const escaped = body.toString('latin1', i + 1, i + 2);
    if (escaped === '') return ~body.length;
    if (escaped !== 'u') {
      if (!'"\\/bfnrt'.includes(escaped)) return ~(i + 1);
      i += 2;
      continue;
    }
    for (let digit = i + 2; digit < i + 6; digit++) {
      if (!/^[\da-f]$/i.test(body.toString('latin1', digit, digit + 1))) return ~digit;
    }
    i += 6;
  }
}

function check(text: string): void {
  // Within a larger memory, as bodies are.
  const body = Buffer.from(`"${text}`, 'latin1').subarray(1);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  expect(skipString(view, 0, body.length), JSON.stringify(text.slice(-40))).to.equal(reference(body));
}

const ESCAPES = ['\\n', '\\"', '\\\\', '\\u00e4', '\\uD83D\\uDE00', '\\\\\\n\\u0000\\"'];
const WRONG = ['\n', '\0', '\x1f', '\\x', '\\u12g4', '\\u123', '\\', '\\u', '"'];

describe('Long strings', () => {
  it('are gone through as byte by byte, whatever stands in them', () => {
    const plain = fc.integer({ min: 0, max: 90 }).map((length) => 'x'.repeat(length));
    const long = fc.integer({ min: 0, max: 3000 }).map((length) => 'é/[{:}] !#'.repeat(length / 10));
    const piece = fc.oneof(
      { weight: 4, arbitrary: plain },
      { weight: 1, arbitrary: long },
      { weight: 4, arbitrary: fc.constantFrom(...ESCAPES) },
    );
    const end = fc.constantFrom('"', '"', '"more', '', ...WRONG, ...WRONG.map((wrong) => `${wrong}and more of it"`));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), end, (pieces, last) => check(pieces.join('') + last)),
      { numRuns: 3000 },
    );
  });

  // From 64 bytes on they are read in pieces, of which each is larger than the one before.
  for (const [first, last] of [
    [40, 110],
    [550, 620],
    [2590, 2680],
    [10_780, 10_870],
  ] as const) {
    it(`have whatever they have at any place, such as between bytes ${first} and ${last}`, () => {
      for (let at = first; at < last; at++) {
        for (const part of [...ESCAPES, ...WRONG]) {
          check(`${'x'.repeat(at)}${part}`);
          check(`${'x'.repeat(at)}${part}${'y'.repeat(20)}"`);
        }
      }
    });
  }

  it('are left off only at their end', () => {
    check('x'.repeat(300_000));
    check(`${'\\u00e4'.repeat(50_000)}"`);
  });
});
