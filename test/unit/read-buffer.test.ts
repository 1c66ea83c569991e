import { expect } from 'chai';
import {
  keptInReadMemory,
  MAX_MOVED_BYTES,
  movedToReadMemory,
  partOfRead,
  placeInReadMemory,
  READ_BUFFER,
} from '../../worker/read-buffer';

describe('the buffer that is read into', () => {
  it('gives out the parts that were asked for', () => {
    for (const [from, to] of [
      [0, 10],
      [5, 15],
      [0, 10],
      [0, 11],
      [7, 7],
      [0, 0],
      [100, 60_000],
      [0, 65_536],
    ] as const) {
      const part = partOfRead(from, to);
      expect([part.byteOffset, part.length]).to.deep.equal([from, to - from]);
      expect(part.buffer).to.equal(READ_BUFFER.buffer);
    }
  });

  it('knows where its own bytes lie', () => {
    const early = partOfRead(1, 5);
    const late = partOfRead(2, 9);
    expect([early, late, partOfRead(3, 7), READ_BUFFER].map(placeInReadMemory)).to.deep.equal([1, 2, 3, 0]);
    expect(placeInReadMemory(Buffer.from('elsewhere'))).to.equal(-1);
  });

  it('leaves room for what lies elsewhere, and for what is looked for', () => {
    READ_BUFFER.fill('r');
    const kept = keptInReadMemory('sought');
    const moved = movedToReadMemory(Buffer.alloc(MAX_MOVED_BYTES, 'm'));
    expect(placeInReadMemory(moved)).to.be.at.least(READ_BUFFER.length);
    expect(placeInReadMemory(kept)).to.be.at.least(placeInReadMemory(moved) + moved.length);
    expect(moved.equals(Buffer.alloc(MAX_MOVED_BYTES, 'm'))).to.equal(true);
    expect(READ_BUFFER.equals(Buffer.alloc(READ_BUFFER.length, 'r'))).to.equal(true);
    expect(keptInReadMemory('more').toString() + kept.toString()).to.equal('moresought');
  });
});
