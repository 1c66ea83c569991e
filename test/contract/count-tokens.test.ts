/** POST /v1/messages/count_tokens: the provider's count where it has the call, an estimate where it does not. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';

const KEY = { 'x-api-key': 'proxy-key' };
const text = (content: string) => ({ messages: [{ role: 'user', content }] });
const TOOL = { name: 'read', description: 'Reads a file', input_schema: { type: 'object', properties: {} } };

/** What is counted, and its real number of tokens, near enough: the estimate may be above, hardly below. */
const ESTIMATES: [string, Record<string, unknown>, number, number][] = [
  ['hello', text('Hello, world'), 3, 40],
  ['prose', text('The quick brown fox jumps over the lazy dog. '.repeat(400)), 4000, 8000],
  ['code', text('  for (let i = 0; i < list.length; i++) { total += list[i]; }\n'.repeat(200)), 4000, 10_000],
  ['Chinese', text('东京是日本的首都和最大的城市。'.repeat(200)), 2000, 7000],
  ['hex', text('9f86d081884c7d659a2feaa0c55ad015'.repeat(100)), 1700, 3500],
  ['a system prompt', { ...text('Hi'), system: [{ type: 'text', text: 'Be brief. '.repeat(500) }] }, 1500, 3500],
  ['a tool', { ...text('Hi'), tools: [TOOL] }, 50, 1000],
  [
    'an image, by its size in tokens and not in base64',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(400_000) } },
            { type: 'text', text: 'What?' },
          ],
        },
      ],
    },
    1000,
    5000,
  ],
];

describe('count_tokens', () => {
  let provider: MockProvider;
  let other: MockProvider;
  let proxy: RunningProxy;
  let sdk: Anthropic;

  before(async () => {
    [provider, other] = await Promise.all([startMockProvider(), startMockProvider()]);
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [
          { name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key', models: ['m'] },
          { name: 'chat', dialect: 'openai', api_base_url: other.url, api_key: 'other-key', models: ['c'] },
        ],
        routes: { default: 'mock,m' },
      },
    });
    sdk = new Anthropic({ apiKey: 'proxy-key', baseURL: proxy.url, maxRetries: 0 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => other?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());

  const count = (body: string | Record<string, unknown>, headers = {}) =>
    request({ url: `${proxy.url}/v1/messages/count_tokens?beta=true`, headers: { ...KEY, ...headers }, body });

  it('passes through, with the query, bytes and headers as they are', async () => {
    const body = '{ "model" : "m", "messages":[], "x":1.0, "x":2 }';
    const answer = await count(body, { 'anthropic-beta': 'token-counting-2024-11-01' });
    const seen = await provider.nextRequest();
    expect(seen.target).to.equal('/v1/messages/count_tokens?beta=true');
    expect(seen.body.toString()).to.equal(body);
    expect(seen.headers).to.include({ 'anthropic-beta': 'token-counting-2024-11-01', 'x-api-key': 'provider-key' });
    expect(answer.status).to.equal(200);
    expect(answer.body.equals(seen.sentBody)).to.equal(true);
    expect(answer.headers).to.include({ 'x-ccproxy-provider': 'mock', 'x-ccproxy-model': 'm' });
    expect(answer.headers['request-id']).to.match(/^req_mock/);
  });

  it('is routed as the message would be', async () => {
    await count({ model: 'something-else', messages: [] });
    expect((await provider.nextRequest()).body.toString()).to.equal('{"model":"m","messages":[]}');
  });

  it('goes its own way between messages that are routed alike', async () => {
    for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/v1/messages']) {
      await request({ url: proxy.url + path, headers: KEY, body: { model: 'm', max_tokens: 1, messages: [] } });
      expect((await provider.nextRequest()).target).to.equal(path);
    }
  });

  it('answers the official SDK', async () => {
    const params: Anthropic.MessageCountTokensParams = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
    expect(await sdk.messages.countTokens(params)).to.deep.include({ input_tokens: 4242 });
    expect(await sdk.beta.messages.countTokens(params)).to.deep.include({ input_tokens: 4242 });
  });

  for (const status of [404, 501]) {
    for (const [name, body, least, most] of ESTIMATES) {
      it(`a provider without the call (${status}): ${name} is estimated`, async () => {
        provider.respond({ scenario: 'error', params: { status } });
        const answer = await count({ model: 'm', max_tokens: 1, ...body });
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.headers['content-type']).to.match(/^application\/json/);
        const { input_tokens, ...rest } = answer.json<{ input_tokens: number }>();
        expect(rest).to.deep.equal({});
        expect(Number.isInteger(input_tokens)).to.equal(true);
        expect(input_tokens).to.be.within(least, most);
        expect(provider.requests).to.have.length(1);
      });
    }
  }

  it('25 at once, as Claude Code does for /context', async () => {
    for (const scenario of ['count_tokens', 'error'] as const) {
      provider.respond({ scenario, params: { status: 404, inputTokens: 77 } });
      const answers = await Promise.all(Array.from({ length: 25 }, () => count({ model: 'm', ...text('Hello') })));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(25).fill(200));
      expect(new Set(answers.map(({ text: body }) => body)).size).to.equal(1);
    }
  });

  for (const status of [400, 401, 403, 405, 413, 429, 500, 503, 529]) {
    it(`another error passes unmodified: ${status}`, async () => {
      provider.respond({ scenario: 'error', params: { status, headers: { 'retry-after': '3' } } });
      const answer = await count({ model: 'm', ...text('Hi') });
      expect(answer.status).to.equal(status);
      expect(answer.headers['retry-after']).to.equal('3');
      expect(answer.body.equals((await provider.nextRequest()).sentBody)).to.equal(true);
    });
  }

  it('nothing leaves for a provider of a dialect that has no such call', async () => {
    const answer = await count({ model: 'chat,c', ...text('Hello, world') });
    expect(answer.status).to.equal(200);
    expect(answer.json()['input_tokens']).to.be.within(3, 40);
    expect(other.requestCount + provider.requests.length).to.equal(0);
  });

  it('an unknown provider is a 404 and no estimate', async () => {
    const answer = await count({ model: 'nobody,x', ...text('Hi') });
    expect([answer.status, answer.text.includes('nobody')]).to.deep.equal([404, true]);
  });

  it('leaves nothing behind', async () => {
    await eventually(async () => {
      const page = await proxy.metrics(KEY);
      expect(proxy.metric(page, 'ccproxy_requests_in_flight')).to.equal(0);
      expect(proxy.metric(page, 'ccproxy_upstream_connections', { state: 'active' })).to.equal(0);
    });
  });
});
