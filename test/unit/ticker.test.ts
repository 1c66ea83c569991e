/** Who is under way is looked at, and nobody else, whoever has gone meanwhile. */
import { expect } from 'chai';
import { Ticker, type Ticking } from '../../worker/gateway/ticker';
import { eventually } from '../support/wait';

class Member implements Ticking {
  place = -1;
  ticks = 0;
  readonly #onTick: () => void;

  constructor(onTick: () => void = () => {}) {
    this.#onTick = onTick;
  }

  tick(): void {
    this.ticks++;
    this.#onTick();
  }

  slept(): void {
    this.tick();
  }
}

describe('the ticker', () => {
  it('ticks those who are left, in whatever order the others went', async () => {
    for (const gone of [[], [0], [1], [2], [0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]) {
      const ticker = new Ticker();
      const members = [new Member(), new Member(), new Member()];
      for (const member of members) ticker.add(member);
      for (const i of gone) ticker.remove(members[i] ?? new Member());
      const left = members.filter((_, i) => !gone.includes(i));
      await eventually(() => left.every(({ ticks }) => ticks > 0), { timeoutMs: 10_000, what: 'a tick of each' });
      const silent = members.flatMap(({ ticks }, i) => (ticks === 0 ? [i] : []));
      expect(silent, `without ${gone.join()}`).to.deep.equal(gone.toSorted());
      for (const member of left) ticker.remove(member);
    }
  });

  it('looks at everybody once, though some go while it looks', async () => {
    const ticker = new Ticker();
    const members: Member[] = [0, 1, 2, 3].map((i) => new Member(() => ticker.remove(members[i] ?? new Member())));
    for (const member of members) ticker.add(member);
    await eventually(() => members.some(({ ticks }) => ticks > 0), { timeoutMs: 10_000, what: 'a tick' });
    expect(members.map(({ ticks }) => ticks)).to.deep.equal([1, 1, 1, 1]);
  });

  it('takes no harm when somebody goes twice', async () => {
    const ticker = new Ticker();
    const [one, other] = [new Member(), new Member()];
    ticker.add(one);
    ticker.remove(one);
    ticker.add(other);
    ticker.remove(one);
    await eventually(() => other.ticks > 0, { timeoutMs: 10_000, what: 'a tick' });
    ticker.remove(other);
    expect(one.ticks).to.equal(0);
  });
});
