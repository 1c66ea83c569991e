/** Ready is not forked: a worker that hangs while it boots takes no traffic, and is killed and replaced in the end. */
import { expect } from 'chai';
import { childrenOf } from '../support/processes';
import { restoreBoots, sabotageBoots } from '../support/saboteur';
import { eventually } from '../support/wait';
import { expectUnharmed, pidsOf, type Steady, startSteady, statusUntil, steadyLoad } from './steady';

describe('cluster: a worker hangs while it boots', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady();
  });
  after(() => steady?.stop());

  it('is `booting` in /status, gets no request, and is killed after 10 s with the reason', async () => {
    const { proxy, sabotageDir } = steady;
    const [victim = 0] = pidsOf(await proxy.status());
    sabotageBoots(sabotageDir, { do: 'hang' });
    process.kill(victim, 'SIGKILL');
    const booting = await statusUntil(proxy, 'a worker that boots', (now) => pidsOf(now, 'booting').length === 1);
    expect(booting.workers).to.include({ desired: 2, ready: 1 });
    const [hanging = 0] = pidsOf(booting, 'booting');
    expect(childrenOf(proxy.pid)).to.include(hanging);
    const forkedAt = performance.now();
    const load = await steadyLoad(proxy);
    restoreBoots(sabotageDir);
    const whole = await statusUntil(proxy, 'a replacement', ({ workers }) => workers.ready === 2, 20_000);
    expect(performance.now() - forkedAt, 'ms').to.be.within(8000, 14_000);
    expectUnharmed(await load.stop(), false);
    const replaced = whole.workers.list.find(({ restarts }) => restarts > 0);
    expect(replaced).to.include({ restarts: 2 });
    expect(replaced?.last_exit).to.include({ reason: 'boot_timeout', signal: 'SIGKILL' });
    expect(pidsOf(whole)).not.to.include(hanging);
    const counted = async () =>
      proxy.metric(await proxy.metrics(), 'ccproxy_worker_restarts_total', { reason: 'boot_timeout' }) === 1;
    await eventually(counted, { what: 'the restart being counted' });
  });
});
