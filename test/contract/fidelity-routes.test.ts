/** The routing rules from end to end: which provider is asked for which model, and what the answer says of it. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
const SEARCH = {
  tools: [
    { name: 'plain', input_schema: {} },
    { type: 'web_search_20250305', name: 'web_search' },
  ],
};
const user = (...content: unknown[]) => ({ role: 'user', content });
const TEXT = { type: 'text', text: 'Hi' };
const PICTURE = { messages: [user(TEXT, IMAGE)] };
/** About 80,000 and 40,000 tokens, on either side of the threshold by any count. */
const LONG = { messages: [user({ type: 'text', text: 'lorem ipsum dolor '.repeat(27_000) })] };
const NOT_SO_LONG = { messages: [user({ type: 'text', text: 'lorem ipsum dolor '.repeat(9000) })] };
const THINK = { thinking: { type: 'enabled', budget_tokens: 1024 } };
const EVERYTHING = { ...SEARCH, ...THINK, messages: [user(LONG.messages[0]?.content[0], IMAGE)] };

/** What is asked; provider, model and route of the answer. */
type Row = [rule: string, body: Record<string, unknown>, wanted: string];

const ROWS: Row[] = [
  ['1 provider,model', { model: 'beta,b-one' }, 'beta b-one direct'],
  ['1 provider, model with a space', { model: 'beta, b-one' }, 'beta b-one direct'],
  ['1 provider/model', { model: 'beta/b-one' }, 'beta b-one direct'],
  ['1 provider/model with slashes in it', { model: 'alpha/org/model-x' }, 'alpha org/model-x direct'],
  ['1 a slash without such a provider', { model: 'org/model-x' }, 'alpha org/model-x default'],
  ['1 comes before all others', { model: 'alpha,a-haiku', ...EVERYTHING }, 'alpha a-haiku direct'],
  ['2 the name of a route', { model: 'my-route' }, 'beta b-mine my-route'],
  ['2 the name of a rule', { model: 'think' }, 'beta b-think think'],
  ['2 comes before the rules', { model: 'my-route', ...EVERYTHING }, 'beta b-mine my-route'],
  ['2 a name of JavaScript', { model: 'constructor' }, 'alpha a-default default'],
  ['3 webSearch', { model: 'x', ...SEARCH }, 'beta b-search webSearch'],
  ['3 comes before 4 to 7', { model: 'x-haiku', ...EVERYTHING }, 'beta b-search webSearch'],
  ['3 not for a tool of that name', { model: 'x', tools: [{ name: 'web_search_x' }] }, 'alpha a-default default'],
  ['4 image', { model: 'x', ...PICTURE }, 'beta b-image image'],
  [
    '4 image in a tool result',
    { model: 'x', messages: [user({ type: 'tool_result', content: [IMAGE] })] },
    'beta b-image image',
  ],
  ['4 comes before 5 to 7', { model: 'x-haiku', ...EVERYTHING, tools: [] }, 'beta b-image image'],
  ['4 not in an earlier turn', { model: 'x', messages: [user(IMAGE), user(TEXT)] }, 'alpha a-default default'],
  ['5 longContext', { model: 'x', ...LONG }, 'beta b-long longContext'],
  ['5 comes before 6 and 7', { model: 'x-haiku', ...LONG, ...THINK }, 'beta b-long longContext'],
  ['5 not below the threshold', { model: 'x', ...NOT_SO_LONG }, 'alpha a-default default'],
  ['6 background', { model: 'claude-haiku-4-5' }, 'beta b-small background'],
  ['6 comes before 7', { model: 'claude-3-5-haiku-latest', ...THINK }, 'beta b-small background'],
  ['7 think: true', { model: 'x', thinking: true }, 'beta b-think think'],
  ['7 think: enabled', { model: 'x', ...THINK }, 'beta b-think think'],
  ['7 think: adaptive', { model: 'x', thinking: { type: 'adaptive', display: 'x' } }, 'beta b-think think'],
  ['7 not when disabled', { model: 'x', thinking: { type: 'disabled' } }, 'alpha a-default default'],
  ['7 not when false', { model: 'x', thinking: false }, 'alpha a-default default'],
  ['8 default', { model: 'claude-unheard-of' }, 'alpha a-default default'],
  ["8 a model of the default provider's is kept", { model: 'a-listed' }, 'alpha a-listed default'],
  ["8 another provider's model is not", { model: 'b-one' }, 'alpha a-default default'],
];

const REFUSED: [model: string, named: string][] = [
  ['nobody,model-x', 'nobody'],
  ['beta,unheard-of', 'unheard-of'],
  ['beta/unheard-of', 'unheard-of'],
  ['beta,', 'beta'],
  [',b-one', 'provider'],
  ['off,o-one', 'off'],
];

describe('routes', () => {
  let alpha: MockProvider;
  let beta: MockProvider;
  let proxy: RunningProxy;
  let bare: RunningProxy;

  before(async () => {
    [alpha, beta] = await Promise.all([startMockProvider(), startMockProvider()]);
    const providers = [
      {
        name: 'alpha',
        dialect: 'anthropic',
        api_base_url: `${alpha.url}/v1/`,
        models: ['a-listed', 'org/model-x', 'a-haiku'],
      },
      { name: 'beta', dialect: 'anthropic', api_base_url: `${beta.url}/v1/messages`, models: ['b-one'] },
      { name: 'off', dialect: 'anthropic', api_base_url: beta.url, enabled: false },
    ];
    const routes = {
      default: 'alpha,a-default',
      webSearch: 'beta,b-search',
      image: { provider: 'beta', model: 'b-image', parameters: { max_tokens: 77 } },
      longContext: 'beta,b-long',
      background: 'beta,b-small',
      think: 'beta,b-think',
      'my-route': { provider: 'beta', model: 'b-mine', parameters: { temperature: 0 } },
    };
    [proxy, bare] = await Promise.all([
      startProxy({ config: { log: true, log_level: 'debug', providers, routes } }),
      startProxy({ config: { providers, routes: { default: 'alpha,a-default' } } }),
    ]);
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => bare?.stop(),
      () => alpha?.close(),
      () => beta?.close(),
      () => expect([...alpha.failures, ...beta.failures]).to.deep.equal([]),
    ),
  );
  beforeEach(() => {
    alpha.reset();
    beta.reset();
  });

  const ask = (to: RunningProxy, body: Record<string, unknown>) =>
    request({ url: `${to.url}/v1/messages`, body: { max_tokens: 9, messages: [user(TEXT)], ...body } });

  async function decision(to: RunningProxy, body: Record<string, unknown>): Promise<string> {
    const { status, headers, text } = await ask(to, body);
    expect(status, text).to.equal(200);
    const name = headers['x-ccproxy-provider'] ?? '';
    const asked = await (name === 'alpha' ? alpha : beta).nextRequest();
    expect(asked.json()['model'], 'asked of the provider').to.equal(headers['x-ccproxy-model']);
    expect(asked.path).to.equal('/v1/messages');
    expect(alpha.requests.length + beta.requests.length).to.equal(1);
    return `${name} ${headers['x-ccproxy-model']} ${headers['x-ccproxy-route']}`;
  }

  for (const [rule, body, wanted] of ROWS) {
    it(`${rule} → ${wanted}`, async () => {
      expect(await decision(proxy, body)).to.equal(wanted);
    });
  }

  for (const [name, body] of Object.entries({ SEARCH, PICTURE, LONG, THINK, EVERYTHING })) {
    it(`a rule without a route of its name does not count: ${name}`, async () => {
      expect(await decision(bare, { model: 'x-haiku', ...body })).to.equal('alpha a-default default');
      alpha.reset();
      expect(await decision(bare, { ...body, model: 'a-haiku' })).to.equal('alpha a-haiku default');
    });
  }

  for (const [model, named] of REFUSED) {
    it(`404 that names what is unknown: ${model}`, async () => {
      const { status, headers, json } = await ask(proxy, { model });
      const body = json<{ type: string; error: { type: string; message: string }; request_id: string }>();
      expect([status, body.type, body.error.type]).to.deep.equal([404, 'error', 'not_found_error']);
      expect(body.error.message).to.include(named);
      expect(body.request_id).to.equal(headers['request-id']);
      expect(alpha.requests.length + beta.requests.length).to.equal(0);
    });
  }

  it("a route's parameters override the body's, on the way by name and by rule", async () => {
    await ask(proxy, { model: 'my-route', temperature: 1 });
    expect((await beta.nextRequest()).json()).to.include({ model: 'b-mine', temperature: 0, max_tokens: 9 });
    await ask(proxy, { model: 'x', ...PICTURE });
    expect((await beta.nextRequest()).json()).to.include({ model: 'b-image', max_tokens: 77 });
  });

  it('streams are routed alike, and the decision is in the log', async () => {
    const { headers } = await ask(proxy, { model: 'claude-haiku-4-5', stream: true });
    expect(headers['x-ccproxy-route']).to.equal('background');
    const [line] = await proxy.waitForLine(/.*"message":"routed".*"background".*/);
    expect(JSON.parse(line)).to.include({ provider: 'beta', model: 'b-small', route: 'background' });
  });
});
