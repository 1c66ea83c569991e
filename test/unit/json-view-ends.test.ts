import { expect } from 'chai';
import fc from 'fast-check';
import { BadDocument, type JsonView, viewOf } from '../../worker/json/view';

/** The whole document, by way of views only. */
function built(view: JsonView): unknown {
  if (view.kind === 'object') {
    return Object.fromEntries([...view.members()].map(([name, member]) => [name, built(member)]));
  }
  return view.kind === 'array' ? view.items().map(built) : view.value();
}

describe('Views that share what was scanned', () => {
  // Longer values than the 128 bytes from which on an end is noted.
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  const values = fc.anything({
    maxDepth: 5,
    key: text,
    withNullPrototype: false,
    values: [text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
  });

  it('see what JSON.parse sees', () => {
    fc.assert(
      fc.property(values, (value) => {
        const document = JSON.stringify([value, { a: value }]);
        expect(built(viewOf(document))).to.deep.equal(JSON.parse(document));
      }),
      { numRuns: 500 },
    );
  });

  it('are limited in number, however they are spread', () => {
    const built = (lists: number) => {
      const view = viewOf(JSON.stringify(Array.from({ length: lists }, () => Array.from({ length: 9 }, () => 1))));
      return view.items().reduce((sum, list) => sum + list.items().length, 0);
    };
    expect(built(50_000)).to.equal(450_000);
    expect(() => built(50_001)).to.throw(BadDocument, 'more than 500000');
  });

  it('find a long value below the depth to which ends are noted', () => {
    const depth = 3000;
    let view = viewOf(`{"a":${'['.repeat(depth)}"${'x'.repeat(200)}"${']'.repeat(depth)},"b":1}`);
    expect(view.get('b')?.raw()).to.equal('1');
    view = view.get('a') ?? view;
    for (let i = 0; i < depth; i++) view = view.items()[0] ?? view;
    expect(view.text()).to.equal('x'.repeat(200));
  });
});
