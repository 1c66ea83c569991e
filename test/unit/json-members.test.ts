import { expect } from 'chai';
import { memberValue, type ScanFailure, type ScannedObject, scanMembers } from '../../worker/json/members';

function scanned(text: string | Buffer): ScannedObject {
  const result = scanMembers(Buffer.from(text));
  if (!result.ok) throw new Error(result.reason);
  return result;
}

function refused(text: string | Buffer): ScanFailure {
  const result = scanMembers(Buffer.from(text));
  if (result.ok) throw new Error(`accepted: ${text}`);
  return result;
}

function parses(body: Buffer): boolean {
  try {
    JSON.parse(body.toString());
    return true;
  } catch {
    return false;
  }
}

describe('scanMembers', () => {
  it('gives the byte range of every top-level value and of no other', () => {
    const body = Buffer.from(' {"é": "ü" , "model":"m","n" : -1.5e3 ,"o":{"model":[1,{}]},"a":[ ],"t":true}\n');
    const { members, duplicates, shadowed, objectStart } = scanned(body);
    const slices = [...members].map(([name, { start, end }]) => [name, body.toString('utf8', start, end)]);
    expect(slices).to.deep.equal([
      ['é', '"ü"'],
      ['model', '"m"'],
      ['n', '-1.5e3'],
      ['o', '{"model":[1,{}]}'],
      ['a', '[ ]'],
      ['t', 'true'],
    ]);
    expect({ duplicates, shadowed, objectStart }).to.deep.equal({ duplicates: [], shadowed: [], objectStart: 1 });
  });

  it('takes 1,000 members at the top level and no more, so that no body blocks the process', () => {
    const body = (count: number) =>
      Buffer.from(`{${Array.from({ length: count }, (_, i) => `"k${i}":{"a":1,"b":2}`).join()}}`);
    expect(scanMembers(body(1000)).ok).to.equal(true);
    expect(scanMembers(body(1001))).to.include({ ok: false, kind: 'too-many-members' });
  });

  it('decodes names, so that an escaped "model" is model', () => {
    const body = Buffer.from('{"mod\\u0065l":1,"a\\"b\\\\":2,"\\ud83d\\ude00":3,"\\ud800":4,"":5,"__proto__":6}');
    const { members } = scanned(body);
    expect([...members.keys()]).to.deep.equal(['model', 'a"b\\', '😀', '\ud800', '', '__proto__']);
    expect([...members.values()].map((range) => memberValue(body, range))).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('keeps the last of a duplicated name, and tells of the others', () => {
    const body = Buffer.from('{"a":1,"b":[],"\\u0061":2,"a":3,"b":{"a":1,"a":2}}');
    const { members, duplicates, shadowed } = scanned(body);
    expect(duplicates).to.deep.equal(['a', 'b']);
    expect([...members].map(([name, range]) => [name, memberValue(body, range)])).to.deep.equal([
      ['a', 3],
      ['b', { a: 2 }],
    ]);
    expect(shadowed.map(({ name, range }) => [name, memberValue(body, range)])).to.deep.equal([
      ['a', 1],
      ['a', 2],
      ['b', []],
    ]);
  });

  it('works on a view into a larger buffer', () => {
    const whole = Buffer.from('xxx{"a":"é"}yyy');
    const body = whole.subarray(3, whole.length - 3);
    expect(scanned(body).members.get('a')).to.deep.equal({ start: 5, end: 9 });
  });

  const failures: Array<[name: string, body: string | Buffer, kind: ScanFailure['kind'], reason: string]> = [
    ['nothing', '', 'empty', 'the request body is empty'],
    ['white space', ' \r\n\t', 'empty', 'is empty'],
    ['an array', ' [1]', 'not-object', 'must be a JSON object, but an array begins at byte 1'],
    ['a string', '"a"', 'not-object', 'a string begins at byte 0'],
    ['a number', '-1', 'not-object', 'a number begins at byte 0'],
    ['null', 'null', 'not-object', 'a literal begins at byte 0'],
    ['a form', 'model=a', 'syntax', "expected '{' at byte 0, found 'm'"],
    ['a byte order mark', '\ufeff{}', 'syntax', "expected '{' at byte 0, found byte 0xef"],
    ['Latin-1', Buffer.from('{"a":"caf\xe9 au lait"}', 'latin1'), 'utf8', 'not valid UTF-8 at byte 9'],
    ['a cut object', '{"a":1', 'syntax', "expected ',' or '}' at byte 6, but the body ends there"],
    ['a cut name', '{"a', 'syntax', 'expected the end of a string at byte 3, but the body ends there'],
    ['a cut escape', '{"a\\', 'syntax', 'expected the end of a string at byte 4'],
    ['a trailing comma', '{"a":1,}', 'syntax', "expected a name at byte 7, found '}'"],
    ['a comma first', '{,"a":1}', 'syntax', "expected a name or '}' at byte 1"],
    ['a trailing comma in an array', '{"a":[1,]}', 'syntax', "expected a value at byte 8, found ']'"],
    ['the wrong bracket', '{"a":[1}', 'syntax', "expected ',' or ']' at byte 7, found '}'"],
    ['no colon', '{"a" 1}', 'syntax', "expected ':' at byte 5"],
    ['no value', '{"a":}', 'syntax', 'expected a value at byte 5'],
    ['an unquoted name', '{a:1}', 'syntax', "expected a name or '}' at byte 1"],
    ['a second document', '{} {}', 'syntax', "expected nothing behind the object at byte 3, found '{'"],
    ['a leading zero', '{"a":01}', 'syntax', 'at byte 6'],
    ['a bare minus', '{"a":-}', 'syntax', 'expected a digit at byte 6'],
    ['a bare fraction', '{"a":1.}', 'syntax', 'expected a digit at byte 7'],
    ['a bare exponent', '{"a":1e+}', 'syntax', 'expected a digit at byte 8'],
    ['NaN', '{"a":NaN}', 'syntax', 'expected a value at byte 5'],
    ['a cut literal', '{"a":tru}', 'syntax', 'expected a value at byte 5'],
    ['a line break in a string', '{"a":"x\ny"}', 'syntax', 'control character at byte 7, found byte 0x0a'],
    ['an unknown escape', '{"a":"x\\qy"}', 'syntax', "expected an escape that JSON has at byte 8, found 'q'"],
    ['a bad \\u', '{"a":"\\u12g4"}', 'syntax', "at byte 10, found 'g'"],
    ['a no-break space', '{\u00a0}', 'syntax', 'found byte 0xc2'],
    ['a vertical tab', '{\v}', 'syntax', 'found byte 0x0b'],
  ];
  for (const [name, body, kind, reason] of failures) {
    it(`refuses ${name} and says why`, () => {
      const result = refused(body);
      expect(result.kind).to.equal(kind);
      expect(result.reason).to.include(reason);
      expect(parses(Buffer.from(body)), 'JSON.parse agrees, or takes no object').to.equal(
        kind === 'not-object' || kind === 'utf8',
      );
    });
  }

  it('finds the first byte that is not UTF-8 in a long body', () => {
    for (let at = 10; at < 300; at++) {
      const body = Buffer.from(`{"a":"${'é中😀x'.repeat(50)}"}`);
      body[at] = 0xff;
      // A character that is cut there begins up to three bytes earlier.
      expect(refused(body).offset).to.be.within(at - 3, at);
      expect(body.subarray(0, refused(body).offset).toString()).not.to.include('\ufffd');
    }
  });

  it('agrees with JSON.parse on every pair of ASCII bytes, in a string at every alignment, and outside of one', () => {
    for (let pair = 0; pair < 128 * 128; pair++) {
      const bytes = String.fromCharCode(pair >> 7, pair & 127);
      for (const text of [`{"a":"${'x'.repeat(pair & 7)}${bytes}yyyyy"}`, `{"a":1${bytes}}`, `{"a":"${bytes}`]) {
        const body = Buffer.from(text);
        if (scanMembers(body).ok !== parses(body)) expect.fail(`differs from JSON.parse on ${JSON.stringify(text)}`);
      }
    }
  });

  it('takes nesting as deep as the body is long, and finds where it is broken', () => {
    const depth = 1_000_000;
    const open = '[{"a":'.repeat(depth);
    const close = '}]'.repeat(depth);
    expect(scanned(`{"a":${open}1${close}}`).members.get('a')).to.deep.equal({ start: 5, end: 6 + depth * 8 });
    expect(refused(`{"a":${open}1${close}]`).offset).to.equal(6 + depth * 8);
    expect(refused(`{"a":${open}`).offset).to.equal(5 + depth * 6);
  });
});
