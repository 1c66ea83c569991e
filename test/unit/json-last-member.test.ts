import { expect } from 'chai';
import fc from 'fast-check';
import { lastMember } from '../../worker/json/last-member';

function read(text: string): unknown {
  const body = Buffer.from(text);
  const range = lastMember(body, 'usage');
  return range === null ? null : JSON.parse(body.toString('utf8', range.start, range.end));
}

/** Names and texts that look like the member that is sought. */
const tricky = fc.constantFrom('usage', '"usage"', '\\"usage":', 'say "usage": {', 'a', '', '{', '}', ',', 'ü');
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    tricky,
    fc.constantFrom(0, -1.5e3, true, null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(tricky, tie('any'), { maxKeys: 5 }),
  ),
})).any;
const spaces = fc.constantFrom(undefined, 1, '\t');

describe('The last member of a name', () => {
  it('is what JSON.parse finds at the top', () => {
    const document = fc.dictionary(tricky, value, { maxKeys: 6 });
    fc.assert(
      fc.property(document, spaces, (object, space) => {
        expect(read(JSON.stringify(object, null, space))).to.deep.equal(object['usage'] ?? null);
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
      fc.property(text, fc.option(value, { nil: undefined }), text, (before, usage, after) => {
        const object = { a: before, ...(usage === undefined ? {} : { usage }), b: { c: after } };
        expect(read(JSON.stringify(object))).to.deep.equal(usage ?? null);
      }),
      { numRuns: 5000 },
    );
  });

  it('is not there where a text behind it is wrong', () => {
    for (const wrong of ['\\x', '\u0001', '\\u12g4', `${'y'.repeat(200)}\n`]) {
      expect(read(`{"usage":{"a":1},"b":"${wrong}"}`)).to.equal(null);
    }
  });

  it('is none whose name only ends like it', () => {
    expect(read(JSON.stringify({ 'say "usage': { a: 1 } }))).to.equal(null);
    expect(read(JSON.stringify({ usage: 1, 'say "usage': { a: 1 } }))).to.equal(1);
  });

  it('is the last of two', () => {
    expect(read('{"usage":{"a":1},"usage":[2],"b":{"usage":3}}')).to.deep.equal([2]);
    expect(read('{"usage":{"a":1},"usage":"x,}"}\n')).to.equal('x,}');
  });

  it('is looked for from the end: what stands before it may be anything', () => {
    expect(read('{broken,"usage":{"a":1},"b":null}')).to.deep.equal({ a: 1 });
  });

  for (const text of [
    '{"usage":{"a":1}',
    '{"usage"',
    '{"usage":',
    '{"usage":"',
    '{"usage":1}}',
    '"usage"',
    '',
    '[{"usage":1}]',
  ]) {
    it(`is not in ${text}`, () => {
      expect(read(text)).to.equal(null);
    });
  }
});
