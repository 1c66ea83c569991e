/** What has just been answered is counted for whoever asks, although it is accounted for with others, a little later. */
import { expect } from 'chai';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { messageRequest, mockConfig } from './cluster';
import { reloadBySignal, statusUntil } from './steady';

describe('cluster: the last requests', function () {
  this.timeout(30_000);
  let provider: MockProvider;
  let proxy: RunningProxy;

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 1 });
  });
  after(async () => {
    await proxy?.stop();
    await provider?.close();
  });

  it('are in /metrics at once, and under way no more', async () => {
    for (let count = 1; count <= 20; count++) {
      await request(messageRequest(proxy));
      const text = await proxy.metrics();
      expect(proxy.metric(text, 'ccproxy_requests_total')).to.equal(count);
      expect(proxy.metric(text, 'ccproxy_requests_in_flight')).to.equal(0);
    }
  });

  it('are in /metrics when their worker is gone', async () => {
    await Promise.all(Array.from({ length: 10 }, () => request(messageRequest(proxy))));
    await reloadBySignal(proxy);
    await statusUntil(proxy, 'the end of the worker before', ({ workers }) => workers.list.length === 1);
    expect(proxy.metric(await proxy.metrics(), 'ccproxy_requests_total')).to.equal(30);
  });
});
