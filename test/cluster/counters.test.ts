/** No counter falls while workers are replaced, added, taken away and killed. */
import { expect } from 'chai';
import { expectUnharmed, pidsOf, reloadBySignal, type Steady, startSteady, statusUntil, steadyLoad } from './steady';
import { Watch } from './watch';

describe('cluster: counters', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady();
  });
  after(() => steady?.stop());

  const wholeWith = (count: number, gone: readonly number[]) =>
    statusUntil(
      steady.proxy,
      `${count} workers, and none of those before`,
      (now) => now.workers.ready === count && now.workers.list.every(({ pid }) => !gone.includes(pid)),
      20_000,
    );

  it('never fall, through a reload, more and fewer workers, and a kill', async () => {
    const { proxy } = steady;
    const load = await steadyLoad(proxy);
    const watch = new Watch(proxy);
    const first = pidsOf(await proxy.status());
    await reloadBySignal(proxy);
    await wholeWith(2, first);
    proxy.signal('SIGTTIN');
    await wholeWith(3, []);
    proxy.signal('SIGTTOU');
    const two = await statusUntil(proxy, '2 workers', ({ workers }) => workers.list.length === 2, 20_000);
    expectUnharmed(await load.stop());
    const again = await steadyLoad(proxy);
    const [victim = 0] = pidsOf(two);
    process.kill(victim, 'SIGKILL');
    await wholeWith(2, [victim]);
    await again.stop();
    const { scrapes, fallen } = await watch.end();
    expect(scrapes).to.be.above(5);
    expect(fallen).to.deep.equal([]);
    const text = await proxy.metrics();
    for (const [reason, times] of [
      ['reload', 2],
      ['scale', 1],
      ['signal', 1],
    ] as const) {
      expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason }), reason).to.equal(times);
    }
  });
});
