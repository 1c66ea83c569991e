import { expect } from 'chai';
import { BodyMemory } from '../../worker/gateway/body-memory';

const KIB = 1024;

describe('Memory for bodies', () => {
  it('has room for what is asked, whatever that is', () => {
    const memory = new BodyMemory();
    for (const bytes of [0, 1, 700, 16 * KIB, 32 * KIB, 32 * KIB + 1, 100_000, 2048 * KIB, 2048 * KIB + 1, 9_000_000]) {
      expect(memory.take(bytes).length, `${bytes}`).to.be.at.least(bytes);
      // A body of that size takes no more than twice of it, and the least of all.
      expect(memory.take(bytes).length, `${bytes}`).to.be.at.most(Math.max(32 * KIB, 2 * bytes));
    }
  });

  it('is used again once it was given back, for bodies of like size', () => {
    const memory = new BodyMemory();
    const first = memory.take(100_000);
    const second = memory.take(100_000);
    expect(second.buffer).to.not.equal(first.buffer);
    memory.giveBack(first.subarray(0, 100_000));
    expect(memory.take(60_000).buffer).to.not.equal(first.buffer);
    expect(memory.take(130_000).buffer).to.equal(first.buffer);
    expect(memory.take(130_000).buffer).to.not.equal(first.buffer);
  });

  it('is kept up to 8 MiB', () => {
    const memory = new BodyMemory();
    const taken = Array.from({ length: 6 }, () => memory.take(2048 * KIB));
    for (const body of taken) memory.giveBack(body);
    const given = new Set(taken.map(({ buffer }) => buffer));
    const again = Array.from({ length: 6 }, () => memory.take(2048 * KIB));
    expect(again.filter(({ buffer }) => given.has(buffer))).to.have.length(4);
  });

  it('takes nothing that is not its own', () => {
    const memory = new BodyMemory();
    const foreign = [32 * KIB, 100_000, 128 * KIB, 4096 * KIB].map((bytes) => Buffer.allocUnsafeSlow(bytes));
    for (const body of foreign) memory.giveBack(body);
    for (const body of foreign) expect(memory.take(body.length).buffer).to.not.equal(body.buffer);
  });
});
