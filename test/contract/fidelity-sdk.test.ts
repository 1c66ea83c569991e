/** The official SDK through two workers: what it gets, and what the provider gets, is as without the proxy. */
import { randomBytes } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { words } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { type MockProvider, type MockRequest, type ScenarioName, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { deadline } from '../support/wait';

type Params = Anthropic.MessageCreateParamsNonStreaming;

const PLAIN: Params = { model: 'mock-model', max_tokens: 500, messages: [{ role: 'user', content: 'Grüße, 東京 🙂' }] };

const TOOLS: Anthropic.Tool[] = Array.from({ length: 12 }, (_, i) => ({
  name: `tool_${i}`,
  description: `Does “${i}” — ${words(i, 20).join('')}`,
  input_schema: { type: 'object', properties: { path: { type: 'string', description: '\\ud83d "quoted"\n' } } },
}));

/** A turn in which the client sends back what it got before: thinking with its signature, calls, results, an error. */
const TOOL_TURN: Anthropic.MessageParam[] = [
  { role: 'user', content: [{ type: 'text', text: 'Look', cache_control: { type: 'ephemeral' } }] },
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm, naïve\u2028…', signature: randomBytes(300).toString('base64') },
      { type: 'tool_use', id: 'toolu_1', name: 'tool_0', input: { path: '/ü/🙂', deep: [[{}], null, 1e21, -0.5] } },
      { type: 'tool_use', id: 'toolu_2', name: 'tool_1', input: {} },
    ],
  },
  {
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 'toolu_1', content: 'done\u0000\u001b[31m' },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_2',
        is_error: true,
        content: [{ type: 'text', text: 'no such file' }],
      },
    ],
  },
];

const IMAGE: Anthropic.ImageBlockParam = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: randomBytes(200_000).toString('base64') },
};

function longHistory(): Anthropic.MessageParam[] {
  const turns = Array.from({ length: 100 }, (_, i) => ({
    role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: words(i, 1200).join(''),
  }));
  return [...turns, { role: 'user', content: 'And now?' }];
}

/** What the SDK's types do not know, and Claude Code sends. */
function unknownToTypes(params: object): Params {
  return { ...PLAIN, ...params } as Params; // The point of it.
}

const CASES: [string, ScenarioName, Params][] = [
  ['plain text', 'text', PLAIN],
  ['parallel tool calls, deltas cut inside characters', 'tools', { ...PLAIN, tools: TOOLS }],
  ['a tool turn with thinking sent back', 'tools', { ...PLAIN, tools: TOOLS, messages: TOOL_TURN }],
  ['thinking with its signature', 'thinking', { ...PLAIN, thinking: { type: 'enabled', budget_tokens: 1024 } }],
  ['an image', 'text', { ...PLAIN, messages: [{ role: 'user', content: [IMAGE, { type: 'text', text: 'What?' }] }] }],
  ['1 MB of history', 'text', { ...PLAIN, messages: longHistory() }],
  ['an answer of 1 MB', 'large', PLAIN],
  ['a gzip answer', 'gzip', PLAIN],
  ['a br answer', 'br', PLAIN],
  [
    'role system inside messages and fields of tomorrow',
    'text',
    unknownToTypes({
      messages: [...PLAIN.messages, { role: 'system', content: [{ type: 'text', text: 'Be brief' }] }, ...TOOL_TURN],
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
      output_config: { effort: 'high' },
      metadata: { user_id: '{"device":"a","session":"b"}' },
      safeguards: null,
    }),
  ],
];

describe('fidelity: the official SDK', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  let direct: Anthropic;
  let proxied: Anthropic;

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        log: true,
        providers: [{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key' }],
        routes: { default: 'mock,mock-model' },
      },
    });
    direct = new Anthropic({ apiKey: 'provider-key', baseURL: provider.url, maxRetries: 0 });
    proxied = new Anthropic({ apiKey: 'proxy-key', baseURL: proxy.url, maxRetries: 0 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());

  const headersFor = (scenario: ScenarioName) => ({
    'x-mock-scenario': scenario,
    'x-mock-params': JSON.stringify({ marker: 'same', headers: { 'request-id': 'req_same' } }),
  });

  async function both<T>(call: (client: Anthropic) => Promise<T>): Promise<[direct: T, proxied: T]> {
    return [await call(direct), await call(proxied)];
  }

  async function sameRequests(): Promise<void> {
    const [first, second] = await provider.waitForRequests(2);
    expect(second?.target).to.equal(first?.target);
    expect(await second?.received.then((body) => body.equals(bodyOf(first)))).to.equal(true);
    expect(second?.sentBody.equals(first?.sentBody ?? Buffer.alloc(0))).to.equal(true);
  }

  for (const [name, scenario, params] of CASES) {
    it(`${name}: as a whole`, async () => {
      const [a, b] = await both((client) => client.messages.create(params, { headers: headersFor(scenario) }));
      expect(b).to.deep.equal(a);
      expect(b).to.have.property('_request_id', 'req_same');
      await sameRequests();
    });

    it(`${name}: streamed`, async () => {
      const [a, b] = await both(async (client) => {
        const stream = await client.messages.create({ ...params, stream: true }, { headers: headersFor(scenario) });
        const events: Anthropic.RawMessageStreamEvent[] = [];
        for await (const event of stream) events.push(event);
        return events;
      });
      expect(a.at(-1)?.type).to.equal('message_stop');
      expect(b).to.deep.equal(a);
      await sameRequests();
    });

    it(`${name}: the message that the SDK puts together`, async () => {
      const [a, b] = await both((client) =>
        client.messages.stream(params, { headers: headersFor(scenario) }).finalMessage(),
      );
      expect(b).to.deep.equal(a);
    });
  }

  it('the beta API: a query, and betas', async () => {
    const beta: Anthropic.Beta.MessageCreateParamsNonStreaming = { ...PLAIN, betas: ['one-2025-01-01', 'two-x'] };
    const options = { headers: headersFor('text'), query: { beta: 'true', deep: { list: ['ü', '&'] } } };
    const [a, b] = await both((client) => client.beta.messages.create(beta, options));
    expect(b).to.deep.equal(a);
    await sameRequests();
    const [first, second] = provider.requests;
    expect(second?.query).to.include('beta=true');
    expect(second?.headers['anthropic-beta']).to.include('one-2025-01-01').and.equal(first?.headers['anthropic-beta']);
  });

  for (const status of [400, 429, 529]) {
    it(`an error of the provider: ${status}`, async () => {
      const params = { status, marker: 'same', headers: { 'request-id': 'req_same', 'retry-after': '7' } };
      provider.respond({
        choose: () => ({ scenario: 'error', params: { ...params, body: { type: 'error', error: { type: 'x' } } } }),
      });
      const [a, b] = await both((client) => client.messages.create(PLAIN).catch((error: unknown) => error));
      if (!(a instanceof Anthropic.APIError) || !(b instanceof Anthropic.APIError)) throw new Error('no API error');
      expect([b.status, b.message, b.requestID, b.error]).to.deep.equal([a.status, a.message, a.requestID, a.error]);
      expect(b.headers?.get('retry-after')).to.equal('7');
    });
  }

  it('abort in mid-stream: the provider sees it at once', async () => {
    const options = { headers: { 'x-mock-scenario': 'endless' } };
    const stream = await proxied.messages.create({ ...PLAIN, stream: true }, options);
    let seen = 0;
    for await (const _ of stream) if (++seen === 5) break; // Leaving the loop aborts the request.
    const [request] = await provider.waitForRequests(1);
    await deadline(request?.aborted, 2000, 'the end of the request at the provider');
    expect(request?.isAborted).to.equal(true);
  });

  it('100 requests at a time, three times over, on kept connections', async () => {
    const before = provider.connectionCount;
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const headers = { 'x-mock-marker': `round${round}-${i}` };
          const stream = i % 2 === 0;
          const message = stream
            ? await proxied.messages.stream(PLAIN, { headers }).finalMessage()
            : await proxied.messages.create(PLAIN, { headers });
          return message.id;
        }),
      );
      expect(answers).to.deep.equal(Array.from({ length: 100 }, (_, i) => `msg_round${round}-${i}`));
    }
    // Each worker keeps what it opened: no more than it ever had under way at once.
    expect(provider.connectionCount - before).to.be.at.most(200);
  });

  it("the provider's request id is the answer's and the access log's", async () => {
    const { data, request_id } = await proxied.messages.create(PLAIN).withResponse();
    expect(request_id).to.match(/^req_mock\d+$/);
    expect(data).to.have.property('_request_id', request_id);
    const line = await proxy.waitForLine(new RegExp(`.*"id":"${request_id}".*`));
    expect(JSON.parse(line[0])).to.include({
      ...{ provider: 'mock', model: 'mock-model', route: 'default', status: 200, path: '/v1/messages' },
      ...{ input_tokens: 25, output_tokens: 42, failure: '' },
    });
  });
});

function bodyOf(request: MockRequest | undefined): Buffer {
  if (request === undefined || request.body.length === 0) throw new Error('no body');
  return request.body;
}
