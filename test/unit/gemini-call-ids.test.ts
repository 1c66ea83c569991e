import { expect } from 'chai';
import fc from 'fast-check';
import { decodeCallId, encodeCallId } from '../../worker/dialects/gemini/call-ids';

describe("The id of a tool call that carries Gemini's signature", () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 300 });
  const base64 = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  const given = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), anyText, fc.constantFrom('a_', '__sig_', '_', ''));
  const unique = fc.stringMatching(/^[a-z0-9]{1,24}$/);

  it('gives back the id and the signature, character for character', () => {
    fc.assert(
      fc.property(fc.option(given), fc.option(fc.oneof(base64, anyText)), unique, (given, signature, unique) => {
        expect(decodeCallId(encodeCallId({ given, signature }, unique))).to.deep.equal({ given, signature });
      }),
      { numRuns: 2000 },
    );
  });

  it('has only characters that Anthropic allows', () => {
    fc.assert(
      fc.property(fc.option(given), fc.option(fc.oneof(base64, anyText)), unique, (given, signature, unique) => {
        expect(encodeCallId({ given, signature }, unique)).to.match(/^toolu_[A-Za-z0-9_-]+$/);
      }),
    );
  });

  const table: Array<[id: string, given: string | null, signature: string | null]> = [
    ['toolu_abc123', null, null],
    ['toolu_abc123__sig_-_8', null, '+/8='],
    ['toolu_gem_fc-1', 'fc-1', null],
    ['toolu_gem_fc-1__sig_c2ln', 'fc-1', 'c2ln'],
  ];
  for (const [id, given, signature] of table) {
    it(`is ${id}`, () => {
      expect(encodeCallId({ given, signature }, 'abc123')).to.equal(id);
      expect(decodeCallId(id)).to.deep.equal({ given, signature });
    });
  }

  it("carries nothing when it is another provider's, or broken", () => {
    for (const id of ['toolu_01A09q90qw90lq917835lq9', 'call_abc', 'call_abc__sig_c2ln', '', 'toolu_abc__sigc2ln']) {
      expect(decodeCallId(id)).to.deep.equal({ given: null, signature: null });
    }
  });

  it('may be any text', () => {
    fc.assert(fc.property(anyText, (text) => void decodeCallId(`toolu_${text}__sig_${text}`)));
  });
});
