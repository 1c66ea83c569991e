import { expect } from 'chai';
import type { ControlOutcome } from '../../shared/protocol';
import { ChangeQueue } from '../../supervisor/change-queue';

const DONE: ControlOutcome = { ok: true, generation: 1, workers: 2 };
const REFUSED: ControlOutcome = { ok: false, reason: 'the service drains' };

/** A change that is over when it is told so. */
function openEnded() {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, change: () => over.then(() => DONE) };
}

describe('change queue', () => {
  it('makes one change at a time, in order', async () => {
    const queue = new ChangeQueue();
    const order: string[] = [];
    const first = openEnded();
    const one = queue.inTurn(async () => {
      order.push('first begins');
      await first.change();
      order.push('first is over');
    });
    const two = queue.request(async () => {
      order.push('second');
      return DONE;
    });
    first.end();
    await Promise.all([one, two]);
    expect(order).to.deep.equal(['first begins', 'first is over', 'second']);
  });

  it('goes on after a change that failed', async () => {
    const queue = new ChangeQueue();
    const failed = queue.inTurn(() => Promise.reject(new Error('no'))).catch((error: Error) => error.message);
    expect(await queue.request(async () => DONE)).to.deep.equal(DONE);
    expect(await failed).to.equal('no');
  });

  it('is idle before the first change and after the last', async () => {
    const queue = new ChangeQueue();
    expect(queue.idle).to.equal(true);
    const changes = [queue.inTurn(async () => {}), queue.inTurn(async () => {})];
    expect(queue.idle).to.equal(false);
    await changes[0];
    expect(queue.idle).to.equal(false);
    await changes[1];
    expect(queue.idle).to.equal(true);
  });

  it('refuses at once, when the service drains, whoever waits', async () => {
    const queue = new ChangeQueue();
    const endless = openEnded();
    let underWay: Promise<ControlOutcome> | null = null;
    await new Promise<void>((begun) => {
      underWay = queue.request(() => {
        begun();
        return endless.change();
      });
    });
    const waiting = queue.request(async () => DONE);
    queue.drain();
    expect(await underWay).to.deep.equal(REFUSED);
    expect(await waiting).to.deep.equal(REFUSED);
  });

  it('begins no request once the service drains', async () => {
    const queue = new ChangeQueue();
    const first = openEnded();
    let begun = false;
    void queue.inTurn(first.change);
    void queue.request(async () => {
      begun = true;
      return DONE;
    });
    queue.drain();
    first.end();
    await queue.inTurn(async () => {});
    expect(begun).to.equal(false);
  });
});
