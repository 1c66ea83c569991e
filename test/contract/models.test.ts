/** GET /v1/models: what the configuration has, in the shape of the client's API, under names that routing takes. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

const KEY = { 'x-api-key': 'proxy-key' };
const BEARER = { authorization: 'Bearer proxy-key' };
const VERSION = { 'anthropic-version': '2023-06-01' };

interface AnthropicList {
  data: { type: string; id: string; display_name: string; created_at: string }[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}
interface OpenAiList {
  object: string;
  data: { id: string; object: string; created: number; owned_by: string }[];
}

describe('models', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  let sdk: Anthropic;
  let openai: OpenAI;

  before(async () => {
    provider = await startMockProvider();
    const at = { dialect: 'anthropic', api_base_url: provider.url };
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [
          { name: 'first', ...at, models: ['claude-one', 'claude-two', 'glm-x'] },
          { name: 'second', ...at, models: ['org/qwen-y', 'glm-x'] },
          { name: 'off', ...at, models: ['claude-off'], enabled: false },
        ],
        routes: { default: 'first,claude-one', background: 'second,routed-only' },
      },
    });
    sdk = new Anthropic({ apiKey: 'proxy-key', baseURL: proxy.url, maxRetries: 0 });
    openai = new OpenAI({ apiKey: 'proxy-key', baseURL: `${proxy.url}/v1`, maxRetries: 0 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );
  beforeEach(() => provider.reset());

  const get = (path: string, headers = {}) => request({ url: `${proxy.url}${path}`, headers: { ...KEY, ...headers } });
  const list = async (query = '') => (await get(`/v1/models${query}`, VERSION)).json<AnthropicList>();

  it("has Anthropic's shape", async () => {
    const answer = await get('/v1/models', VERSION);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.match(/^application\/json/);
    expect(answer.headers['request-id']).to.match(/^req_/);
    const { data, ...page } = answer.json<AnthropicList>();
    expect(page).to.deep.equal({ first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more: false });
    for (const { type, id, display_name, created_at } of data) {
      expect(type).to.equal('model');
      expect(display_name).to.include(id.split('/').at(-1));
      expect(new Date(created_at).toISOString().slice(0, 19)).to.equal(created_at.slice(0, 19));
    }
    const ids = data.map(({ id }) => id);
    expect(ids).to.include.members(['claude-one', 'claude-two', 'glm-x']);
    for (const name of ['org/qwen-y', 'routed-only'])
      expect(ids.filter((id) => id.endsWith(name))).to.not.have.length(0);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(answer.text).to.not.include('claude-off');
  });

  it('every model has a name that Claude Code lists', async () => {
    const { data } = await list('?limit=1000');
    const listed = data.map(({ id }) => id).filter((id) => /^(claude|anthropic)/.test(id));
    const wanted = [
      'claude-one',
      'claude-two',
      /first.*glm-x$/,
      /second.*org\/qwen-y$/,
      /second.*glm-x$/,
      /routed-only$/,
    ];
    for (const name of wanted) {
      expect(
        listed.filter((id) => (typeof name === 'string' ? id === name : name.test(id))),
        String(name),
      ).to.have.length(1);
    }
  });

  it('every id can be asked for, and reaches the model that it names', async () => {
    const { data } = await list();
    for (const { id } of data) {
      const body = { model: id, max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] };
      const answer = await request({ url: `${proxy.url}/v1/messages`, headers: KEY, body });
      expect(answer.status, `${id}: ${answer.text}`).to.equal(200);
      const asked = String((await provider.nextRequest()).json()['model']);
      expect(id.endsWith(asked), `${id} asks for ${asked}`).to.equal(true);
      if (id.includes('second')) expect(answer.headers['x-ccproxy-provider'], id).to.equal('second');
    }
  });

  for (const [what, headers, isOpenAi] of [
    ['Bearer', BEARER, true],
    ['Bearer with anthropic-version', { ...BEARER, ...VERSION }, false],
    ['x-api-key', KEY, false],
  ] as const) {
    it(`${what}: ${isOpenAi ? "OpenAI's" : "Anthropic's"} shape`, async () => {
      const answer = await request({ url: `${proxy.url}/v1/models`, headers });
      const one = await request({ url: `${proxy.url}/v1/models/claude-one`, headers });
      if (isOpenAi) {
        const { object, data } = answer.json<OpenAiList>();
        expect(object).to.equal('list');
        for (const model of data) expect(model).to.have.keys('id', 'object', 'created', 'owned_by');
        expect(data.map((model) => model.object)).to.deep.equal(data.map(() => 'model'));
        expect(one.json()).to.include({ id: 'claude-one', object: 'model', owned_by: 'first' });
      } else {
        expect(answer.json()).to.have.keys('data', 'first_id', 'last_id', 'has_more');
        expect(one.json()).to.include({ id: 'claude-one', type: 'model' });
      }
    });
  }

  it('limit', async () => {
    const { data } = await list();
    for (const limit of [1, 2, data.length - 1, data.length, 1000]) {
      const page = await list(`?limit=${limit}&beta=true`);
      expect(page.data).to.deep.equal(data.slice(0, limit));
      expect(page.has_more).to.equal(limit < data.length);
      expect([page.first_id, page.last_id]).to.deep.equal([page.data[0]?.id, page.data.at(-1)?.id]);
    }
  });

  it('one page after the other: the official SDK sees each model once', async () => {
    const { data } = await list();
    const seen: string[] = [];
    for await (const model of sdk.models.list({ limit: 2 })) {
      seen.push(model.id);
      if (seen.length > data.length) break; // It would go on for ever.
    }
    expect(seen).to.deep.equal(data.map(({ id }) => id));
  });

  it('backwards, too', async () => {
    const ids = (await list()).data.map(({ id }) => id);
    const seen: string[] = [];
    for await (const model of sdk.models.list({ limit: 2, before_id: ids.at(-1) ?? '' })) {
      seen.push(model.id);
      if (seen.length > ids.length) break;
    }
    // Page by page towards the front, each page in the order of the list.
    expect([...seen].sort()).to.deep.equal(ids.slice(0, -1).sort());
    expect(seen.slice(0, 2)).to.deep.equal(ids.slice(-3, -1));
  });

  it("OpenAI's SDK sees the same models, all on one page", async () => {
    const { data } = await list();
    const seen: OpenAI.Model[] = [];
    for await (const model of openai.models.list()) seen.push(model);
    expect(seen.map(({ id }) => id)).to.deep.equal(data.map(({ id }) => id));
    for (const { object, created, owned_by } of seen) {
      expect(object).to.equal('model');
      expect(created).to.be.a('number');
      expect(owned_by).to.be.oneOf(['first', 'second']);
    }
  });

  it("OpenAI's SDK finds one model by each of its names, slashes encoded", async () => {
    for await (const model of openai.models.list()) {
      expect(await openai.models.retrieve(model.id), model.id).to.deep.include({ ...model });
    }
    const error: unknown = await openai.models.retrieve('second/unheard-of').catch((reason: unknown) => reason);
    if (!(error instanceof OpenAI.NotFoundError)) throw new Error(`no NotFoundError: ${error}`);
    expect(error.message).to.include('No such model');
    expect(error.type).to.equal('not_found_error');
  });

  it('one model, by each of its names', async () => {
    const { data } = await list();
    for (const model of data) {
      expect(await sdk.models.retrieve(model.id), model.id).to.deep.include({ id: model.id, type: 'model' });
      const plain = await get(`/v1/models/${model.id}?beta=true`, VERSION);
      expect(plain.json(), model.id).to.deep.equal(model);
    }
  });

  for (const id of ['unheard-of', 'claude-off', 'claude%2Ffirst%2Fnothing', '%E0%A4%A', 'constructor']) {
    it(`404: ${id}`, async () => {
      const answer = await get(`/v1/models/${id}`, VERSION);
      expect(answer.status).to.equal(404);
      expect(answer.json()).to.have.nested.property('error.type', 'not_found_error');
      expect(answer.json()).to.have.property('request_id', answer.headers['request-id']);
    });
  }

  it('needs the key, and is only read', async () => {
    for (const path of ['/v1/models', '/v1/models/claude-one']) {
      expect((await request({ url: proxy.url + path })).status).to.equal(401);
      expect((await request({ url: proxy.url + path, headers: { 'x-api-key': 'wrong' } })).status).to.equal(401);
      expect((await request({ url: proxy.url + path, headers: KEY, method: 'POST' })).status).to.equal(405);
      expect((await request({ url: proxy.url + path, headers: KEY, method: 'HEAD' })).status).to.equal(200);
    }
  });
});
