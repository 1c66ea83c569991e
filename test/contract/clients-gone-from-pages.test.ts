/** A long page that its client does not wait for: the engine ends a process whose handler has then answered nothing. */
import { expect } from 'chai';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient, requestBytes } from '../support/raw-client';

const MODELS = Array.from({ length: 4000 }, (_, i) => `model-${i}-${'x'.repeat(i % 50)}`);
const CLIENTS = 100;

describe('clients that ask for a long page and go', () => {
  let proxy: RunningProxy;

  before(async () => {
    const provider = {
      name: 'p',
      dialect: 'anthropic',
      api_base_url: 'http://127.0.0.1:9',
      api_key: 'k',
      models: MODELS,
    };
    proxy = await startProxy({ config: { providers: [provider], routes: { default: 'p,m' } }, workers: 1 });
  });
  after(() => proxy?.stop());

  for (const leave of ['destroy', 'resetAndDestroy'] as const) {
    it(`the worker lives on (${leave})`, async () => {
      const { workers } = await proxy.status();
      for (let i = 0; i < CLIENTS; i++) {
        const client = await RawClient.connect(proxy);
        client.socket.on('error', () => {});
        client.socket.write(requestBytes('GET', '/v1/models?limit=100000'));
        client.socket[leave]();
      }
      const now = await proxy.status();
      expect(now.workers.list[0]?.pid).to.equal(workers.list[0]?.pid);
    });
  }
});
