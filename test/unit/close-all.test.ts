/** Teardown goes on whatever happens in it. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';

describe('closeAll', () => {
  const taken: number[] = [];
  const step = (number: number, failure?: string) => async () => {
    taken.push(number);
    if (failure !== undefined) throw new Error(failure);
  };
  const thrown = (promise: Promise<void>) =>
    promise.then(
      () => null,
      (error: Error) => error.message,
    );
  beforeEach(() => taken.splice(0));

  it('takes every step in order, also after one that throws, at once or later, and tells of it', async () => {
    const atOnce = () => {
      throw new Error('at once');
    };
    expect(await thrown(closeAll(step(1), atOnce, step(2)))).to.equal('at once');
    expect(await thrown(closeAll(step(3, 'later'), step(4)))).to.equal('later');
    expect(taken).to.deep.equal([1, 2, 3, 4]);
  });

  it('tells of all that went wrong', async () => {
    expect(await thrown(closeAll(step(1, 'one'), step(2), step(3, 'three')))).to.equal('one\nthree');
  });

  it('is content when nothing does', async () => {
    expect(await thrown(closeAll(step(1), () => undefined))).to.equal(null);
  });
});
