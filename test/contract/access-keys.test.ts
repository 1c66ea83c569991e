/** With a key configured: who may use the API (spec/gateway.md, "Endpoints"), and how a key may be sent (spec/status.md). */
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import {
  expectApiError,
  expectPageError,
  goodBody,
  mockConfig,
  PROVIDER_KEY,
  refusedOn,
  survivor,
} from '../support/aftermath';
import { closeAll } from '../support/close-all';
import type { HeaderInput } from '../support/http-head';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { halfRequest, type RawResponse, rawRequest, requestBytes } from '../support/raw-client';

const KEY = 'ccp-Key-0123456789';
const REFUSED = { status: 401, type: 'authentication_error', message: 'Invalid or missing API key' };
const basic = `Basic ${Buffer.from(`user:${KEY}`).toString('base64')}`;

const BAD_CREDENTIALS: [string, HeaderInput][] = [
  ['no key', {}],
  ['an empty x-api-key', { 'x-api-key': '' }],
  ['a wrong key', { 'x-api-key': 'ccp-Key-9876543210' }],
  ['the key without its last character', { 'x-api-key': KEY.slice(0, -1) }],
  ['the key with one character more', { 'x-api-key': `${KEY}0` }],
  ['the key in other case', { 'x-api-key': KEY.toUpperCase() }],
  ["the provider's key", { 'x-api-key': PROVIDER_KEY }],
  ['a wrong Bearer key', { authorization: 'Bearer ccp-Key-9876543210' }],
  ['Bearer without a key', { authorization: 'Bearer' }],
  ['Bearer and a space', { authorization: 'Bearer ' }],
  ['the key and more behind Bearer', { authorization: `Bearer ${KEY} ${KEY}` }],
  ['the key without a scheme', { authorization: KEY }],
  ['another scheme', { authorization: `Token ${KEY}` }],
  ['Basic', { authorization: basic }],
  ['Bearer in x-api-key', { 'x-api-key': `Bearer ${KEY}` }],
  ['x-goog-api-key', { 'x-goog-api-key': KEY }],
  ['api-key', { 'api-key': KEY }],
  ['proxy-authorization', { 'proxy-authorization': `Bearer ${KEY}` }],
  ['a cookie', { cookie: `x-api-key=${KEY}; key=${KEY}` }],
  ['both headers, both wrong', { 'x-api-key': 'no', authorization: 'Bearer nor this' }],
];

const GOOD_CREDENTIALS: [string, HeaderInput][] = [
  ['x-api-key', { 'x-api-key': KEY }],
  ['X-API-KEY', { 'X-API-KEY': KEY }],
  ['Bearer', { authorization: `Bearer ${KEY}` }],
  ['bearer', { authorization: `bearer ${KEY}` }],
  ['BEARER and several spaces', { Authorization: `BEARER   ${KEY}` }],
  ['x-api-key beside a wrong Bearer', { 'x-api-key': KEY, authorization: 'Bearer sk-of-somebody' }],
  ['Bearer beside a wrong x-api-key', { 'x-api-key': 'sk-of-somebody', authorization: `Bearer ${KEY}` }],
  ['Bearer behind a wrong x-api-key', { authorization: `Bearer ${KEY}`, 'x-api-key': 'sk-of-somebody' }],
  ['x-api-key beside Basic', { authorization: basic, 'x-api-key': KEY }],
];

/** Calls of the API, as functions of the credentials that they carry. */
const API: [string, (headers: HeaderInput) => Buffer][] = [
  ['POST /v1/messages', (headers) => requestBytes('POST', '/v1/messages', headers, goodBody())],
  [
    'POST /v1/messages/count_tokens',
    (headers) => requestBytes('POST', '/v1/messages/count_tokens', headers, goodBody()),
  ],
  ['GET /v1/models', (headers) => requestBytes('GET', '/v1/models', headers)],
  ['GET /v1/models/m1', (headers) => requestBytes('GET', '/v1/models/m1', headers)],
];

/** Not local, whatever else: a page needs the key then. */
const REMOTE = { 'x-forwarded-for': '203.0.113.9' };

describe('access: keys', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy, key: KEY }));

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider, { api_key: KEY, host: '0.0.0.0' }), workers: 1 });
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  for (const [title, headers] of BAD_CREDENTIALS) {
    test(`${title}: 401 on the API, from this machine too; and on the pages, from elsewhere`, async () => {
      for (const [, bytes] of API) expectApiError(await refusedOn(proxy, bytes(headers)), REFUSED);
      for (const path of ['/status', '/metrics']) {
        expectPageError(await refusedOn(proxy, requestBytes('GET', path, { ...REMOTE, ...headers })), REFUSED);
      }
      expect(provider.requests).to.be.empty;
    });
  }

  for (const [title, headers] of GOOD_CREDENTIALS) {
    test(`${title}: allowed`, async () => {
      for (const [call, bytes] of API) expect((await refusedOn(proxy, bytes(headers))).status, call).to.equal(200);
      for (const path of ['/status', '/metrics']) {
        const response = await refusedOn(proxy, requestBytes('GET', path, { ...REMOTE, ...headers }));
        expect(response.status, path).to.equal(200);
      }
      expect(provider.requests).to.have.length(2);
      for (const { headers: sent, rawHead } of provider.requests) {
        expect(sent['x-api-key']).to.equal(PROVIDER_KEY);
        expect(sent['authorization']).to.equal(undefined);
        expect(rawHead.toString('latin1'), "the proxy's key at the provider").not.to.contain(KEY);
      }
    });
  }

  test('a key in the query: 401', async () => {
    for (const name of ['key', 'api_key', 'x-api-key']) {
      const bytes = requestBytes('POST', `/v1/messages?${name}=${KEY}`, {}, goodBody());
      expectApiError(await refusedOn(proxy, bytes), REFUSED);
    }
  });

  test('401 comes before the body is sent, and before it is looked at', async () => {
    const client = await halfRequest(proxy, requestBytes('POST', '/v1/messages', { 'content-length': 100_000 }));
    expectApiError(await client.readResponse({ timeoutMs: 3000 }), REFUSED);
    client.destroy();
    expectApiError(await refusedOn(proxy, requestBytes('POST', '/v1/messages', {}, 'no JSON')), REFUSED);
  });

  test('the pages are open to this machine without the key', async () => {
    for (const path of ['/status', '/metrics', '/health']) {
      expect((await refusedOn(proxy, requestBytes('GET', path))).status, path).to.equal(200);
    }
  });

  test('/health tells a remote reader its state alone, and one with the key everything', async () => {
    const without = await refusedOn(proxy, requestBytes('GET', '/health', REMOTE));
    expect(without.status).to.equal(200);
    expect(without.body.toString()).to.equal('{"status":"healthy"}');
    const withKey = await refusedOn(proxy, requestBytes('GET', '/health', { ...REMOTE, 'x-api-key': KEY }));
    const members = ['status', 'timestamp', 'uptime', 'version', 'config', 'performance'];
    expect(Object.keys(JSON.parse(withKey.body.toString()))).to.deep.equal(members);
    expect(withKey.body.toString()).not.to.contain(KEY).and.not.to.contain(PROVIDER_KEY);
  });

  const host = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  // A machine in a closed network may have no other address.
  if (host !== undefined) {
    test('from another address of this machine: nothing without the key, everything with it', async () => {
      const send = (bytes: Buffer): Promise<RawResponse> => rawRequest({ host, port: proxy.port }, bytes);
      for (const spoofed of [
        {},
        { host: '127.0.0.1' },
        { 'x-forwarded-for': '127.0.0.1' },
        { forwarded: 'for=127.0.0.1' },
      ]) {
        expectPageError(await send(requestBytes('GET', '/status', spoofed)), REFUSED);
        for (const [, bytes] of API) expectApiError(await send(bytes(spoofed)), REFUSED);
      }
      const key = { 'x-api-key': KEY, host: 'ccproxy.example' };
      expect((await send(requestBytes('GET', '/status', key))).status).to.equal(200);
      for (const [call, bytes] of API) expect((await send(bytes(key))).status, call).to.equal(200);
    });
  }

  test('no key is in the log', async () => {
    expect(proxy.output()).not.to.contain(KEY).and.not.to.contain(PROVIDER_KEY);
  });
});
