import { expect } from 'chai';
import fc from 'fast-check';
import { shortText } from '../../worker/json/short-text';

function read(text: string): string | null {
  const body = Buffer.from(`"${text}"`);
  return shortText(body, 1, body.length - 1);
}

describe('Short texts', () => {
  it('are what stands there, however often and whatever was there before', () => {
    const texts = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 66 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(texts, (list) => {
        for (const text of [...list, ...list]) {
          const isShort = text.length <= 64 && !text.includes('\\');
          expect(read(text)).to.equal(isShort ? text : null);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are ASCII without escapes', () => {
    for (const text of ['ü', 'a\\n', '\\u0061', 'x'.repeat(65)]) expect(read(text)).to.equal(null);
  });
});
