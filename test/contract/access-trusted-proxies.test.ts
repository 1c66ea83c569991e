/** `trusted_proxies`: the client's address is taken from `x-forwarded-for` of these peers, and of no others. */
import { expect } from 'chai';
import { expectApiError, expectPageError, goodBody, mockConfig, survivor } from '../support/aftermath';
import { closeAll } from '../support/close-all';
import type { HeaderInput } from '../support/http-head';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { rawRequest, requestBytes } from '../support/raw-client';

const PAGE_REFUSED = { status: 401, type: 'authentication_error', message: 'Invalid or missing API key' };
const API_REFUSED = { status: 403, type: 'permission_error', message: /^Only local requests are served/ };

/** The chain as the peer (127.0.0.1, trusted as 10.0.0.0/8 is) tells it: who the client is, by right. */
const LOCAL: [string, HeaderInput][] = [
  ['no header', {}],
  ['a loopback client', { 'x-forwarded-for': '127.0.0.1' }],
  ['a loopback client that is no trusted proxy itself', { 'x-forwarded-for': '127.0.0.5' }],
  ['an IPv6 loopback client', { 'x-forwarded-for': '::1' }],
  ['a mapped loopback client', { 'x-forwarded-for': '::ffff:127.0.0.1' }],
  ['a loopback client behind a trusted proxy', { 'x-forwarded-for': '127.0.0.5, 10.1.2.3' }],
  ['white space', { 'x-forwarded-for': '  127.0.0.5  ' }],
];
const REMOTE: [string, HeaderInput][] = [
  ['a remote client', { 'x-forwarded-for': '203.0.113.9' }],
  ['a remote IPv6 client', { 'x-forwarded-for': '2001:db8::9' }],
  ['a mapped remote client', { 'x-forwarded-for': '::ffff:203.0.113.9' }],
  ['a remote client that claims to be loopback', { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }],
  ['the same, told in two headers', { 'x-forwarded-for': ['127.0.0.1', '203.0.113.9'] }],
  ['a remote client behind trusted proxies', { 'x-forwarded-for': '203.0.113.9, 10.1.2.3, 127.0.0.1' }],
  ['one that claims a trusted proxy behind it', { 'x-forwarded-for': '10.1.2.3, 203.0.113.9' }],
  ['a trusted proxy as the client', { 'x-forwarded-for': '10.1.2.3' }],
  ['an empty chain', { 'x-forwarded-for': '' }],
  ['words', { 'x-forwarded-for': 'unknown' }],
  ['words behind an address', { 'x-forwarded-for': '127.0.0.5, unknown' }],
  ['a hidden client', { 'x-forwarded-for': '_hidden, 10.1.2.3' }],
  ['an empty hop', { 'x-forwarded-for': '127.0.0.5,' }],
  ['only commas', { 'x-forwarded-for': ',,' }],
  ['a port', { 'x-forwarded-for': '127.0.0.5:1234' }],
  ['a range', { 'x-forwarded-for': '127.0.0.0/8' }],
  ['a foreign Host beside a loopback client', { 'x-forwarded-for': '127.0.0.1', host: 'evil.example' }],
  ['a foreign Origin beside it', { 'x-forwarded-for': '127.0.0.1', origin: 'http://evil.example' }],
  ['x-real-ip alone', { 'x-real-ip': '127.0.0.1' }],
  ['forwarded alone', { forwarded: 'for=127.0.0.1' }],
  ['cf-connecting-ip alone', { 'cf-connecting-ip': '127.0.0.1' }],
];

describe('access: trusted proxies', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const more = { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'], log: true };
    proxy = await startProxy({ config: mockConfig(provider, more), workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  for (const [title, headers] of LOCAL) {
    test(`${title}: local`, async () => {
      const status = await rawRequest(proxy, requestBytes('GET', '/status', headers));
      expect(status.status, status.body.toString()).to.equal(200);
      const message = await rawRequest(proxy, requestBytes('POST', '/v1/messages', headers, goodBody()));
      expect(message.status, message.body.toString()).to.equal(200);
    });
  }

  for (const [title, headers] of REMOTE) {
    test(`${title}: not local`, async () => {
      expectPageError(await rawRequest(proxy, requestBytes('GET', '/status', headers)), PAGE_REFUSED);
      const message = await rawRequest(proxy, requestBytes('POST', '/v1/messages', headers, goodBody()));
      expectApiError(message, API_REFUSED);
    });
  }

  test('the log has the client that the trusted proxy named', async () => {
    const headers = { 'x-forwarded-for': '1.2.3.4, 203.0.113.77, 10.9.9.9' };
    await rawRequest(proxy, requestBytes('POST', '/v1/messages', headers, goodBody()));
    await proxy.waitForLine(/"client":"203\.0\.113\.77"/);
    expect(proxy.output()).not.to.contain('1.2.3.4');
  });

  test('no chain reaches a provider', async () => {
    await rawRequest(
      proxy,
      requestBytes('POST', '/v1/messages', { 'x-forwarded-for': '127.0.0.5, 10.1.2.3' }, goodBody()),
    );
    expect(provider.requests.at(-1)?.headers).not.to.have.any.keys('x-forwarded-for', 'forwarded', 'via', 'x-real-ip');
  });
});

describe('access: a peer that is not among the trusted proxies', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const more = { trusted_proxies: ['10.0.0.0/8', '2001:db8::/32'], log: true };
    proxy = await startProxy({ config: mockConfig(provider, more), workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  test('is not believed, whoever it says is the client', async () => {
    for (const chain of ['127.0.0.1', '::1', '10.1.2.3', '127.0.0.1, 10.1.2.3']) {
      const headers = { 'x-forwarded-for': chain };
      expectPageError(await rawRequest(proxy, requestBytes('GET', '/status', headers)), PAGE_REFUSED);
      const message = await rawRequest(proxy, requestBytes('POST', '/v1/messages', headers, goodBody()));
      expectApiError(message, API_REFUSED);
    }
    await proxy.waitForLine(/"client":"127\.0\.0\.1"/);
    expect(proxy.output()).not.to.contain('10.1.2.3');
  });
});
