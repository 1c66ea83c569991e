/** Whose key goes where: the provider's to the provider only, the proxy's to nobody, the client's where it is wanted. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import type { HeaderInput } from '../support/http-head';
import { type MockProvider, type MockRequest, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

const PROXY_KEY = 'proxy-key-7c1f';
const OWN = 'sk-ant-oat01-of-the-client';

/** Provider → what its key is. None of these may ever be seen by a client. */
const SECRETS = {
  deepseek: 'sk-deepseek-9a1b2c',
  openrouter: 'sk-or-v1-3d4e5f',
  plain: 'sk-plain-6a7b8c',
  override: 'sk-override-9d0e1f',
  header: 'sk-header-2a3b4c',
  down: 'sk-down-5d6e7f',
};

describe('credentials', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  let keyless: RunningProxy;
  /** Everything that clients were told. */
  let told = '';

  before(async () => {
    provider = await startMockProvider();
    const nobody = await startMockProvider();
    await nobody.close();
    const at = { dialect: 'anthropic', api_base_url: provider.url };
    const passing = { name: 'passing', ...at, api_key: 'passthrough' };
    const providers = [
      { name: 'deepseek', ...at, api_key: SECRETS.deepseek },
      { name: 'openrouter', ...at, api_key: SECRETS.openrouter },
      { name: 'plain', ...at, api_key: SECRETS.plain },
      { name: 'open', ...at },
      passing,
      {
        ...{ name: 'override', ...at, api_key: SECRETS.override },
        headers: { 'User-Agent': 'gateway/1', 'anthropic-beta': 'only-this', 'x-added': 'yes', 'x-title': 'T' },
      },
      { name: 'header', ...at, headers: { 'X-Org-Token': SECRETS.header } },
      { name: 'down', dialect: 'anthropic', api_base_url: nobody.url, api_key: SECRETS.down },
    ];
    const routes = { default: 'plain,m' };
    [proxy, keyless] = await Promise.all([
      startProxy({ config: { api_key: PROXY_KEY, log: true, log_level: 'debug', providers, routes } }),
      startProxy({ config: { providers: [passing], routes: { default: 'passing,m' } } }),
    ]);
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => keyless?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());

  async function ask(to: RunningProxy, name: string, headers: HeaderInput, wanted = 200) {
    const body = { model: `${name},m`, max_tokens: 1, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    const answer = await request({ url: `${to.url}/v1/messages`, headers, body });
    told += JSON.stringify(answer.rawHeaders) + answer.text;
    expect(answer.status, answer.text).to.equal(wanted);
    return answer;
  }

  async function seen(to: RunningProxy, name: string, headers: HeaderInput): Promise<MockRequest> {
    await ask(to, name, headers);
    const got = await provider.nextRequest();
    expect(got.rawHead.toString('latin1') + got.body.toString(), 'to the provider').to.not.include(PROXY_KEY);
    return got;
  }

  function credentials({ rawHeaders }: MockRequest): string[] {
    return rawHeaders
      .filter(([name]) => /^(authorization|x-api-key|x-goog-api-key|cookie|proxy-authorization)$/i.test(name))
      .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
      .toSorted();
  }

  const BEARER = { authorization: `Bearer ${PROXY_KEY}` };
  const API_KEY = { 'x-api-key': PROXY_KEY };
  const BOTH = { ...BEARER, ...API_KEY };

  for (const [how, headers] of [
    ['x-api-key', API_KEY],
    ['Bearer', BEARER],
    ['both headers', BOTH],
    ["its own credential beside the proxy's", { ...API_KEY, authorization: `Bearer ${OWN}`, 'x-goog-api-key': OWN }],
  ] as const) {
    it(`the provider's key takes the place of the client's: ${how}`, async () => {
      expect(credentials(await seen(proxy, 'deepseek', headers))).to.deep.equal([`x-api-key: ${SECRETS.deepseek}`]);
      expect(credentials(await seen(proxy, 'plain', headers))).to.deep.equal([`x-api-key: ${SECRETS.plain}`]);
      const bearer = credentials(await seen(proxy, 'openrouter', headers));
      expect(bearer).to.deep.equal([`authorization: Bearer ${SECRETS.openrouter}`]);
      expect(credentials(await seen(proxy, 'open', headers))).to.deep.equal([]);
    });
  }

  const PASSED: [string, HeaderInput, string[]][] = [
    ['its own Bearer', { ...API_KEY, authorization: `Bearer ${OWN}` }, [`authorization: Bearer ${OWN}`]],
    ['its own x-api-key', { ...BEARER, 'x-api-key': OWN }, [`x-api-key: ${OWN}`]],
    ['none of its own', BOTH, []],
    ["the proxy's key in other spellings", { 'x-api-key': PROXY_KEY, authorization: `bearer   ${PROXY_KEY} ` }, []],
    ["the proxy's key without a scheme", { 'x-api-key': PROXY_KEY, authorization: PROXY_KEY }, []],
    ["the proxy's key after a tab", { 'x-api-key': PROXY_KEY, authorization: `Bearer\t${PROXY_KEY}` }, []],
    ["the proxy's key in another scheme", { 'x-api-key': PROXY_KEY, authorization: `Token ${PROXY_KEY}` }, []],
    ["the proxy's key as a Bearer in x-api-key", { ...BEARER, 'x-api-key': `Bearer ${PROXY_KEY}` }, []],
    ['both kinds twice', { 'x-api-key': [PROXY_KEY, OWN], ...BEARER }, [`x-api-key: ${OWN}`]],
  ];
  for (const [how, headers, wanted] of PASSED) {
    it(`passthrough: ${how}`, async () => {
      expect(credentials(await seen(proxy, 'passing', headers))).to.deep.equal(wanted);
    });
  }

  it("passthrough on a proxy without a key: both of the client's credentials", async () => {
    const got = await seen(keyless, 'passing', { authorization: `Bearer ${OWN}`, 'x-api-key': 'sk-ant-second' });
    expect(credentials(got)).to.deep.equal([`authorization: Bearer ${OWN}`, 'x-api-key: sk-ant-second']);
  });

  it("a provider's headers replace the client's and are added once", async () => {
    const client = { ...API_KEY, 'user-agent': 'mine', 'anthropic-beta': 'mine', 'anthropic-version': '2023-06-01' };
    const got = await seen(proxy, 'override', client);
    const wanted = { 'user-agent': 'gateway/1', 'anthropic-beta': 'only-this', 'x-added': 'yes', 'x-title': 'T' };
    expect(got.headers).to.include({ ...wanted, 'anthropic-version': '2023-06-01', 'x-api-key': SECRETS.override });
    const token = await seen(proxy, 'header', { ...API_KEY, 'x-org-token': 'of the client' });
    expect(token.headers['x-org-token']).to.equal(SECRETS.header);
  });

  it('no wrong key gets in, and none of them is told again', async () => {
    const wrong = 'wrong-key-that-nobody-repeats';
    for (const headers of [
      {},
      { 'x-api-key': wrong },
      { authorization: `Bearer ${wrong}` },
      { 'x-goog-api-key': PROXY_KEY },
    ]) {
      const { text } = await ask(proxy, 'plain', headers, 401);
      expect(text).to.include('authentication_error').and.not.include(wrong);
    }
    expect(provider.requests).to.have.length(0);
  });

  it('no key is in any answer, page, or line of the log', async () => {
    await ask(proxy, 'down', API_KEY, 502);
    provider.respondOnce('garbage');
    await ask(proxy, 'plain', API_KEY, 502);
    provider.respondOnce({ scenario: 'error', params: { status: 401 } });
    await ask(proxy, 'openrouter', API_KEY, 401);
    await ask(proxy, 'unknown', API_KEY, 404);
    for (const path of ['/status', '/metrics', '/health', '/v1/models', '/', '/livez', '/readyz', '/nowhere']) {
      told += (await request({ url: proxy.url + path, headers: API_KEY })).text;
    }
    await proxy.waitForLine(/"provider":"openrouter".*"status":401/);
    const { output } = await proxy.stop();
    expect(output).to.match(/"provider":"down".*"status":502/);
    for (const secret of [...Object.values(SECRETS), PROXY_KEY, OWN]) {
      expect(told, 'told to clients').to.not.include(secret);
      expect(output, 'the log').to.not.include(secret);
    }
  });
});
