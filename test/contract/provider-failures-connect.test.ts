/** Providers that cannot be reached (502), and requests that go to none: unknown names (404), other dialects (501). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { expectApiError, goodBody, mockConfig, postMessage, providerAt, survivor } from '../support/aftermath';
import { type Certificates, createCertificates } from '../support/certs';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

/** Provider, reason in the metrics, and what the client is told before the provider's name. */
const UNREACHABLE: [string, string, string][] = [
  ['refused', 'refused', 'The provider refused the connection'],
  ['dns', 'dns', "The provider's host name cannot be resolved"],
  ['self-signed', 'tls', 'TLS to the provider failed'],
  ['wrong-name', 'tls', 'TLS to the provider failed'],
  ['no-tls', 'tls', 'TLS to the provider failed'],
  ['mute', 'connect_timeout', 'Connecting to the provider took too long'],
];

describe('provider failures: no connection', () => {
  let plain: MockProvider;
  let trusted: MockProvider;
  let untrusted: MockProvider;
  let elsewhere: MockProvider;
  /** Never answers; answers TLS with plain HTTP. */
  let mute: Server;
  let noTls: Server;
  const authorities: Certificates[] = [];
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    const [own, foreign] = await Promise.all([createCertificates(), createCertificates()]);
    authorities.push(own, foreign);
    plain = await startMockProvider();
    trusted = await startMockProvider({ tls: own });
    untrusted = await startMockProvider({ tls: foreign });
    elsewhere = await startMockProvider({ tls: own, host: '127.0.0.2' }); // Not in the certificate.
    const closed = await startMockProvider();
    await closed.close();
    mute = createServer((socket) => socket.on('error', () => {}).resume());
    noTls = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    const providers = [
      providerAt('mock', plain.url),
      providerAt('tls', trusted.url.replace('127.0.0.1', 'localhost')),
      providerAt('refused', closed.url),
      providerAt('dns', 'http://name.invalid'),
      providerAt('self-signed', untrusted.url),
      providerAt('wrong-name', elsewhere.url),
      providerAt('no-tls', await listening(noTls)),
      providerAt('mute', await listening(mute), { timeouts: { connect: '200ms' } }),
      providerAt('off', plain.url, { enabled: false }),
      { ...providerAt('chat', plain.url), dialect: 'openai' },
      { ...providerAt('google', plain.url), dialect: 'gemini' },
    ];
    const env = { NODE_EXTRA_CA_CERTS: own.caFile };
    proxy = await startProxy({ config: mockConfig(plain, { providers }), workers: 1, env });
  });
  beforeEach(() => plain.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => mute?.close(),
      () => noTls?.close(),
      () => Promise.all([plain, trusted, untrusted, elsewhere].map((provider) => provider?.close())),
      () => Promise.all(authorities.map((authority) => authority.remove())),
    ),
  );

  const errorsOf = async (provider: string, reason: string) =>
    proxy.metric(await proxy.metrics(), 'ccproxy_upstream_errors_total', { provider, reason });

  for (const [name, reason, words] of UNREACHABLE) {
    test(`${name}: 502, streaming or not`, async () => {
      for (const stream of [false, true]) {
        const before = await errorsOf(name, reason);
        const response = await postMessage(proxy, { body: goodBody({ model: `${name},m1`, stream }) });
        const message = new RegExp(`^${words}.* \\(provider "${name}"\\)$`);
        expectApiError(response, { status: 502, type: 'api_error', message });
        expect(response.headers).to.include({ 'x-ccproxy-provider': name, 'x-ccproxy-model': 'm1' });
        expect(await errorsOf(name, reason)).to.equal(before + 1);
      }
    });
  }

  test('count_tokens of one that cannot be reached: 502 too', async () => {
    const url = `${proxy.url}/v1/messages/count_tokens`;
    const response = await postMessage(proxy, { url, body: goodBody({ model: 'refused,m1' }) });
    expectApiError(response, { status: 502, type: 'api_error', message: /refused/ });
  });

  test('a provider whose certificate is good is served: verification is not just always failing', async () => {
    const response = await postMessage(proxy, { body: goodBody({ model: 'tls,m1' }) });
    expect(response.status, response.text).to.equal(200);
    expect(untrusted.requests).to.be.empty;
    expect(elsewhere.requests).to.be.empty;
  });

  test('30 refused at once: 30 times 502', async () => {
    const all = Array.from({ length: 30 }, () => postMessage(proxy, { body: goodBody({ model: 'refused,m1' }) }));
    expect((await Promise.all(all)).map(({ status }) => status)).to.deep.equal(all.map(() => 502));
  });

  for (const [model, message] of [
    ['nowhere,m1', 'Unknown provider "nowhere"'],
    [',m1', 'Unknown provider ""'],
    ['mock,m9', 'Unknown model "m9" of provider "mock"'],
    ['mock/m9', 'Unknown model "m9" of provider "mock"'],
    ['mock,', 'Unknown model "" of provider "mock"'],
    ['off,m1', 'Provider "off" is disabled'],
    [`${'n'.repeat(500)},m1`, `Unknown provider "${'n'.repeat(100)}…"`],
  ] as const) {
    test(`model ${model.slice(0, 20)}: 404 that names what is unknown`, async () => {
      const response = await postMessage(proxy, { body: goodBody({ model }) });
      expectApiError(response, { status: 404, type: 'not_found_error', message });
      expect(plain.requests).to.be.empty;
    });
  }

  for (const [name, dialect, path] of [
    ['chat', 'openai', '/v1/chat/completions'],
    ['google', 'gemini', '/v1beta/models/m1:generateContent'],
  ]) {
    test(`a provider of the ${dialect} dialect is asked in it, and count_tokens is estimated`, async () => {
      const body = goodBody({ model: `${name},m1` });
      await postMessage(proxy, { body });
      expect(plain.requests.map((request) => request.path)).to.deep.equal([path]);
      const count = await postMessage(proxy, { url: `${proxy.url}/v1/messages/count_tokens`, body });
      expect(count.status).to.equal(200);
      expect(count.json()).to.have.all.keys('input_tokens').and.property('input_tokens').above(0);
      expect(plain.requests, 'nothing leaves to be counted').to.have.length(1);
    });
  }
});

/** Its address, as of a provider with TLS. */
async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens on TCP.
}
