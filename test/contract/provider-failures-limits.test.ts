/** Limits: who is turned away gets the documented error with `retry-after`, and nobody else is disturbed. */
import { expect } from 'chai';
import {
  expectApiError,
  goodBody,
  mockConfig,
  postMessage,
  providerAt,
  scenario,
  survivor,
} from '../support/aftermath';
import { closeAll } from '../support/close-all';
import { openStream, type StreamingResponse } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';

const overloaded = (message: string) => ({ status: 503, type: 'overloaded_error', message });

describe('provider failures: requests under way', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const providers = [
      providerAt('wide', provider.url),
      providerAt('narrow', provider.url, { connections: { max: 1, max_waiting: 1 } }),
    ];
    const performance = { max_concurrent_requests: 4, max_concurrent_per_provider: 3 };
    const config = { providers, routes: { default: 'wide,m1' }, performance };
    proxy = await startProxy({ config, workers: 1 });
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  const body = (name: string) => goodBody({ model: `${name},m1`, stream: true });
  const held = (name: string): Promise<StreamingResponse> =>
    openStream({
      url: `${proxy.url}/v1/messages`,
      body: body(name),
      headers: scenario('text', { hold: true, afterEvents: 1 }),
    });
  /** Lets everything go on, and everybody gets the whole of it. */
  const finish = async (streams: StreamingResponse[]): Promise<void> => {
    for (const seen of provider.requests) seen.release();
    for (const open of streams) expect((await open.rest()).toString()).to.contain('message_stop');
  };

  test('connections and queue full: 503, and those who wait are served in their turn', async () => {
    const first = await held('narrow');
    const second = held('narrow');
    await eventually(async () => expect(proxy.metric(await proxy.metrics(), 'ccproxy_requests_in_flight')).to.equal(2));
    const third = await postMessage(proxy, { body: body('narrow') });
    expectApiError(third, overloaded('Too many requests wait for this provider (provider "narrow")'));
    expect(third.headers['retry-after']).to.equal('1');
    expect((await postMessage(proxy, { body: goodBody({ model: 'wide,m1' }) })).status, 'others').to.equal(200);
    await finish([first]);
    const waited = await second;
    await finish([waited]);
  });

  test('max_concurrent_per_provider: 503 for that one alone', async () => {
    const streams = await Promise.all([held('wide'), held('wide'), held('wide')]);
    const refused = await postMessage(proxy, { body: body('wide') });
    expectApiError(refused, overloaded('Too many requests to provider "wide" are under way'));
    expect(refused.headers['retry-after']).to.equal('1');
    expect((await postMessage(proxy, { body: goodBody({ model: 'narrow,m1' }) })).status).to.equal(200);
    await finish(streams);
    expect((await postMessage(proxy)).status).to.equal(200);
  });

  test('max_concurrent_requests: 503 before the body is looked at; the pages still answer', async () => {
    const streams = await Promise.all([held('wide'), held('wide'), held('wide'), held('narrow')]);
    const refused = await postMessage(proxy, { body: 'no JSON' });
    expectApiError(refused, overloaded('Too many requests are under way'));
    expect(refused.headers['retry-after']).to.equal('1');
    expect((await proxy.status()).status).to.equal('running');
    await finish(streams);
    expect((await postMessage(proxy)).status).to.equal(200);
  });

  test('a place is given back by those who go away', async () => {
    for (let round = 0; round < 3; round++) {
      const streams = await Promise.all([held('wide'), held('wide'), held('wide'), held('narrow')]);
      for (const open of streams) open.destroy();
      await eventually(async () => expect((await postMessage(proxy)).status).to.equal(200));
    }
  });
});

describe('provider failures: rate limit', () => {
  const LIMIT = 3;
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const performance = { rate_limit_enabled: true, rate_limit_requests_per_min: LIMIT };
    const config = mockConfig(provider, { trusted_proxies: ['127.0.0.1'], api_key: 'key', performance });
    proxy = await startProxy({ config, workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  test('429 with retry-after for the client that asks too often, and for no other', async () => {
    const ask = (client: string) => postMessage(proxy, { headers: { 'x-api-key': 'key', 'x-forwarded-for': client } });
    let served = 0;
    let refused = await ask('203.0.113.1');
    // The count begins anew with the clock's minute, so that one turn of it may fall in between.
    for (; refused.status === 200 && served <= 2 * LIMIT; refused = await ask('203.0.113.1')) served++;
    expect(served).to.be.within(LIMIT, 2 * LIMIT);
    const message = `More than ${LIMIT} requests a minute from this address`;
    expectApiError(refused, { status: 429, type: 'rate_limit_error', message });
    expect(Number(refused.headers['retry-after'])).to.be.within(1, 60);
    expect((await ask('203.0.113.2')).status).to.equal(200);
    expect(provider.requestCount).to.equal(served + 1);
  });
});

describe('provider failures: circuit breaker', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const closed = await startMockProvider();
    await closed.close();
    const providers = [providerAt('good', provider.url), providerAt('dead', closed.url)];
    const performance = { circuit_breaker_enabled: true };
    proxy = await startProxy({ config: { providers, routes: { default: 'good,m1' }, performance }, workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  test('after failures in a row: 503 at once, /status and /health say so, other providers are served', async () => {
    const ask = (name: string) => postMessage(proxy, { body: goodBody({ model: `${name},m1` }) });
    const refused = await eventually(async () => {
      const response = await ask('dead');
      expect(response.status).to.equal(503);
      return response;
    });
    expectApiError(refused, overloaded('Provider "dead" is unavailable at the moment'));
    expect(refused.headers['retry-after']).to.equal('5');
    const { providers } = await proxy.status();
    expect(providers).to.deep.include({ count: 2, active: ['good'] });
    expect(providers.details[1]).to.include({ name: 'dead', state: 'unavailable' });
    expect(providers.details[1]?.last_error).to.include({ code: 'refused' });
    expect((await ask('good')).status).to.equal(200);
    expect(proxy.metric(await proxy.metrics(), 'ccproxy_provider_up', { provider: 'dead' })).to.equal(0);
  });
});
