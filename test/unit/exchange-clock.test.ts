import { expect } from 'chai';
import { ExchangeClock, PING_AFTER_MS } from '../../worker/gateway/exchange-clock';

const TIMEOUTS = { connectMs: 1, firstByteMs: 1000, idleMs: 60_000 };

describe('the clock of an exchange', () => {
  it('lets the first byte take its time, and no more', () => {
    const clock = new ExchangeClock();
    clock.expectWithin(100, TIMEOUTS.firstByteMs);
    expect(clock.due(1099, 'waiting', false, TIMEOUTS)).to.equal(null);
    expect(clock.due(1100, 'waiting', false, TIMEOUTS)).to.equal('first_byte_timeout');
    clock.slept(500);
    expect(clock.due(1599, 'waiting', false, TIMEOUTS)).to.equal(null);
  });

  it('wants a ping when the client was sent nothing, whatever the provider sends', () => {
    const clock = new ExchangeClock();
    clock.answered(0);
    for (let now = 0; now < PING_AFTER_MS; now += 1000) {
      clock.received();
      expect(clock.due(now, 'response', false, TIMEOUTS)).to.equal(null);
    }
    expect(clock.due(PING_AFTER_MS, 'response', false, TIMEOUTS)).to.equal('ping');
    clock.sent();
    expect(clock.due(PING_AFTER_MS + 1, 'response', false, TIMEOUTS)).to.equal(null);
  });

  it('blames who is silent: the provider, or the client that takes nothing', () => {
    const clock = new ExchangeClock();
    clock.answered(0);
    expect(clock.due(60_000, 'response', false, TIMEOUTS)).to.equal('idle_timeout');
    expect(clock.due(60_000, 'response', true, TIMEOUTS)).to.equal('client_stalled');
    clock.drained(50_000);
    expect(clock.due(60_000, 'response', true, TIMEOUTS)).to.equal('keep_waiting');
    expect(clock.due(60_100, 'response', true, TIMEOUTS)).to.equal(null);
    expect(clock.due(63_000, 'response', true, TIMEOUTS)).to.equal('keep_waiting');
  });

  it('wants nothing before there is a provider, and after the end', () => {
    const clock = new ExchangeClock();
    for (const phase of ['request', 'done'] as const) expect(clock.due(1e9, phase, false, TIMEOUTS)).to.equal(null);
  });
});
