/** A worker that no longer beats is killed and replaced (spec/supervision.md, 2). */
import { expect } from 'chai';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { isAlive, isStopped } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import type { RawClient } from '../support/raw-client';
import { eventually } from '../support/wait';
import { connectToEach, messageBytes, mockConfig, statusOn } from './cluster';

describe('cluster: a worker hangs', function () {
  this.timeout(30_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  let clients: Map<number, RawClient>;
  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider) });
    clients = await connectToEach(proxy);
  });
  after(async () => {
    for (const client of clients?.values() ?? []) client.destroy();
    await proxy?.stop();
    await provider?.close();
  });

  it('and is killed and replaced within 7 s, with the reason, while the other serves and tells', async () => {
    const [[victim], [other, survivor]] = [...clients] as [[number, RawClient], [number, RawClient]]; // Two workers.
    const stoppedAt = performance.now();
    process.kill(victim, 'SIGSTOP');
    await eventually(() => isStopped(victim), { what: 'the worker being stopped' });
    let lastOfVictim = Number.POSITIVE_INFINITY;
    const replaced = async () => {
      expect((await survivor.roundTrip(messageBytes())).status).to.equal(200);
      const { workers } = await statusOn(survivor);
      if (isAlive(victim)) lastOfVictim = performance.now();
      return workers.list.find(({ restarts, state }) => restarts === 1 && state === 'ready') ?? false;
    };
    const replacement = await eventually(replaced, { timeoutMs: 9000, intervalMs: 50, what: 'a replacement' });

    expect(performance.now() - stoppedAt, 'stop until replaced, ms').to.be.within(4000, 7500);
    expect(lastOfVictim - stoppedAt, 'a worker must not be killed for one missed beat, ms').to.be.above(3500);
    expect(replacement.last_exit).to.include({ reason: 'hung', signal: 'SIGKILL' });
    expect(replacement.pid).not.to.equal(victim);
    expect(isAlive(victim)).to.equal(false);
    const { workers } = await proxy.status();
    expect(workers.list.map(({ pid }) => pid)).to.have.members([other, replacement.pid]);
    expect(proxy.metric(await proxy.metrics(), 'ccproxy_worker_restarts_total', { reason: 'hung' })).to.equal(1);
  });
});
