/** Workers that have grown too big or too old are replaced: replacement first, one at a time, and nothing fails. */
import { expect } from 'chai';
import { sabotage } from '../support/saboteur';
import type { StatusDocument } from '../support/status-document';
import { expectUnharmed, pidsOf, type Steady, startSteady, statusUntil, steadyLoad } from './steady';
import { Watch } from './watch';

describe('cluster: planned recycling', function () {
  this.timeout(90_000);
  let steady: Steady;
  afterEach(() => steady?.stop());

  const restarts = async (reason: string) =>
    steady.proxy.metric(await steady.proxy.metrics(), 'ccproxy_worker_restarts_total', { reason });

  it('max_worker_memory: the one that has grown, and no other', async () => {
    steady = await startSteady({ more: { max_worker_memory: '256mb' } });
    const { proxy, sabotageDir } = steady;
    const [victim = 0, other = 0] = pidsOf(await proxy.status());
    const load = await steadyLoad(proxy);
    sabotage(sabotageDir, victim, { do: 'bloat', bytes: 300 * 1024 ** 2 });
    const watch = new Watch(proxy);
    const isReplaced = (now: StatusDocument) => !pidsOf(now).includes(victim);
    const replaced = await statusUntil(proxy, 'its replacement', isReplaced, 30_000);
    expect(pidsOf(replaced)).to.include(other);
    expect(replaced.workers.list.find(({ state }) => state === 'draining')?.pid ?? victim).to.equal(victim);
    const hasEnded = (now: StatusDocument) => now.workers.list.some(({ last_exit }) => last_exit?.reason === 'memory');
    await statusUntil(proxy, 'its end', hasEnded, 30_000);
    const { fewestReady, fallen } = await watch.end();
    expect(fewestReady, 'ready workers').to.be.at.least(2);
    expect(fallen, 'counters that fell').to.deep.equal([]);
    expectUnharmed(await load.stop());
    expect(await restarts('memory')).to.equal(1);
  });

  it('max_worker_age: every one, at different times', async () => {
    steady = await startSteady({ more: { max_worker_age: '4s' } });
    const { proxy } = steady;
    const first = pidsOf(await proxy.status());
    const load = await steadyLoad(proxy);
    const watch = new Watch(proxy);
    const allReplaced = (now: StatusDocument) => !pidsOf(now).some((pid) => first.includes(pid));
    await statusUntil(proxy, 'both being replaced', allReplaced, 30_000);
    const { statuses, fewestReady, fallen } = await watch.end();
    expectUnharmed(await load.stop());
    expect(fewestReady, 'ready workers').to.be.at.least(2);
    expect(fallen, 'counters that fell').to.deep.equal([]);
    for (const { workers } of statuses) {
      expect(workers.list.filter(({ state }) => state === 'booting').length, 'boot at a time').to.be.at.most(1);
    }
    expect(await restarts('age')).to.be.at.least(2);
    expect(await restarts('crash')).to.equal(0);
  });
});
