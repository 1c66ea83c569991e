/** Without a key only local requests are served: what "local" means (spec/status.md, "Who may read it"). */
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { expectApiError, expectPageError, goodBody, mockConfig, survivor } from '../support/aftermath';
import { closeAll } from '../support/close-all';
import type { HeaderInput } from '../support/http-head';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { type RawResponse, rawRequest, requestBytes } from '../support/raw-client';

const PAGE_REFUSED = { status: 401, type: 'authentication_error', message: 'Invalid or missing API key' };
const API_REFUSED = {
  status: 403,
  type: 'permission_error',
  message: /^Only local requests are served: no API key is configured/,
};

const FORWARDING = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-real-ip',
  'forwarded',
  'via',
  'cf-connecting-ip',
  'true-client-ip',
];

/** A new connection each, so that nobody's header can serve another's request. */
type Send = (bytes: Buffer) => Promise<RawResponse>;

async function expectLocal(send: Send, headers: HeaderInput): Promise<void> {
  for (const path of ['/status', '/metrics', '/v1/models']) {
    expect((await send(requestBytes('GET', path, headers))).status, path).to.equal(200);
  }
  expect((await send(requestBytes('POST', '/v1/messages', headers, goodBody()))).status, '/v1/messages').to.equal(200);
  const health = await send(requestBytes('GET', '/health', headers));
  expect(JSON.parse(health.body.toString())).to.include.all.keys('version', 'performance');
}

async function expectRemote(send: Send, headers: HeaderInput): Promise<void> {
  for (const path of ['/status', '/metrics']) {
    expectPageError(await send(requestBytes('GET', path, headers)), PAGE_REFUSED);
  }
  for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
    expectApiError(await send(requestBytes('POST', path, headers, goodBody())), API_REFUSED);
  }
  for (const path of ['/v1/models', '/v1/models/m1']) {
    expectApiError(await send(requestBytes('GET', path, headers)), API_REFUSED);
  }
  expect((await send(requestBytes('GET', '/health', headers))).body.toString()).to.equal('{"status":"healthy"}');
  for (const path of ['/livez', '/readyz', '/']) {
    expect((await send(requestBytes('GET', path, headers))).status, path).to.equal(200);
  }
}

describe('access: local requests', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));
  const send: Send = (bytes) => rawRequest(proxy, bytes);

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider, { host: '0.0.0.0' }), workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  test('a plain request from loopback is local', () => expectLocal(send, {}));

  for (const name of FORWARDING) {
    test(`${name} makes a request remote, whatever it says`, async () => {
      for (const value of ['127.0.0.1', 'for=127.0.0.1;host=localhost', '203.0.113.9', '1.1 localhost', '']) {
        await expectRemote(send, { [name]: value });
      }
      await expectRemote(send, { [name.toUpperCase()]: '127.0.0.1' });
      await expectRemote(send, { [name]: ['127.0.0.1', '127.0.0.1'] });
    });
  }

  const ownHosts = [
    'localhost',
    'LOCALHOST',
    'localhost:1',
    '127.0.0.1',
    '127.0.0.1:80',
    '127.9.9.9',
    '[::1]',
    '[::1]:3456',
  ];
  for (const host of [...ownHosts, '[::ffff:127.0.0.1]']) {
    test(`Host ${host} names this machine`, () => expectLocal(send, { host }));
  }

  const foreignNames = [
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'xlocalhost',
  ];
  const foreignAddresses = [
    '10.0.0.1',
    '[2001:db8::1]',
    '[::2]:80',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '[::ffff:10.0.0.1]',
  ];
  for (const host of [...foreignNames, ...foreignAddresses, 'evil@localhost', 'localhost, evil.example', '']) {
    test(`Host ${JSON.stringify(host)} does not (DNS rebinding)`, () => expectRemote(send, { host }));
  }

  const foreignOrigins = [
    'http://evil.example',
    'https://localhost.evil.example',
    'http://localhost:1',
    'http://127.0.0.1:8080',
  ];
  for (const origin of [
    ...foreignOrigins,
    'null',
    'file://',
    'localhost:8080',
    'http://localhost:8080.evil.example',
    '',
  ]) {
    test(`Origin ${JSON.stringify(origin)} is foreign`, () => expectRemote(send, { host: 'localhost:8080', origin }));
  }

  test("a page's own Origin is local", async () => {
    for (const origin of ['http://localhost:8080', 'https://localhost:8080', 'HTTP://LOCALHOST:8080']) {
      await expectLocal(send, { host: 'localhost:8080', origin });
    }
  });

  test('sec-fetch-site: cross-site and same-site are foreign, same-origin and none are not', async () => {
    for (const site of ['cross-site', 'same-site', 'Cross-Site', 'nonsense']) {
      await expectRemote(send, { 'sec-fetch-site': site });
    }
    for (const site of ['same-origin', 'none']) await expectLocal(send, { 'sec-fetch-site': site });
  });

  test('any key is worth nothing where none is configured', async () => {
    for (const key of ['undefined', 'null', 'x']) {
      await expectRemote(send, { host: 'evil.example', 'x-api-key': key });
      await expectRemote(send, { host: 'evil.example', authorization: `Bearer ${key}` });
    }
  });

  for (const family of ['IPv4', 'IPv6'] as const) {
    // A machine in a closed network may have none.
    const host = otherAddress(family);
    if (host === undefined) continue;
    test(`from another ${family} address of this machine: remote, and no header changes that`, async () => {
      // The IPv4 one reaches 0.0.0.0; for IPv6 a proxy of its own listens on all addresses.
      const own = family === 'IPv4' ? null : await startOnAll(provider);
      try {
        const sendThere: Send = (bytes) => rawRequest({ host, port: (own ?? proxy).port }, bytes);
        await expectRemote(sendThere, {});
        for (const spoofed of [{ host: '127.0.0.1' }, { 'x-forwarded-for': '127.0.0.1' }, { 'x-real-ip': '::1' }]) {
          await expectRemote(sendThere, spoofed);
        }
        await expectRemote(sendThere, { host: host.includes(':') ? `[${host}]` : host });
        if (own === null) return;
        for (const loopback of ['::1', '127.0.0.1']) {
          await expectLocal((bytes) => rawRequest({ host: loopback, port: own.port }, bytes), {});
        }
      } finally {
        await own?.stop();
      }
    });
  }
});

function startOnAll(provider: MockProvider): Promise<RunningProxy> {
  return startProxy({ config: mockConfig(provider, { host: '::' }), workers: 1 });
}

function otherAddress(wanted: 'IPv4' | 'IPv6'): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family, address }) => !internal && family === wanted && !address.startsWith('fe80'))?.address;
}
