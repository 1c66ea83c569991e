import { expect } from 'chai';
import { answerSchema, parametersSchema } from '../../worker/dialects/gemini/schema';
import { viewOf } from '../../worker/json/view';

function clean(schema: unknown): unknown {
  return JSON.parse(answerSchema(viewOf(JSON.stringify(schema))));
}

function parameters(schema: unknown): unknown {
  const text = parametersSchema(viewOf(JSON.stringify(schema)));
  return text === null ? null : JSON.parse(text);
}

describe('A schema for Gemini', () => {
  const table: Array<[name: string, schema: unknown, expected: unknown]> = [
    [
      'keeps what Google documents',
      {
        type: 'object',
        title: 'T',
        description: 'D',
        properties: {
          n: { type: 'integer', minimum: 1, maximum: 5, format: 'int32' },
          l: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, minItems: 1, maxItems: 3 },
          t: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'string', format: 'date-time' }] },
        },
        required: ['n'],
        additionalProperties: false,
      },
      {
        title: 'T',
        description: 'D',
        type: 'object',
        properties: {
          n: { type: 'integer', format: 'int32', minimum: 1, maximum: 5 },
          l: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, minItems: 1, maxItems: 3 },
          t: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'string', format: 'date-time' }] },
        },
        required: ['n'],
        additionalProperties: false,
      },
    ],
    [
      'leaves out what Gemini refuses',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        $id: 'x',
        type: 'string',
        default: 'a',
        examples: ['a'],
        pattern: '^a',
        minLength: 1,
        format: 'uri',
        contentEncoding: 'base64',
        not: {},
        if: {},
        deprecated: true,
      },
      { type: 'string' },
    ],
    ['makes a constant a choice', { const: 'a' }, { type: 'string', enum: ['a'] }],
    ['keeps texts and numbers of a choice', { enum: ['a', '', null, {}, 'a'] }, { type: 'string', enum: ['a'] }],
    ['has no choices of truth', { type: 'boolean', enum: [true] }, { type: 'boolean' }],
    [
      'splits a choice of texts and numbers',
      { enum: ['a', 1] },
      {
        anyOf: [
          { type: 'string', enum: ['a'] },
          { type: 'number', enum: [1] },
        ],
      },
    ],
    [
      'includes exclusive bounds',
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 9 },
      { type: 'integer', minimum: 1, maximum: 8 },
    ],
    ['or takes them as they are', { type: 'number', exclusiveMinimum: 0.5 }, { type: 'number', minimum: 0.5 }],
    [
      'ignores the bounds of draft 4',
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', minimum: 1 },
    ],
    [
      'splits a list of types, each with its own keywords',
      { type: ['string', 'array', 'null'], description: 'D', items: { type: 'string' }, enum: ['a'] },
      {
        description: 'D',
        anyOf: [{ type: 'string', enum: ['a'] }, { type: 'array', items: { type: 'string' } }, { type: 'null' }],
      },
    ],
    ['knows nullable', { type: 'STRING', nullable: true }, { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    ['takes a list of one type for the type', { type: ['string'] }, { type: 'string' }],
    [
      'reads oneOf as anyOf',
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'drops choices of what is required',
      { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }] },
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
    [
      'merges allOf',
      {
        allOf: [
          { properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: {} }, required: ['b'] },
        ],
        description: 'D',
      },
      { description: 'D', type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a', 'b'] },
    ],
    [
      'infers a type from its keywords',
      { items: { properties: { a: {} } } },
      { type: 'array', items: { type: 'object', properties: { a: {} } } },
    ],
    [
      'makes tuples of draft 7 ones of 2020',
      { items: [{ type: 'string' }] },
      { type: 'array', prefixItems: [{ type: 'string' }] },
    ],
    [
      'requires only what there is',
      { type: 'object', properties: { a: {} }, required: ['b', 'a'] },
      { type: 'object', properties: { a: {} }, required: ['a'] },
    ],
    ['has no empty properties', { type: 'object', properties: {} }, { type: 'object' }],
    [
      'keeps a map',
      { type: 'object', additionalProperties: { type: 'string' } },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
    [
      'makes one pattern a map',
      { type: 'object', patternProperties: { '^x': { type: 'string' } } },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
    [
      'drops a property that must not be',
      { type: 'object', properties: { a: false, b: true } },
      { type: 'object', properties: { b: {} } },
    ],
    [
      'puts references in place',
      {
        type: 'object',
        properties: {
          a: { $ref: '#/$defs/A~1B', description: 'mine' },
          b: { $ref: '#/definitions/C' },
          c: { $ref: '#/$defs/none' },
        },
        $defs: { 'A/B': { type: 'string', description: 'its' } },
        definitions: { C: { $ref: '#/$defs/A~1B' } },
      },
      {
        type: 'object',
        properties: { a: { description: 'mine', type: 'string' }, b: { description: 'its', type: 'string' }, c: {} },
      },
    ],
    [
      'tells a cycle once',
      { type: 'object', properties: { name: { type: 'string' }, next: { $ref: '#' } } },
      { type: 'object', properties: { name: { type: 'string' }, next: { type: 'object' } } },
    ],
    ['is anything where it is no schema', true, {}],
    [
      'survives members of the wrong kind',
      {
        type: 7,
        properties: [],
        items: 1,
        enum: 'a',
        required: {},
        anyOf: {},
        $ref: 1,
        allOf: 1,
        format: {},
        minItems: 1.5,
      },
      { type: 'object' },
    ],
  ];
  for (const [name, schema, expected] of table) {
    it(name, () => {
      expect(clean(schema)).to.deep.equal(expected);
    });
  }

  it('keeps the names of properties, whatever they are', () => {
    const schema = '{"type":"object","properties":{"__proto__":{"type":"string"},"$ref":{"type":"number"},"enum":{}}}';
    expect(answerSchema(viewOf(schema))).to.equal(schema);
  });

  describe('of arguments', () => {
    const forArguments: Array<[name: string, schema: unknown, expected: unknown]> = [
      ['is none where there are none', { type: 'object', properties: {}, additionalProperties: false }, null],
      [
        'is an object',
        { properties: { a: { type: 'string' } } },
        { type: 'object', properties: { a: { type: 'string' } } },
      ],
      [
        'is an object where the client refers to one',
        { $ref: '#/$defs/A', $defs: { A: { properties: { a: {} } } } },
        { type: 'object', properties: { a: {} } },
      ],
      [
        'has properties where the client has choices, none required',
        {
          anyOf: [
            { properties: { a: {} }, required: ['a'] },
            { properties: { b: {} }, required: ['b'] },
          ],
        },
        { type: 'object', properties: { a: {}, b: {} } },
      ],
      ['may be a map', { type: 'object', additionalProperties: {} }, { type: 'object', additionalProperties: {} }],
      [
        'may be anything that the client says it is',
        { type: 'object', additionalProperties: true },
        { type: 'object', additionalProperties: true },
      ],
      [
        'keeps what is said of the whole',
        { type: 'object', title: 'T', description: 'D', properties: { a: {} } },
        { title: 'T', description: 'D', type: 'object', properties: { a: {} } },
      ],
    ];
    for (const [name, schema, expected] of forArguments) {
      it(name, () => {
        expect(parameters(schema)).to.deep.equal(expected);
      });
    }
  });
});
