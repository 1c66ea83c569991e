/** Heads both ways: everything crosses the proxy but framing, hop-by-hop headers and credentials. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import type { HeaderInput, RawHeader } from '../support/http-head';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient, requestBytes } from '../support/raw-client';

const BODY = { model: 'mock-model', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };

/** Claude Code's head, and what may come tomorrow. (The engines cut bytes beyond ASCII from the ends of a value.) */
const CLIENT_HEADERS: HeaderInput = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': '*',
  'Anthropic-Beta': [`${'a-long-beta-name-2025-01-01,'.repeat(60)}last-one`, 'a-second-line-2026-02-02'],
  'anthropic-dangerous-direct-browser-access': 'true',
  'anthropic-version': '2023-06-01',
  'anthropic-of-tomorrow': '  spaces  inside  ',
  'content-type': 'application/json',
  'user-agent': 'claude-cli/2.1.330 (external, cli)',
  'x-app': 'cli',
  'x-claude-code-session-id': '0b6fa1c4-1d0e-4a5e-9f1c-0123456789ab',
  'x-claude-code-agent-id': 'agent-7',
  'x-stainless-retry-count': '0',
  'X-Stainless-Lang': 'js',
  'x-unknown-empty': '',
  'x-unknown-text': 'quotes "\'` {}[]<>|\\^~;=,%41 naïve 東京 end',
  'x-unknown-twice': ['one', 'two'],
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

/** They end at the proxy. */
const HOP_HEADERS: HeaderInput = {
  connection: 'keep-alive, X-Only-For-This-Hop',
  'x-only-for-this-hop': 'secret of the hop',
  'keep-alive': 'timeout=5',
  'proxy-authorization': 'Basic cHJveHk=',
  'proxy-connection': 'keep-alive',
  te: 'trailers',
  trailer: 'x-checksum',
  cookie: 'session=1',
  forwarded: 'for=10.0.0.1',
  via: '1.1 somewhere',
  'x-forwarded-for': '10.0.0.1',
  'x-forwarded-host': 'gateway.example',
  'x-forwarded-proto': 'https',
  'x-real-ip': '10.0.0.1',
};

const ANSWER_HEADERS: HeaderInput = {
  'request-id': 'req_of_the_provider',
  'retry-after': 12,
  'retry-after-ms': 12_345,
  'x-should-retry': 'false',
  'anthropic-ratelimit-unified-status': 'allowed',
  'anthropic-priority-input-tokens-remaining': 0,
  'anthropic-fast-of-tomorrow': 'yes',
  'cache-control': 'no-store',
  'cf-ray': '8c5-FRA',
  'set-cookie': ['a=1; Path=/', 'b=2; Secure'],
  'strict-transport-security': 'max-age=31536000',
  server: 'cloudflare',
  'server-timing': 'x;dur=1.5, y;desc="z"',
  'x-envoy-upstream-service-time': 321,
  'x-empty': '',
  'x-latin1': 'caf\u00e9',
  vary: ['Accept-Encoding', 'Origin'],
};

/** Of the connection, and so everybody's own. */
const FRAMING = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];
/** Added by the proxy; the last one is the engine's mark. */
const ADDED = ['x-ccproxy-provider', 'x-ccproxy-model', 'x-ccproxy-route', 'uwebsockets'];

describe('fidelity: headers', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({
      config: {
        providers: [{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, models: ['mock-model'] }],
        routes: { default: 'mock,mock-model' },
        api_key: 'proxy-key',
      },
    });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());

  /** Sends that head directly and through the proxy; gives what the provider saw. */
  async function seenBy(headers: HeaderInput, target = '/v1/messages?beta=true') {
    const heads: RawHeader[][] = [];
    for (const to of [provider, proxy]) {
      const client = await RawClient.connect(to);
      const own = to === proxy ? { 'x-api-key': 'proxy-key' } : {};
      const answer = await client.roundTrip(utf8Request(target, { ...headers, ...own }));
      client.destroy();
      expect(answer.status, answer.body.toString()).to.equal(200);
      heads.push(lowered((await provider.nextRequest()).rawHeaders));
    }
    const [direct = [], proxied = []] = heads;
    return { direct, proxied };
  }

  it('every header of the client arrives, in order, with its bytes', async () => {
    const { direct, proxied } = await seenBy(CLIENT_HEADERS);
    expect(proxied.filter(isNoFraming)).to.deep.equal(direct.filter(isNoFraming));
    expect(names(proxied)).to.include.members(['host', 'content-length', 'anthropic-beta', 'user-agent']);
  });

  it('hop-by-hop headers, credentials, and what tells of the way here end at the proxy', async () => {
    const { proxied } = await seenBy({ ...CLIENT_HEADERS, ...HOP_HEADERS, authorization: 'Bearer of-the-client' });
    const { direct } = await seenBy(CLIENT_HEADERS);
    expect(proxied.filter(isNoFraming)).to.deep.equal(direct.filter(isNoFraming));
    const ended = Object.keys(HOP_HEADERS).filter((name) => name !== 'connection');
    expect(names(proxied).filter((name) => ended.includes(name))).to.deep.equal([]);
    expect(JSON.stringify(proxied)).to.not.match(/proxy-key|of-the-client|secret of the hop|10\.0\.0\.1/);
  });

  it('the host is the provider, the length the body, each once', async () => {
    const { proxied } = await seenBy(CLIENT_HEADERS);
    const own = proxied.filter(([name]) => ['host', 'content-length', 'transfer-encoding'].includes(name));
    const length = String(Buffer.byteLength(JSON.stringify(BODY)));
    expect(own.toSorted()).to.deep.equal([
      ['content-length', length],
      ['host', `127.0.0.1:${provider.port}`],
    ]);
  });

  it('what this Node cannot decompress is not asked for; everything else is', async () => {
    const { proxied } = await seenBy({ ...CLIENT_HEADERS, 'accept-encoding': 'gzip, deflate, br, zstd' });
    const [, value = ''] = proxied.find(([name]) => name === 'accept-encoding') ?? [];
    expect(value).to.match(/^gzip, deflate, br(, zstd)?$/);
  });

  for (const query of [
    'beta=true',
    'beta=true&x=a%20b+c&y=%E2%82%AC%2f&&empty=&=v&k[]=1&k[a][b]=2&beta=false',
    "q='single'&h=~!$()*,;:@/?-._",
    '?two=questions',
    `long=${'0123456789'.repeat(200)}`,
  ]) {
    it(`the query arrives as it is: ${query.slice(0, 60)}`, async () => {
      const target = `/v1/messages?${query}`;
      const client = await RawClient.connect(proxy);
      const answer = await client.roundTrip(requestBytes('POST', target, { 'x-api-key': 'proxy-key' }, BODY));
      client.destroy();
      expect(answer.status, answer.body.toString()).to.equal(200);
      expect((await provider.nextRequest()).target).to.equal(target);
    });
  }

  /** The answer's headers, directly and through the proxy. */
  async function answersOf(params: object, stream: boolean) {
    const headers = { 'x-mock-scenario': 'text', 'x-mock-params': JSON.stringify(params), 'x-api-key': 'proxy-key' };
    const ask = (url: string) => request({ url: `${url}/v1/messages`, headers, body: { ...BODY, stream } });
    return { direct: await ask(provider.url), proxied: await ask(proxy.url) };
  }

  for (const stream of [false, true]) {
    it(`every header of the answer comes back${stream ? ', streamed' : ''}`, async () => {
      const { direct, proxied } = await answersOf({ headers: ANSWER_HEADERS }, stream);
      const wanted = lowered(direct.rawHeaders).filter(([name]) => !FRAMING.includes(name));
      const got = lowered(proxied.rawHeaders).filter(([name]) => !FRAMING.includes(name) && !ADDED.includes(name));
      // The request's id may stand elsewhere; repeated ones keep their order.
      expect(got.toSorted(byName)).to.deep.equal(wanted.toSorted(byName));
      for (const once of ['date', 'request-id', ...ADDED.slice(0, 3)]) {
        expect(names(lowered(proxied.rawHeaders)).filter((name) => name === once)).to.deep.equal([once]);
      }
    });
  }

  it('headers that belong to the connection to the provider do not come back', async () => {
    const hop = {
      connection: 'x-provider-hop',
      'x-provider-hop': '1',
      'keep-alive': 'timeout=5',
      'proxy-authenticate': 'x',
    };
    const { proxied } = await answersOf({ headers: hop }, false);
    expect(proxied.status).to.equal(200);
    expect(proxied.headers).to.not.have.any.keys('proxy-authenticate', 'keep-alive');
    expect(proxied.headers, 'named by Connection (RFC 9110, 7.6.1)').to.not.have.property('x-provider-hop');
  });

  it('a provider that is a CCProxy too: the decision told is the one made here', async () => {
    const { proxied } = await answersOf(
      { headers: { 'x-ccproxy-provider': 'inner', 'x-ccproxy-route': 'inner' } },
      false,
    );
    expect(proxied.headers['x-ccproxy-provider']).to.equal('mock');
    expect(proxied.headers['x-ccproxy-route']).to.equal('default');
  });
});

/** Header values as UTF-8, which is what clients mean with characters beyond ASCII. */
function utf8Request(target: string, headers: HeaderInput): Buffer {
  return requestBytes('POST', target, latin1Values(headers), BODY);
}

function latin1Values(headers: HeaderInput): HeaderInput {
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'object' ? value.map(bytes) : bytes(String(value)),
    ]),
  );
}

function lowered(headers: readonly RawHeader[]): RawHeader[] {
  return headers.map(([name, value]) => [name.toLowerCase(), value]);
}

function names(headers: readonly RawHeader[]): string[] {
  return headers.map(([name]) => name);
}

function isNoFraming([name]: RawHeader): boolean {
  return !['host', ...FRAMING].includes(name);
}

function byName([a]: RawHeader, [b]: RawHeader): number {
  return a < b ? -1 : Number(a > b);
}
