/** Clients and providers that mean no good, where answers are translated. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type Exchange, type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

const HEAD = { 'content-type': 'text/event-stream' };
const event = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const WHOLE =
  event({ choices: [{ index: 0, delta: { content: 'Hi' } }] }) +
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
  event('[DONE]');

describe('translation under attack', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  before(async () => {
    provider = await startMockProvider();
    const providers = [{ name: 'o', dialect: 'openai', api_base_url: provider.url, api_key: 'sk-provider-1' }];
    const performance = { circuit_breaker_enabled: true };
    proxy = await startProxy({ config: { providers, performance, routes: { default: 'o,m' } } });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );
  beforeEach(() => provider.reset());

  const ask = (more: object = {}) =>
    request({
      url: `${proxy.url}/v1/messages`,
      body: { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }], ...more },
    });
  const streams = (text: string) => async (exchange: Exchange) => {
    await exchange.reply.head(200, HEAD);
    await exchange.reply.body(text);
    await exchange.reply.end();
  };

  it('a model name of megabytes is refused', async () => {
    const { status, text } = await ask({ model: `o,${'M'.repeat(2_000_000)}` });
    expect(status).to.equal(400);
    expect(text).to.include('model: String should have at most 1000 characters');
  });

  it('what a provider says is the client’s fault closes it for nobody', async () => {
    provider.respond(streams(event({ error: { code: 400, message: 'maximum context length is 10 tokens' } })));
    for (let i = 0; i < 5; i++) expect((await ask()).status).to.equal(400);
    provider.respond(streams(WHOLE));
    const { status, text } = await ask();
    expect([status, text]).to.satisfy(
      ([code, body]: [number, string]) => code === 200 && body.includes('message_stop'),
    );
  });

  it('thousands of things that are left out make few lines in the log', async () => {
    provider.respond(streams(WHOLE));
    const before = proxy.output().length;
    const content = Array.from({ length: 5000 }, (_, i) => ({ type: `type_${i}`, text: 'x' }));
    const messages = [{ role: 'user', content: [...content, { type: 'text', text: 'Hi' }] }];
    expect((await ask({ messages })).status).to.equal(200);
    const warnings = proxy
      .output()
      .slice(before)
      .split('\n')
      .filter((line) => line.includes('"level":"warn"'));
    expect(warnings.length).to.be.within(1, 10);
  });

  it('a provider that has said everything and does not end keeps nobody waiting', async () => {
    provider.respond(async (exchange) => {
      await exchange.reply.head(200, HEAD);
      await exchange.reply.body(WHOLE);
      await exchange.reply.untilGone();
    });
    const { text } = await ask();
    expect(text).to.match(/message_stop"}\n\n$/);
    // Its connection is given a moment, and then closed.
    await provider.requests[0]?.aborted;
  });

  it('an error body without an end is answered all the same', async () => {
    provider.respond(async (exchange) => {
      await exchange.reply.head(500, { 'content-type': 'text/plain' });
      await exchange.reply.body('x'.repeat(100_000));
      await exchange.reply.untilGone();
    });
    expect((await ask()).status).to.equal(500);
  });
});
