import { expect } from 'chai';
import fc from 'fast-check';
import { NO_NUMBER, NOT_PLAIN, NumberReader } from '../../worker/json/number-reader';

const NAMES = ['input_tokens', 'output_tokens', 'details', 'cached'];
const reader = new NumberReader([
  { name: 'input_tokens' },
  { name: 'output_tokens' },
  { name: 'details' },
  { name: 'cached', within: 2 },
]);

/** What is read of the text, which stands within others; undefined for what is left to JSON.parse. */
function read(text: string): readonly number[] | undefined {
  const [before, behind] = ['"input_tokens":', '}]":1,"output_tokens":5}'];
  const body = Buffer.from(before + text + behind);
  const end = body.length - behind.length;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const found = reader.readPlain(view, before.length, end);
  if (found === NOT_PLAIN) return undefined;
  expect(found, text).to.be.at.most(end);
  return found === end ? [...reader.numbers] : undefined;
}

/** The same by JSON.parse; undefined for what is none. */
function parsed(text: string): readonly number[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const details = memberOf(value, 'details');
    const members = [memberOf(value, 'input_tokens'), memberOf(value, 'output_tokens'), details];
    return [...members, memberOf(details, 'cached')].map((member) => (typeof member === 'number' ? member : NO_NUMBER));
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.entries(value).find(([own]) => own === name)?.[1] : undefined;
}

const space = fc.constantFrom('', '', '', ' ', '\n  ', '\t\r');
const name = fc.oneof(
  fc.constantFrom(...NAMES, ...NAMES),
  fc.constantFrom(
    '',
    'input_token',
    'xinput_tokens',
    '__proto__',
    'naïve',
    'inp\\u0075t_tokens',
    'a\\"b',
    'constructor',
  ),
);
const count = fc.oneof(fc.nat(), fc.maxSafeNat()).map(String);
const oddity = fc.constantFrom(
  ...[
    '-1',
    '-0',
    '0',
    '1.5',
    '0.0',
    '1e3',
    '2E-1',
    '999999999999999',
    '9007199254740993',
    '1e999',
    '00',
    '01',
    '-',
    '1.',
  ],
  ...['true', 'false', 'null', 'nul', 'nullx', 'NaN', '[]', '[1,2]', '[{"input_tokens":1}]', '"standard"', '"é🙂"'],
  ...[
    '"a\\nb"',
    '"\\ud800"',
    '"tab\there"',
    '"open',
    '',
    '{',
    '}',
    ',',
    ':',
    '"x":1',
    '{}',
    '{"cached":7}',
    '{"a":{"cached":1}}',
  ],
);
const value = fc.oneof({ weight: 3, arbitrary: count }, oddity);
const objectOf = (member: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(space, name, space, space, member, space), { maxLength: 6 })
    .map((members) => members.map(([a, key, b, c, is, d]) => `${a}"${key}"${b}:${c}${is}${d}`).join(','))
    .map((members) => `{${members}}`);
const usage = objectOf(fc.oneof(value, objectOf(fc.oneof(value, objectOf(value)))));

describe('The numbers of a plain object', () => {
  it('are what JSON.parse finds, or left to it', () => {
    let plain = 0;
    fc.assert(
      fc.property(usage, (text) => {
        const found = read(text);
        if (found === undefined) return;
        plain++;
        expect(found).to.deep.equal(parsed(text));
      }),
      { numRuns: 20_000 },
    );
    expect(plain).to.be.above(1000);
  });

  it('are not read from what is cut or has a byte too many', () => {
    const whole = '{"input_tokens":12,"details":{"cached":3,"x":"y"},"z":null}';
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.constantFrom('', '"', '{', '}', ',', ':', '0', ' ', '\\', '\u0001'),
        (at, extra) => {
          for (const text of [whole.slice(0, at) + extra, whole.slice(0, at) + extra + whole.slice(at)]) {
            const found = read(text);
            if (found !== undefined) expect(found, text).to.deep.equal(parsed(text));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  for (const text of [
    '{"input_tokens":25,"cache_creation_input_tokens":7,"output_tokens":42}',
    '{"input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":0},"output_tokens":9,"service_tier":"standard"}',
    '{\n  "input_tokens": 999999999999999,\n  "details": {\n    "cached": 0\n  },\n  "server_tool_use": null\n}',
    '{"cached":1,"details":{"cached":2,"input_tokens":3},"other":{"cached":4,"output_tokens":5}}',
    '{"input_tokens":"1","output_tokens":null,"details":7}',
    '{"input_tokens":1,"input_token":2,"xinput_tokens":3,"input_tokens ":4}',
    '{}',
  ]) {
    it(`are read of ${text}`, () => {
      expect(read(text)).to.deep.equal(parsed(text));
    });
  }

  for (const text of [
    '{"input_tokens":1.5}',
    '{"input_tokens":1234567890123456}',
    '{"input_tokens":1,"input_tokens":2}',
    '{"details":{"cached":1},"details":null}',
    '{"input_token\\u0073":1}',
    '{"a":nulx}',
    '{"a":[]}',
    '{"a":true}',
    '[]',
    '1',
    '',
  ]) {
    it(`are left to JSON.parse in ${text}`, () => {
      expect(read(text)).to.equal(undefined);
    });
  }

  it('are left to it where objects go deep', () => {
    const depth = 100_000;
    expect(read(`${'{"details":'.repeat(depth)}1${'}'.repeat(depth)}`)).to.equal(undefined);
  });

  it('are read of what JSON.parse has made as well', () => {
    fc.assert(
      fc.property(usage, (text) => {
        const expected = parsed(text);
        if (expected === undefined) return;
        reader.readParsed(JSON.parse(text));
        expect(reader.numbers, text).to.deep.equal(expected);
      }),
      { numRuns: 5000 },
    );
    for (const nothing of [undefined, null, 1, 'text', [1], [{ input_tokens: 1 }], {}]) {
      reader.readParsed(nothing);
      expect(reader.numbers).to.deep.equal([NO_NUMBER, NO_NUMBER, NO_NUMBER, NO_NUMBER]);
    }
  });
});
