/** What the OpenAI simulator refuses: each case is a good request with one thing wrong. */
import { expect } from 'chai';
import { type HttpResponse, request } from '../support/http';
import { type Simulator, startSimulator, type Vendor } from '../support/simulator/simulator';

type Body = Record<string, unknown>;

const USER = { role: 'user', content: 'Hi' };
const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } };
const call = (id: string, more: Body = {}) => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: '{}' },
  ...more,
});
const asks = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) });
const gives = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'done' });

/** Everything that is allowed, at once. */
const GOOD: Body = {
  ...{ model: 'gpt-4o', max_tokens: 100, temperature: 2, top_p: 1, stop: ['a', 'b', 'c', 'd'], user: 'u' },
  ...{ tools: [TOOL], tool_choice: 'auto', parallel_tool_calls: false, stream: true },
  stream_options: { include_usage: true },
  messages: [
    { role: 'system', content: 'Be brief' },
    {
      role: 'user',
      content: [{ type: 'text', text: 'Hi' }, image('data:image/png;base64,aGk='), image('https://x.y/z')],
    },
    asks('call_1', 'call_2'),
    gives('call_2'),
    gives('call_1'),
    { role: 'assistant', content: 'So', refusal: null },
    USER,
  ],
};

function image(url: string): Body {
  return { type: 'image_url', image_url: { url } };
}

const messages = (...list: unknown[]): Body => ({ messages: list });
const tool = (more: Body): Body => ({ tools: [{ type: 'function', function: { name: 'look', ...more } }] });

const WRONG: [string, Body, string][] = [
  ['a member of another dialect', { thinking: { type: 'enabled' } }, "Unknown parameter: 'thinking'"],
  ['top_k', { top_k: 5 }, "Unknown parameter: 'top_k'"],
  ['metadata', { metadata: { user_id: 'x' } }, "only allowed when 'store'"],
  ['no model', { model: undefined }, 'model'],
  ['no messages', { messages: [] }, "Invalid 'messages': empty array"],
  ['a role', messages({ role: 'model', content: 'x' }), "Invalid value: 'model'"],
  [
    'cache_control in a part',
    messages({ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }),
    'cache_control',
  ],
  ['cache_control in a message', messages({ ...USER, cache_control: {} }), "'messages[0].cache_control'"],
  ['cache_control in a tool', { tools: [{ ...TOOL, cache_control: {} }] }, "'tools[0].cache_control'"],
  ['is_error', messages(USER, asks('a'), { ...gives('a'), is_error: true }), "'messages[2].is_error'"],
  [
    'reasoning_content that nobody gave',
    messages(USER, { role: 'assistant', content: 'x', reasoning_content: 'y' }),
    'reasoning_content',
  ],
  [
    'a block of Anthropic',
    messages({ role: 'user', content: [{ type: 'tool_result' }] }),
    "Invalid value: 'tool_result'",
  ],
  [
    'an image in a result',
    messages(USER, asks('a'), { ...gives('a'), content: [image('https://x')] }),
    "Invalid value: 'image_url'",
  ],
  ['an image without its type', messages({ role: 'user', content: [image('aGk=')] }), 'Invalid image data'],
  ['an image that is no Base64', messages({ role: 'user', content: [image('data:image/png;base64,###')] }), 'Base64'],
  [
    'a document as an image',
    messages({ role: 'user', content: [image('data:application/pdf;base64,aGk=')] }),
    'Invalid image',
  ],
  ['no parts', messages({ role: 'user', content: [] }), 'empty array'],
  ['null content', messages({ role: 'user', content: null }), 'expected a string, got null'],
  [
    'a result without a call',
    messages(USER, gives('a')),
    "must be a response to a preceeding message with 'tool_calls'",
  ],
  ['a result after the user spoke', messages(USER, asks('a'), USER, gives('a')), 'did not have response messages: a'],
  ['a result of another call', messages(USER, asks('a'), gives('b')), "'tool_call_id' of 'b' not found"],
  ['a result twice', messages(USER, asks('a'), gives('a'), gives('a')), 'not found'],
  ['a call without a result', messages(USER, asks('a', 'b'), gives('a'), USER), 'did not have response messages: b'],
  ['a call without a result at the end', messages(USER, asks('a')), 'did not have response messages: a'],
  ['no calls', messages(USER, { role: 'assistant', tool_calls: [] }), "'messages[1].tool_calls': empty array"],
  ['the same id twice', messages(USER, asks('a', 'a'), gives('a')), 'Duplicate'],
  ['a long id', messages(USER, asks('x'.repeat(41)), gives('x'.repeat(41))), 'maximum length 40'],
  ['arguments as an object', withCall({ function: { name: 'look', arguments: {} } }), 'expected a string'],
  ['arguments that are no JSON', withCall({ function: { name: 'look', arguments: '{' } }), 'not JSON'],
  ['empty arguments', withCall({ function: { name: 'look', arguments: '' } }), 'not JSON'],
  ['a signature on a call', withCall({ signature: 'x' }), 'signature'],
  ["a tool's name", tool({ name: 'a.b' }), 'does not match pattern'],
  ["a tool's long name", tool({ name: 'x'.repeat(65) }), 'does not match pattern'],
  ['input_schema', tool({ input_schema: {} }), 'input_schema'],
  ['a schema without a type', tool({ parameters: { properties: {} } }), 'type: "object"'],
  ['a schema with anyOf at its top', tool({ parameters: { type: 'object', anyOf: [] } }), 'anyOf'],
  [
    'an array without items',
    tool({ parameters: { type: 'object', properties: { a: { type: 'array' } } } }),
    'missing items',
  ],
  ['a strict schema that is open', tool({ strict: true, parameters: { type: 'object' } }), 'additionalProperties'],
  ['no tools in the list', { tools: [] }, "Invalid 'tools': empty array"],
  ['a choice without tools', { tools: undefined, parallel_tool_calls: undefined }, "'tool_choice' is only allowed"],
  [
    'parallel calls without tools',
    { tools: undefined, tool_choice: undefined },
    "'parallel_tool_calls' is only allowed",
  ],
  ['a choice of another dialect', { tool_choice: { type: 'any' } }, 'Invalid value'],
  ['a choice that is not there', { tool_choice: { type: 'function', function: { name: 'no' } } }, 'not found'],
  ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 'maximum length 4'],
  ['no stops', { stop: [] }, "'stop'"],
  ['a temperature', { temperature: 2.1 }, "'temperature'"],
  ['stream_options without a stream', { stream: false }, "only allowed when 'stream' is enabled"],
  ['max_tokens of a reasoning model', { model: 'o4-mini', temperature: 1 }, "'max_completion_tokens' instead"],
  ['max_tokens of gpt-5', { model: 'gpt-5.1', temperature: 1 }, "'max_completion_tokens' instead"],
  ['a temperature of gpt-5', { model: 'gpt-5', max_tokens: undefined }, "'temperature' does not support 2"],
  ['both limits', { max_completion_tokens: 5 }, 'at the same time'],
  ['effort of a model without reasoning', { reasoning_effort: 'low' }, "'reasoning_effort' is not supported"],
  ['an unknown effort', { model: 'm', reasoning_effort: 'huge' }, 'huge'],
  [
    'a format without a name',
    { response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } } },
    'name',
  ],
];

function withCall(more: Body): Body {
  return messages(USER, { role: 'assistant', tool_calls: [call('a', more)] }, gives('a'));
}

describe('simulator: what OpenAI refuses', () => {
  let sim: Simulator;
  before(async () => {
    sim = await startSimulator({ dialect: 'openai' });
  });
  after(async () => {
    await sim.close();
    expect(sim.provider.failures).to.deep.equal([]);
  });
  beforeEach(() => sim.reset());

  function post(
    body: Body,
    to = sim,
    headers: Record<string, string> = {},
    path = '/v1/chat/completions',
  ): Promise<HttpResponse> {
    const key = to.key === null ? {} : { authorization: `Bearer ${to.key}` };
    return request({ url: to.url + path, body, headers: { ...key, ...headers } });
  }

  it('takes what is documented', async () => {
    const { status, text } = await post(GOOD);
    expect(status, text).to.equal(200);
    expect(sim.refusals).to.deep.equal([]);
    const reasoning = { ...GOOD, model: 'gpt-5', max_tokens: undefined, max_completion_tokens: 9, temperature: 1 };
    expect((await post({ ...reasoning, reasoning_effort: 'low' })).text).to.include('data: [DONE]');
  });

  for (const [name, more, message] of WRONG) {
    it(`refuses ${name}`, async () => {
      const { status, text, json } = await post({ ...GOOD, ...more });
      expect(status, text).to.equal(400);
      expect(json<{ error: Body }>().error).to.include.keys('message', 'type', 'param', 'code');
      expect(json<{ error: Body }>().error['message']).to.include(message);
      expect(sim.last).to.have.property('seen', null);
    });
  }

  const HEADERS: [string, Record<string, string>, number][] = [
    ['another key', { authorization: 'Bearer wrong' }, 401],
    ['a key without its scheme', { authorization: 'sk-sim-openai' }, 401],
    ['anthropic-version', { 'anthropic-version': '2023-06-01' }, 400],
    ['anthropic-beta', { 'Anthropic-Beta': 'x' }, 400],
    ['x-api-key', { 'x-api-key': 'k' }, 400],
    ['x-goog-api-key', { 'x-goog-api-key': 'k' }, 400],
    ['x-claude-code-session-id', { 'x-claude-code-session-id': '1' }, 400],
    ['cookie', { cookie: 'a=b' }, 400],
    ['x-forwarded-for', { 'x-forwarded-for': '1.2.3.4' }, 400],
  ];
  for (const [name, headers, status] of HEADERS) {
    it(`refuses the header: ${name}`, async () => {
      expect((await post(GOOD, sim, headers)).status).to.equal(status);
    });
  }

  it('refuses other paths, queries, and what is no JSON', async () => {
    expect((await post(GOOD, sim, {}, '/v1/messages')).status).to.equal(404);
    expect((await post(GOOD, sim, {}, '/v1/chat/completions?beta=true')).status).to.equal(404);
    const broken = {
      url: `${sim.url}/v1/chat/completions`,
      body: '{',
      headers: { authorization: `Bearer ${sim.key}` },
    };
    expect(
      (await request({ ...broken, headers: { ...broken.headers, 'content-type': 'application/json' } })).status,
    ).to.equal(400);
    expect((await request(broken)).status).to.equal(415);
  });

  const VENDORS: [Vendor, Body, number, string][] = [
    ['mistral', { ...GOOD, user: undefined, stream_options: undefined }, 400, 'with a length of 9'],
    ['mistral', { model: 'm', messages: [USER], user: 'u' }, 422, 'Extra inputs are not permitted'],
    [
      'mistral',
      { model: 'm', messages: [USER], stream: true, stream_options: { include_usage: true } },
      422,
      'stream_options',
    ],
    ['groq', { model: 'm', messages: [USER], top_k: 1 }, 400, "property 'top_k' is unsupported"],
    ['openrouter', { model: 'm', messages: [USER], top_k: 1 }, 200, ''],
    ['deepseek', { model: 'm', messages: [USER], thinking: { type: 'enabled' } }, 200, ''],
    ['xai', { model: 'm', messages: [USER], what: 1 }, 400, 'Client specified an invalid argument'],
  ];
  for (const [vendor, body, status, message] of VENDORS) {
    it(`${vendor} answers ${status} ${message}`, async () => {
      const other = await startSimulator({ dialect: 'openai', vendor });
      const answer = await post(body, other).finally(() => other.close());
      expect(answer.status, answer.text).to.equal(status);
      expect(answer.text).to.include(message);
    });
  }

  it('a provider without keys refuses one', async () => {
    const free = await startSimulator({ dialect: 'openai', vendor: 'ollama', key: null });
    const [without, withKey] = [await post(GOOD, free), await post(GOOD, free, { authorization: 'Bearer x' })];
    await free.close();
    expect([without.status, withKey.status]).to.deep.equal([200, 400]);
  });
});
