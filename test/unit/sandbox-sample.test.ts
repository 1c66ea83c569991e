import { expect } from 'chai';
import { countTokens } from '../../worker/sandbox/request';
import { sampleOf } from '../../worker/sandbox/sample';
import { tokenRate } from '../../worker/sandbox/stream';
import { excerpt, jsonTokens, wordTokens } from '../../worker/sandbox/tokens';

const TOOL = { name: 'note', input_schema: { type: 'object', description: 'word '.repeat(100), properties: {} } };

describe('sandbox sample', () => {
  const node = { type: 'object', properties: {}, required: ['next'] };
  const table: [string, unknown, unknown][] = [
    ['nothing', undefined, 'sandbox'],
    ['const', { const: null }, null],
    ['nullable text', { type: ['null', 'string'] }, 'sandbox'],
    ['anyOf with null', { anyOf: [{ type: 'null' }, { type: 'number' }] }, 1],
    ['boolean', { type: 'boolean' }, false],
    ['bounds of a number', { type: 'integer', minimum: 3, maximum: 5 }, 3],
    ['upper bound', { type: 'number', maximum: 0.5 }, 0.5],
    ['short text', { type: 'string', maxLength: 3 }, 'san'],
    ['format', { type: 'string', format: 'date' }, '2025-01-01'],
    ['items', { type: 'array', minItems: 2, items: { type: 'number' } }, [1, 1]],
    ['reference', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'number' } } }, 1],
    ['dead reference', { $ref: '#/$defs/none' }, 'sandbox'],
    ['allOf', { allOf: [{ properties: { a: { type: 'number' } }, required: ['a'] }, { type: 'object' }] }, { a: 1 }],
    ['inherited names', { type: 'object', properties: {}, required: ['constructor'] }, { constructor: 'sandbox' }],
  ];
  for (const [name, schema, expected] of table) {
    it(`fits ${name}`, () => expect(sampleOf(schema)).to.deep.equal(expected));
  }

  it('ends on a schema that refers to itself, however wide', () => {
    const names = Array.from({ length: 50 }, (_, index) => `p${index}`);
    const wide = { $ref: '#', type: 'object', properties: {}, required: names };
    const schema = { ...node, properties: { next: { $ref: '#' } } };
    const fan = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { $ref: '#' }])) };
    expect(JSON.stringify(sampleOf(schema))).to.match(/^\{"next":\{"next":/);
    expect(JSON.stringify(sampleOf({ ...fan, required: names })).length).to.be.lessThan(100_000);
    expect(sampleOf(wide)).to.be.an('object');
  });

  it('keeps the prototype out of it', () => {
    const value = sampleOf(JSON.parse('{"type":"object","properties":{},"required":["__proto__"]}'));
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect(JSON.stringify(value)).to.equal('{"__proto__":"sandbox"}');
  });
});

describe('sandbox tokens', () => {
  it('joins to the text again', () => {
    for (const text of ['', ' ', 'a', ' a  b\n', '日本 語', '{"a":[1,2],"b":"c, d"}']) {
      expect(wordTokens(text).join('')).to.equal(text);
      expect(jsonTokens(text).join('')).to.equal(text);
    }
  });

  it('counts a quarter of the characters, 1600 for an image, and the tools', () => {
    const count = (content: unknown, fields: object = {}) =>
      countTokens(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...fields }));
    expect(count('a'.repeat(4000)) - count('')).to.equal(1000);
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(50_000) } };
    expect(count([image])).to.be.within(1600, 1620);
    expect(count('', { tools: [TOOL] }) - count('')).to.be.within(50, JSON.stringify(TOOL).length / 4);
    expect(count('', { system: 'b'.repeat(400) }) - count('')).to.equal(100);
  });

  it('cuts an excerpt between characters', () => {
    expect(excerpt('  a\n b ', 10)).to.equal('a b');
    expect(excerpt('😀'.repeat(20), 3)).to.equal('😀😀😀…');
  });

  it('keeps the rate in its range', () => {
    const table: [string | undefined, number][] = [
      ['200', 200],
      ['0', 1],
      ['1e9', 100_000],
      ['-Infinity', 1],
      ['fast', 50],
      ['', 50],
      [undefined, 50],
    ];
    for (const [written, rate] of table) expect(tokenRate(written, 50), written).to.equal(rate);
  });
});
