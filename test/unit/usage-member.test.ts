import { expect } from 'chai';
import fc from 'fast-check';
import { readUsageMember } from '../../worker/dialects/usage-member';
import { NumberReader } from '../../worker/json/number-reader';
import { partOfRead, READ_BUFFER } from '../../worker/read-buffer';

const reader = new NumberReader([{ name: 'tokens' }, { name: 'details' }, { name: 'cached', within: 1 }]);

/** The numbers `tokens` and `cached`; null for none at all. They are the same wherever the document lies. */
function read(text: string): unknown {
  const elsewhere = numbersOf(Buffer.from(text));
  for (const [before, behind] of [
    ['', ''],
    ['"usage":{"tokens":77}', '}'],
    ['{"usage"', ':{"tokens":78}}'],
    ['{"', ''],
    ['\\', '"usage":{"tokens":79}}'],
  ] as const) {
    const from = 100 + READ_BUFFER.write(before, 100);
    const to = from + READ_BUFFER.write(text, from);
    READ_BUFFER.write(behind, to);
    expect(numbersOf(partOfRead(from, to)), text).to.deep.equal(elsewhere);
  }
  return elsewhere;
}

function numbersOf(document: Buffer): unknown {
  readUsageMember(document, reader);
  const [tokens, , cached] = reader.numbers;
  return Number.isNaN(tokens) && Number.isNaN(cached) ? null : { tokens, cached };
}

/** The same by JSON.parse. */
function expected(usage: unknown): unknown {
  const tokens = numberOf(usage, 'tokens');
  const cached = numberOf(memberOf(usage, 'details'), 'cached');
  return Number.isNaN(tokens) && Number.isNaN(cached) ? null : { tokens, cached };
}

function numberOf(value: unknown, name: string): number {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : Number.NaN;
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.entries(value).find(([own]) => own === name)?.[1] : undefined;
}

/** Names and texts that look like the member that is sought. */
const tricky = fc.constantFrom(
  'usage',
  '"usage"',
  '\\"usage":',
  'say "usage": {',
  'a',
  '',
  '{',
  '}',
  ',',
  'ü',
  'tokens',
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, -1.5e3, 0.5, 1e21, null, '7', true, []));
const counts = fc.record(
  { tokens: count, details: fc.oneof(count, fc.record({ cached: count, tokens: count }, { requiredKeys: [] })) },
  { requiredKeys: [] },
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    tricky,
    counts,
    fc.constantFrom(0, -1.5e3, true, null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(tricky, tie('any'), { maxKeys: 5 }),
  ),
})).any;
const usage = fc.oneof({ weight: 2, arbitrary: counts }, value);
const spaces = fc.constantFrom(undefined, 1, '\t');

describe('The member usage', () => {
  it('has the numbers that JSON.parse finds at the top', () => {
    const document = fc.tuple(fc.dictionary(tricky, value, { maxKeys: 4 }), usage, fc.boolean());
    fc.assert(
      fc.property(document, spaces, ([others, counted, isLast], space) => {
        const object: Record<string, unknown> = isLast ? { ...others, usage: counted } : { usage: counted, ...others };
        expect(read(JSON.stringify(object, null, space))).to.deep.equal(expected(object['usage']));
      }),
      { numRuns: 5000 },
    );
  });

  it('is found however far it stands from the end, and whatever stands around it', () => {
    const padding = fc.tuple(
      fc.nat(8).map((more) => 'x'.repeat([0, 0, 100, 156, 300, 1000, 1008, 5000, 9000][more] ?? 0)),
      fc.constantFrom('', '\n', '"', '\\', '"usage":', 'é'),
      fc.nat(20).map((more) => '-'.repeat(more)),
    );
    const text = padding.map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.option(usage, { nil: undefined }), text, (before, counted, after) => {
        const object = { a: before, ...(counted === undefined ? {} : { usage: counted }), b: { c: after } };
        expect(read(JSON.stringify(object))).to.deep.equal(expected(counted));
      }),
      { numRuns: 5000 },
    );
  });

  it('is not there where a text behind it is wrong', () => {
    for (const wrong of ['\\x', '\u0001', '\\u12g4', `${'y'.repeat(200)}\n`]) {
      expect(read(`{"usage":{"tokens":1},"b":"${wrong}"}`)).to.equal(null);
    }
  });

  it('is none whose name only ends like it', () => {
    expect(read(JSON.stringify({ 'say "usage': { tokens: 1 } }))).to.equal(null);
    expect(read(JSON.stringify({ usage: { tokens: 1 }, 'say "usage': { tokens: 2 } }))).to.include({ tokens: 1 });
  });

  it('is the last of two', () => {
    expect(read('{"usage":{"tokens":1},"usage":{"tokens":2.5},"b":{"usage":3}}')).to.include({ tokens: 2.5 });
    expect(read('{"usage":{"tokens":1},"usage":{"tokens":2},"b":"x,}"}\n')).to.include({ tokens: 2 });
    expect(read('{"usage":{"tokens":1},"usage":[{"tokens":2}]}')).to.equal(null);
  });

  it('is looked for from the end: what stands before it may be anything', () => {
    expect(read('{broken,"usage":{"tokens":1},"b":null}')).to.include({ tokens: 1 });
    expect(read('{broken,"usage":{"tokens":1.5},"b":null}')).to.include({ tokens: 1.5 });
  });

  it('has no numbers of the document before', () => {
    expect(read('{"usage":{"tokens":1,"details":{"cached":2}}}')).to.deep.equal({ tokens: 1, cached: 2 });
    for (const text of ['{"usage":{"other":1}}', '{"usage":{"tokens":3', '{"usage":null}', '{"other":{}}', '']) {
      expect(read(text)).to.equal(null);
    }
  });

  for (const text of [
    '{"usage":{"tokens":1}',
    '{"usage"',
    '{"usage":',
    '{"usage":"',
    '{"usage":{"tokens":1}}}',
    '{"usage":{"tokens":01}}',
    '{"usage":{"tokens":1,}}',
    '"usage"',
    'usage":{"tokens":1}}',
    '',
    '[{"usage":{"tokens":1}}]',
    '{"a":{"usage":{"tokens":1}}}',
  ]) {
    it(`is not in ${text}`, () => {
      expect(read(text)).to.equal(null);
    });
  }
});
