/** A worker that no longer beats is killed and replaced (spec/supervision.md, 2). */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { endingOf, isStopped } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import type { RawClient } from '../support/raw-client';
import { eventually } from '../support/wait';
import { connectToEach, messageBytes, mockConfig, statusOn } from './cluster';

describe('cluster: a worker hangs', function () {
  this.timeout(60_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  let clients: Map<number, RawClient>;
  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider) });
    clients = await connectToEach(proxy);
  });
  after(() =>
    closeAll(
      () =>
        clients?.forEach((client) => {
          client.destroy();
        }),
      () => proxy?.stop('SIGKILL'),
      () => provider?.close(),
    ),
  );

  it('and is killed and replaced within the heartbeat time-out, with the reason, while the other serves and tells', async () => {
    const [[victim], [other, survivor]] = [...clients] as [[number, RawClient], [number, RawClient]]; // Two workers.
    const [stoppedAt, stoppedAtTime] = [performance.now(), Date.now()];
    process.kill(victim, 'SIGSTOP');
    await eventually(() => isStopped(victim), { what: 'the worker being stopped' });
    const ending = endingOf([victim]);
    ending.catch(() => {}); // Looked at below.
    const statuses = new Set<number>();
    const replaced = async () => {
      statuses.add((await survivor.roundTrip(messageBytes())).status);
      const { workers } = await statusOn(survivor);
      return workers.list.find(({ restarts, state }) => restarts === 1 && state === 'ready') ?? false;
    };
    const replacement = await eventually(replaced, { timeoutMs: 20_000, intervalMs: 50, what: 'a replacement' });

    const { aliveAtMs, goneAtMs } = await ending;
    expect(goneAtMs - stoppedAt, 'a worker must not be killed for one missed beat, ms').to.be.above(3500);
    // 5 s of silence, and the supervisor looks once a second.
    expect(aliveAtMs - stoppedAt, 'stop until killed, ms').to.be.below(7000);
    expect(Date.parse(replacement.started_at) - stoppedAtTime, 'stop until replaced, ms').to.be.within(3500, 7500);
    expect([...statuses], 'of the other worker').to.deep.equal([200]);
    expect(replacement.last_exit).to.include({ reason: 'hung', signal: 'SIGKILL' });
    expect(replacement.pid).not.to.equal(victim);
    const { workers } = await proxy.status();
    expect(workers.list.map(({ pid }) => pid)).to.have.members([other, replacement.pid]);
    expect(proxy.metric(await proxy.metrics(), 'ccproxy_worker_restarts_total', { reason: 'hung' })).to.equal(1);
  });
});
