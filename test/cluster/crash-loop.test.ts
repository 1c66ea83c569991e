/** Workers that die again and again: ever longer pauses, a degraded service that says so, and a fresh start afterwards. */
import { expect } from 'chai';
import { request } from '../support/http';
import { restoreBoots, sabotageBoots } from '../support/saboteur';
import { eventually } from '../support/wait';
import { expectUnharmed, pidsOf, type Steady, startSteady, statusUntil, steadyLoad } from './steady';

/** The log's clock has milliseconds, and a timer may be early by one. */
const CLOCK_MS = 2;

describe('cluster: a crash loop', function () {
  this.timeout(90_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady();
  });
  after(() => steady?.stop());

  /** When the worker that cannot boot ended, by the log: Unix time, ascending. */
  const endings = () =>
    steady.proxy
      .output()
      .split('\n')
      .filter((line) => /worker \d+ ended \(crash, code 1\)/.test(line))
      .map((line) => Date.parse(JSON.parse(line).timestamp));

  it('is slowed down, while the other worker serves and /health says degraded', async () => {
    const { proxy, sabotageDir } = steady;
    const load = await steadyLoad(proxy, 100, 10);
    const [victim = 0] = pidsOf(await proxy.status());
    sabotageBoots(sabotageDir, { do: 'exit' });
    process.kill(victim, 'SIGKILL');
    // At once, then 0.1, 0.2, 0.4, 0.8 and 1.6 s later, each less by up to half; their boots come on top.
    await eventually(() => endings().length >= 6, { timeoutMs: 20_000, what: 'six tries' });
    const times = endings();
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    const shortest = [50, 100, 200, 400, 800];
    const tooShort = shortest.filter((ms, i) => !((gaps[i] ?? 0) >= ms - CLOCK_MS));
    expect(tooShort, `pauses that must be at least so long, of ${gaps} ms`).to.deep.equal([]);
    const health = await request({ url: `${proxy.url}/health` });
    expect([health.status, health.json()['status']]).to.deep.equal([200, 'degraded']);
    expect((await proxy.status()).workers).to.include({ desired: 2, ready: 1 });
    const { kept } = await load.stop();
    // Those on the victim's connections, at its death.
    expect([...kept.failures.values()].reduce((sum, count) => sum + count, 0)).to.be.at.most(10);
    const again = await steadyLoad(proxy, 100, 10);
    expectUnharmed(await again.stop(), false);
  });

  it('is over when a worker boots again, and counted', async () => {
    const { proxy, sabotageDir } = steady;
    restoreBoots(sabotageDir);
    const { workers } = await statusUntil(proxy, 'both workers', (now) => now.workers.ready === 2, 20_000);
    const looped = workers.list.find(({ restarts }) => restarts > 0);
    expect(looped?.restarts).to.be.at.least(7);
    const text = await proxy.metrics();
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason: 'signal' })).to.equal(1);
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason: 'crash' })).to.be.at.least(6);
    expect((await request({ url: `${proxy.url}/health` })).json()['status']).to.equal('healthy');
  });

  it('is forgotten after a stable time: the next end is answered at once', async () => {
    const { proxy } = steady;
    const stable = await statusUntil(
      proxy,
      '10 s of service',
      (now) => now.workers.list.every(({ uptime_seconds }) => uptime_seconds >= 11),
      20_000,
    );
    const looped = stable.workers.list.find(({ restarts }) => restarts > 0);
    const killedAt = Date.now();
    process.kill(looped?.pid ?? 0, 'SIGKILL');
    const replaced = await statusUntil(proxy, 'a replacement', (now) =>
      now.workers.list.some(
        ({ slot, pid, state }) => slot === looped?.slot && pid !== looped?.pid && state === 'ready',
      ),
    );
    const started = replaced.workers.list.find(({ slot }) => slot === looped?.slot)?.started_at ?? '';
    // With its back-off of before it would have waited 3.2 s and more.
    expect(Date.parse(started) - killedAt, 'ms until it was forked').to.be.below(1500);
  });
});
