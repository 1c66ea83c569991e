import { expect } from 'chai';
import { KnownText, WORD_BYTES, wordIn } from '../../worker/json/words';

describe('A known text', () => {
  const view = (text: string) => new DataView(Uint8Array.from(Buffer.from(text)).buffer);

  for (let length = 4; length <= 13; length++) {
    const text = 'abcdefghijklm'.slice(0, length);
    const known = new KnownText(text);

    it(`of ${length} characters is told from all that differ in one`, () => {
      expect(known.isAt(view(`-${text}-`), 1, 1 + length)).to.equal(true);
      for (let at = 0; at < length; at++) {
        const other = `${text.slice(0, at)}X${text.slice(at + 1)}`;
        expect(known.isAt(view(`-${other}-`), 1, 1 + length), other).to.equal(false);
      }
    });

    it(`of ${length} characters has to end before what is of no account`, () => {
      expect(known.isAt(view(text), 0, length - 1)).to.equal(false);
      expect(known.isAt(view(text), 1, length)).to.equal(false);
    });
  }

  it('has words as they lie in the memory', () => {
    expect(view('xxusagexx').getInt32(2, true)).to.equal(wordIn('usage', 0));
    expect(view('xxusagexx').getInt32(3, true)).to.equal(wordIn('usage', 1));
    expect(WORD_BYTES).to.equal(4);
  });
});
