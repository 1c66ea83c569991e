import { expect } from 'chai';
import fc from 'fast-check';
import { endsOf, scanMembers } from '../../worker/json/members';
import { BadDocument, type JsonView, rootView, viewOf } from '../../worker/json/view';

/** The whole document, by way of views only. */
function built(view: JsonView): unknown {
  if (view.kind === 'object') {
    return Object.fromEntries([...view.members()].map(([name, member]) => [name, built(member)]));
  }
  return view.kind === 'array' ? view.items().map(built) : view.value();
}

function scanned(document: string) {
  const body = Buffer.from(document);
  const scan = scanMembers(body);
  if (!scan.ok) throw new Error(scan.reason);
  return { body, scan };
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

  it('see the same with what the scan of the body has noted, also of other pieces', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 70_000 }), (value, padding) => {
        const document = ` ${JSON.stringify({ pad: 'x'.repeat(padding), value, more: [value, { a: value }] }, null, 1)} `;
        const { body, scan } = scanned(document);
        for (const [start, end] of endsOf(scan)) JSON.parse(body.toString('utf8', start, end));
        expect(built(rootView(body, scan))).to.deep.equal(JSON.parse(document));
      }),
      { numRuns: 300 },
    );
  });

  it('have notes of each value from 128 bytes on down to some depth, and of no body but the last', () => {
    const long = `"${'x'.repeat(126)}"`;
    const { body, scan } = scanned(`{"a":${long},"b":[{"c":[${long}, "${'x'.repeat(125)}"]}]}`);
    const noted = [...endsOf(scan)].map(([start, end]) => body.toString('utf8', start, end));
    const list = `[${long}, "${'x'.repeat(125)}"]`;
    expect(noted).to.deep.equal([long, long, list, `{"c":${list}}`, `[{"c":${list}}]`, body.toString()]);
    scanMembers(Buffer.from(`{"other":${long}}`));
    expect(endsOf(scan).size).to.equal(0);
    expect(built(rootView(body, scan))).to.deep.equal(JSON.parse(body.toString()));
    const deep = scanned(`{"a":${'['.repeat(3000)}${long}${']'.repeat(3000)}}`);
    expect(endsOf(deep.scan).size).to.equal(64 + 1);
    expect(endsOf(scanned(`{"a":[${Array(100_001).fill(long).join()}]}`).scan).size).to.equal(100_000);
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
