import { expect } from 'chai';
import { knownParametersSchema } from '../../worker/dialects/gemini/known-schemas';
import { parametersSchema } from '../../worker/dialects/gemini/schema';
import { viewOf } from '../../worker/json/view';

function check(schema: object): void {
  const text = JSON.stringify(schema);
  for (let i = 0; i < 2; i++) {
    expect(knownParametersSchema(viewOf(text)), text.slice(0, 100)).to.equal(parametersSchema(viewOf(text)));
  }
}

describe('Gemini’s schemas that came before', () => {
  it('are what they were, and no others', () => {
    for (const name of ['a', 'b', '__proto__']) {
      check({ type: 'object', properties: { [name]: { type: 'string' } } });
      check({
        type: 'object',
        properties: { [name]: { $ref: '#/$defs/x' } },
        $defs: { x: { type: ['null', 'number'] } },
      });
    }
    check({});
    check({ type: 'object', properties: {} });
  });

  it('are any number, of any size', () => {
    for (let i = 0; i < 1500; i++) {
      check({ type: 'object', properties: { [`a${i}`]: { description: 'x'.repeat(i % 50 === 0 ? 20_000 : 4000) } } });
    }
  });
});
