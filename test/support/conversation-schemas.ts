/** Random JSON Schemas of objects, as tools and answers have them. */
import fc from 'fast-check';
import { name, words } from './conversation-blocks';
import type { Json } from './messages-request';

const some = (members: Record<string, fc.Arbitrary<unknown>>, ...required: string[]) =>
  fc.record(members, { requiredKeys: required });
const about = { title: words, description: words };
const one = (value: string) => fc.constant(value);

const { property } = fc.letrec<{ property: Json; object: Json }>((tie) => ({
  property: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    some(
      {
        ...about,
        type: one('string'),
        enum: fc.uniqueArray(words, { minLength: 1, maxLength: 3 }),
        pattern: one('^a'),
        minLength: fc.nat(5),
        default: words,
      },
      'type',
    ),
    some({ ...about, type: fc.constantFrom('number', 'integer'), minimum: fc.nat(9), multipleOf: one('2') }, 'type'),
    some({ ...about, type: one('boolean') }, 'type'),
    some(
      { ...about, type: one('array'), items: tie('property'), maxItems: fc.nat(9), uniqueItems: fc.boolean() },
      'type',
      'items',
    ),
    some({ ...about, anyOf: fc.array(tie('property'), { minLength: 1, maxLength: 2 }) }, 'anyOf'),
    tie('object'),
  ),
  object: objectOf(tie('property')),
}));

function objectOf(inner: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const properties = fc.dictionary(name, inner, { maxKeys: 3, noNullPrototype: true });
  return fc
    .tuple(
      some({
        ...about,
        additionalProperties: fc.boolean(),
        $schema: one('https://json-schema.org/draft/2020-12/schema'),
      }),
      properties,
      fc.nat(3),
    )
    .map(([rest, members, count]) => {
      const required = Object.keys(members).slice(0, count);
      return { type: 'object', properties: members, ...(required.length > 0 && { required }), ...rest };
    });
}

export const schema = objectOf(property);
