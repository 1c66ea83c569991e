/** Workers that have grown too big or too old are replaced: replacement first, one at a time, and nothing fails. */
import { expect } from 'chai';
import { sabotage } from '../support/saboteur';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';
import { expectUnharmed, pidsOf, type Steady, startSteady, statusUntil, steadyLoad } from './steady';

describe('cluster: planned recycling', function () {
  this.timeout(60_000);
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
    const isReplaced = (now: StatusDocument) => {
      expect(now.workers.ready).to.be.at.least(2);
      return !pidsOf(now).includes(victim);
    };
    const replaced = await statusUntil(proxy, 'its replacement', isReplaced, 30_000);
    expect(pidsOf(replaced)).to.include(other);
    expect(replaced.workers.list.find(({ state }) => state === 'draining')?.pid ?? victim).to.equal(victim);
    await statusUntil(proxy, 'its end', (now) =>
      now.workers.list.some(({ last_exit }) => last_exit?.reason === 'memory'),
    );
    expectUnharmed(await load.stop());
    expect(await restarts('memory')).to.equal(1);
  });

  it('max_worker_age: every one, at different times', async () => {
    steady = await startSteady({ more: { max_worker_age: '4s' } });
    const { proxy } = steady;
    const first = pidsOf(await proxy.status());
    const load = await steadyLoad(proxy);
    const seen: StatusDocument[] = [];
    const allReplaced = async () => {
      const now = await proxy.status();
      seen.push(now);
      return !pidsOf(now).some((pid) => first.includes(pid));
    };
    await eventually(allReplaced, { timeoutMs: 30_000, what: 'both being replaced' });
    expectUnharmed(await load.stop());
    for (const { workers } of seen) {
      expect(workers.ready).to.be.at.least(2);
      expect(workers.list.filter(({ state }) => state === 'booting').length, 'boot at a time').to.be.at.most(1);
    }
    expect(await restarts('age')).to.be.at.least(2);
    expect(await restarts('crash')).to.equal(0);
  });
});
