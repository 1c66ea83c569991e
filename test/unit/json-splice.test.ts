import { expect } from 'chai';
import { scanMembers } from '../../worker/json/members';
import { spliceMembers } from '../../worker/json/splice';

function splice(body: Buffer, overrides: Record<string, unknown>): Buffer {
  const scan = scanMembers(body);
  if (!scan.ok) throw new Error(scan.reason);
  return Buffer.concat(spliceMembers(body, scan, overrides));
}

describe('spliceMembers', () => {
  const cases: Array<[name: string, body: string, overrides: Record<string, unknown>, expected: string]> = [
    ['replaces a value', '{ "model" : "a" , "n":1.0 }', { model: 'b"é' }, '{ "model" : "b\\"é" , "n":1.0 }'],
    [
      'replaces several, in the order of the body',
      '{"a":[1],"b":2,"c":3}',
      { c: {}, a: null },
      '{"a":null,"b":2,"c":{}}',
    ],
    ['inserts behind the brace', ' { "a":1}', { b: 2, c: [3] }, ' {"b":2,"c":[3], "a":1}'],
    ['inserts into an empty object without a comma', '\n{ }', { b: 2, c: 3 }, '\n{"b":2,"c":3 }'],
    ['replaces and inserts', '{"a":1}', { b: 2, a: 3 }, '{"b":2,"a":3}'],
    ['finds a name that is written with escapes', '{"mod\\u0065l":"a"}', { model: 'b' }, '{"mod\\u0065l":"b"}'],
    ['replaces every occurrence of a name', '{"a":1,"b":0,"a":2}', { a: 3 }, '{"a":3,"b":0,"a":3}'],
    ['leaves an equal occurrence alone', '{"a":3.0,"a":2}', { a: 3 }, '{"a":3.0,"a":3}'],
    ['touches no member further down', '{"x":{"model":"a"}}', { model: 'b' }, '{"model":"b","x":{"model":"a"}}'],
    [
      'keeps what JSON.parse would change',
      '{"n":1e400,"i":12345678901234567890,"a":1}',
      { a: 2 },
      '{"n":1e400,"i":12345678901234567890,"a":2}',
    ],
    ['writes names that need escapes', '{}', { '"\n': 1 }, '{"\\"\\n":1}'],
    [
      'rewrites an object that JSON.stringify writes otherwise',
      '{"a":{"b":1,"b":2}}',
      { a: { b: 2 } },
      '{"a":{"b":2}}',
    ],
  ];
  for (const [name, body, overrides, expected] of cases) {
    it(name, () => {
      expect(splice(Buffer.from(body), overrides).toString()).to.equal(expected);
    });
  }

  it('leaves the given buffer as it was', () => {
    const body = Buffer.from('{"a":1}');
    splice(body, { a: 2 });
    expect(body.toString()).to.equal('{"a":1}');
  });

  const unchanged: Array<[name: string, overrides: Record<string, unknown>]> = [
    ['no overrides', {}],
    ['undefined', { a: undefined, z: undefined }],
    ['the same string, escaped by the client', { a: 'b/' }],
    ['the same number, written otherwise', { n: 100 }],
    ['the same object', { o: { x: [1] } }],
  ];
  for (const [name, overrides] of unchanged) {
    it(`returns the very same buffer for ${name}`, () => {
      const body = Buffer.from('{"a":"\\u0062\\/","n":1e2,"o":{"x":[1]}}');
      expect(splice(body, overrides)).to.equal(body);
    });
  }

  it('throws a TypeError for what JSON cannot say', () => {
    expect(() => splice(Buffer.from('{}'), { a: 1n })).to.throw(TypeError);
  });
});
