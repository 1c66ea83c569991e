import { expect } from 'chai';
import fc from 'fast-check';
import { answerSchema, parametersSchema } from '../../worker/dialects/gemini/schema';
import { viewOf } from '../../worker/json/view';

/** Schemas within each other, and of all. */
function measure(schema: unknown, depth = 0): { depth: number; nodes: number } {
  const inner = children(schema).map((child) => measure(child, depth + 1));
  return {
    depth: Math.max(depth, ...inner.map((child) => child.depth)),
    nodes: inner.reduce((sum, child) => sum + child.nodes, 1),
  };
}

function children(schema: unknown): unknown[] {
  const { properties, items, prefixItems, anyOf, additionalProperties } = schema as Record<string, unknown>; // Ours.
  return [
    ...Object.values(properties ?? {}),
    ...(items === undefined ? [] : [items]),
    ...((prefixItems ?? []) as unknown[]),
    ...((anyOf ?? []) as unknown[]),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

describe('A schema for Gemini, whatever the client sends', () => {
  it('has an end, however deep the client goes', () => {
    const deep = `${'{"items":'.repeat(50_000)}{}${'}'.repeat(50_000)}`;
    expect(measure(JSON.parse(answerSchema(viewOf(deep)))).depth).to.equal(16);
  });

  it('has an end, however often the client refers', () => {
    const $defs: Record<string, object> = {};
    for (let i = 0; i < 40; i++) {
      const next = { $ref: `#/$defs/d${i + 1}` };
      $defs[`d${i}`] = { type: 'object', description: 'x'.repeat(500), properties: { a: next, b: next, c: next } };
    }
    const schema = JSON.stringify({ $ref: '#/$defs/d0', $defs });
    const cleaned = answerSchema(viewOf(schema));
    expect(measure(JSON.parse(cleaned)).nodes).to.be.at.most(7000);
    expect(cleaned.length).to.be.at.most(schema.length * 10);
  });

  const scalar = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean());
  const { schema: anySchema } = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.record(
        {
          type: fc.oneof(
            fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'boolean', 'null', 'NUMBER', 'x'),
            fc.array(fc.constantFrom('object', 'array', 'string', 'null'), { maxLength: 3 }),
          ),
          description: scalar,
          format: fc.constantFrom('date-time', 'int32', 'uri'),
          enum: fc.array(scalar, { maxLength: 3 }),
          const: scalar,
          nullable: fc.boolean(),
          minimum: fc.double(),
          exclusiveMaximum: fc.oneof(fc.integer(), fc.boolean()),
          minItems: fc.oneof(fc.nat(), fc.double()),
          items: fc.oneof(tie('schema'), fc.array(tie('schema'), { maxLength: 2 })),
          prefixItems: fc.array(tie('schema'), { maxLength: 2 }),
          properties: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '"'), tie('schema'), { maxKeys: 3 }),
          required: fc.array(fc.constantFrom('a', 'b', 'c')),
          additionalProperties: tie('schema'),
          patternProperties: fc.dictionary(fc.string(), tie('schema'), { maxKeys: 2 }),
          anyOf: fc.array(tie('schema'), { maxLength: 3 }),
          oneOf: fc.array(tie('schema'), { maxLength: 3 }),
          allOf: fc.array(tie('schema'), { maxLength: 3 }),
          $ref: fc.constantFrom('#', '#/properties/a', '#/$defs/a', '#/allOf/0', '#/items', 'x'),
          $defs: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { maxKeys: 2 }),
        },
        { requiredKeys: [] },
      ),
    ),
  }));

  it('is the same when it is cleaned again, and never too much', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const once = answerSchema(viewOf(JSON.stringify(schema) ?? 'null'));
        expect(answerSchema(viewOf(once))).to.equal(once);
        expect(measure(JSON.parse(once)).depth).to.be.at.most(17);
        const called = parametersSchema(viewOf(JSON.stringify(schema) ?? 'null'));
        if (called !== null) expect(parametersSchema(viewOf(called))).to.equal(called);
      }),
      { numRuns: 1000, interruptAfterTimeLimit: 15_000 },
    );
  });
});
