/** A long body is scanned in pieces of 64 KiB: whatever stands where one ends is found as it is anywhere else. */
import { expect } from 'chai';
import { type ScanResult, scanMembers } from '../../worker/json/members';

const PIECE_BYTES = 65_520;

const SOUND = [
  '"model":"a","b":{"c":[1,{}],"d":[]},"e":"f"}',
  '"a\\"b\\\\":"\\u00e4\\uD83D\\uDE00\\n\\"","é中":"😀"}',
  '"a":-0.5e+10,"b":12345678901234567890,"c":[0,-1E5,2.25]}',
  '"a":true,"b":[false,null,true],"c":null}',
  '"a"\t:\r\n [ 1 , { "b" : [ ] } ] , "c" : { } \n} \n',
  `"a":"${'x'.repeat(40)}","a":2}`,
];
const BROKEN = [
  '"a":trux}',
  '"a":tru',
  '"a":nulll}',
  '"a":"x\\q"}',
  '"a":"\\u12g4"}',
  '"a":"\\u12',
  '"a":"\\',
  '"a":"x\ny"}',
  '"a":"x',
  '"a":-}',
  '"a":01}',
  '"a":1.}',
  '"a":1.5e+}',
  '"a":12',
  '"a":1.',
  '"a" 1}',
  '"a":}',
  '"a":[1,]}',
  '"a":[1}',
  '"a":{"b":1]}',
  '"a":1,}',
  '"a":1}x',
  '"a":1}\0',
  '"a":\0}',
];

/** Of a body in which the text stands behind so many bytes; with offsets as if there were none. */
function scannedBehind(bytes: number, text: string) {
  const start = `{"pad":"${'x'.repeat(bytes)}",`;
  return { start, ...relative(scanMembers(Buffer.from(start + text)), start.length) };
}

function relative(result: ScanResult, start: number) {
  if (!result.ok) return { offset: result.offset - start, reason: result.reason.replace(/at byte \d+/, '') };
  const members = [...result.members].slice(1).map(([name, range]) => [name, range.start - start, range.end - start]);
  return { members, shadowed: result.shadowed.map(({ name, range }) => [name, range.start - start]) };
}

describe('a body that is scanned in pieces', () => {
  for (const text of [...SOUND, ...BROKEN]) {
    it(`has what it has in one, wherever the piece ends: ${JSON.stringify(text)}`, () => {
      const { start, ...expected } = scannedBehind(0, text);
      expect('members' in expected).to.equal(SOUND.includes(text));
      const length = Buffer.byteLength(text);
      for (let behind = -8; behind <= length + 8; behind++) {
        const { start: _, ...found } = scannedBehind(PIECE_BYTES + 1 - start.length - behind, text);
        expect(found, `${behind} bytes before its end`).to.deep.equal(expected);
      }
    });
  }

  it('may have any number of them', () => {
    const text = `"${'\\u00e4é'.repeat(20_000)}"`;
    const body = Buffer.from(`{"a":[${Array(20).fill(text).join()}],"b":1}`);
    const result = scanMembers(body);
    expect(result.ok && [...result.members]).to.deep.equal([
      ['a', { start: 5, end: body.length - 7 }],
      ['b', { start: body.length - 2, end: body.length - 1 }],
    ]);
  });

  it('has no number that fills one', () => {
    const body = (digits: number) => Buffer.from(`{"a":${'1'.repeat(digits)}}`);
    expect(scanMembers(body(60_000)).ok).to.equal(true);
    expect(scanMembers(body(70_000))).to.deep.include({ ok: false, kind: 'syntax', offset: 5 });
  });

  it('has no more levels than there is place for', () => {
    const body = Buffer.alloc(34_000_000, '[');
    body.write('{"a":');
    expect(scanMembers(body)).to.deep.include({ ok: false, kind: 'syntax', offset: 5 + 2 ** 25 - 1 });
  });
});
