/** Answers of a provider that are errors: they go back unmodified, for clients recognise wording (spec/gateway.md). */
import { expect } from 'chai';
import { goodBody, messageBytes, mockConfig, postMessage, scenario, survivor } from '../support/aftermath';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient } from '../support/raw-client';

const HEADERS = {
  'retry-after': '17',
  'retry-after-ms': '17250',
  'x-should-retry': 'false',
  'request-id': 'req_011CQ1vxOfTheProvider',
  'anthropic-ratelimit-tokens-remaining': '0',
  'anthropic-ratelimit-unified-status': 'rejected',
  'x-of-tomorrow': 'kept',
};
const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 503, 504, 529];

describe('provider failures: error answers', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 1 });
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  for (const status of STATUSES) {
    test(`${status}: status, body and headers as they came`, async () => {
      const bodies = [undefined, '<html><h1>Bad gateway</h1>\n</html>', '', { error: 'a string', ümlaut: '\u0000' }];
      for (const framing of ['length', 'chunked', 'close']) {
        for (const body of bodies) {
          const stream = framing === 'chunked';
          const params = { status, framing, headers: HEADERS, ...(body === undefined ? {} : { body }) };
          // Beyond ASCII a header could not carry it.
          provider.respondOnce({ scenario: 'error', params: params as never });
          const response = await postMessage(proxy, { body: goodBody({ stream }) });
          const seen = provider.requests.at(-1);
          expect(response.status).to.equal(status);
          expect(response.body.equals(seen?.sentBody ?? Buffer.from('nothing was sent'))).to.equal(true);
          expect(response.headers).to.include(HEADERS);
          const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
          expect(response.headers['content-type']).to.equal(type);
          expect(response.rawHeaders.filter(([name]) => name.toLowerCase() === 'request-id')).to.have.length(1);
        }
      }
    });
  }

  test('a redirect is not followed', async () => {
    const headers = { location: 'http://127.0.0.1:1/elsewhere' };
    const response = await postMessage(proxy, { headers: scenario('error', { status: 307, body: '', headers }) });
    expect(response.status).to.equal(307);
    expect(response.headers['location']).to.equal(headers.location);
  });

  test('an answer without a request-id gets one', async () => {
    provider.respondOnce(({ reply }) => reply.answer(500, { 'content-type': 'text/plain' }, Buffer.from('Oops')));
    const response = await postMessage(proxy);
    expect(response.status).to.equal(500);
    expect(response.text).to.equal('Oops');
    expect(response.headers['request-id']).to.match(/^req_[0-9a-f]{18}/);
  });

  // RFC 9110, 15.2. (An unasked `100 Continue` is another matter: undici takes it for an error.)
  test('103 Early Hints before the answer stay with the proxy', async () => {
    provider.respondOnce(async ({ reply }) => {
      await reply.wire('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
      await reply.answer(529, { 'content-type': 'application/json' }, Buffer.from('{"type":"error"}'));
    });
    const client = await RawClient.connect(proxy);
    const response = await client.roundTrip(messageBytes());
    client.destroy();
    expect(response.status, response.body.toString()).to.equal(529);
    expect(response.headers).not.to.have.property('link');
  });

  test('100 errors on kept connections, good ones among them: each gets its own', async () => {
    const ask = async (i: number) => {
      const headers =
        i % 2 === 0
          ? scenario('error', { status: 429, errorMessage: `no ${i}` })
          : scenario('text', { marker: `r${i}` });
      const response = await postMessage(proxy, { headers });
      expect(response.status).to.equal(i % 2 === 0 ? 429 : 200);
      expect(response.text).to.contain(i % 2 === 0 ? `"no ${i}"` : `msg_r${i}"`);
    };
    await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i)));
  });

  const large = goodBody({ pad: 'x'.repeat(4 * 1024 * 1024) });

  for (const rest of ['drain', 'close'] as const) {
    test(`401 before the body is taken (then ${rest}): 401`, async () => {
      const response = await postMessage(proxy, { headers: scenario('early-401', { rest }), body: large });
      expect(response.status, response.text).to.equal(401);
      expect(response.body.equals(provider.requests[0]?.sentBody ?? Buffer.alloc(0))).to.equal(true);
    });
  }

  test('401 before the body is taken, then reset: 401 or 502, or asked once more, and no hang', async () => {
    provider.respondOnce({
      beforeBody: async ({ reply }) => {
        await reply.head(401, { 'content-type': 'application/json', 'content-length': 2 }, 'length');
        await reply.body('{}');
        reply.reset();
      },
    });
    const response = await postMessage(proxy, { body: large });
    // The reset may drop the answer before it was read: then a kept connection looks as if it had been stale.
    const fits = provider.requests.length > 1 ? [200] : [401, 502];
    expect(response.status, response.text).to.be.oneOf(fits);
  });

  test('after errors of every kind the provider is served as before', async () => {
    for (const status of [500, 529, 429]) await postMessage(proxy, { headers: scenario('error', { status }) });
    expect((await postMessage(proxy)).status).to.equal(200);
    const { providers } = await proxy.status();
    expect(providers.count).to.equal(1);
  });
});
