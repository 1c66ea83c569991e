import { expect } from 'chai';
import { PROTOCOL_VERSION } from '../../shared/protocol';
import { Drain } from '../../worker/drain';
import { eventually } from '../support/wait';

const ORDER = { type: 'drain', protocol: PROTOCOL_VERSION, timeoutMs: 30_000, quietMs: 200 } as const;

describe('drain', () => {
  it('takes no time for quiet in which this process stood still', async () => {
    const events: string[] = [];
    let closed = false;
    const closeListener = () => {
      closed = true;
    };
    const parts = { closeListener, inFlight: () => 0, connections: () => 1 };
    const drain = new Drain({ ...parts, ended: () => events.push('ended') });
    drain.begin(ORDER);
    await eventually(() => closed, { what: 'the listener closed', intervalMs: 1 });
    // In the turn after the standstill timers come first, and what has come meanwhile after them.
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        setImmediate(() => {
          setImmediate(() => {
            events.push('came');
            drain.touch();
            resolve();
          });
        });
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      });
    });
    expect(events).to.deep.equal(['came']);
    await eventually(() => events.length === 2, { what: 'the end' });
  });
});
