/** What the Anthropic simulator refuses: each case is a good request with one thing wrong. */
import { expect } from 'chai';
import { type HttpResponse, request } from '../support/http';
import { type Simulator, startSimulator, turn } from '../support/simulator/simulator';

type Body = Record<string, unknown>;

const HI = { role: 'user', content: 'Hi' };
const text = (words: string) => ({ type: 'text', text: words });
const use = (id: string, more: Body = {}) => ({ type: 'tool_use', id, name: 'look', input: {}, ...more });
const gives = (id: string, more: Body = {}) => ({ type: 'tool_result', tool_use_id: id, content: 'x', ...more });
const user = (...content: unknown[]) => ({ role: 'user', content });
const assistant = (...content: unknown[]) => ({ role: 'assistant', content });
const image = (more: Body = {}) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'aGk=', ...more },
});
const TOOL = { name: 'look', input_schema: { type: 'object' } };

const GOOD: Body = {
  ...{ model: 'claude-x', max_tokens: 4000, metadata: { user_id: 'u' }, stop_sequences: ['END'], temperature: 1 },
  system: [{ ...text('Be brief'), cache_control: { type: 'ephemeral' } }],
  tools: [
    { ...TOOL, cache_control: { type: 'ephemeral' } },
    { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
  ],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  messages: [
    user(text('Look'), image()),
    { role: 'user', content: 'And again' },
    assistant(text('Yes'), use('toolu_1'), use('toolu_2')),
    user(gives('toolu_2', { content: [text('x'), image()], is_error: true }), gives('toolu_1'), text('So')),
    { role: 'assistant', content: 'The answer is' },
  ],
};

const messages = (...list: unknown[]): Body => ({ messages: list });
const THINKING = { thinking: { type: 'enabled', budget_tokens: 1024 }, tool_choice: undefined };

const WRONG: [string, Body, string][] = [
  ['a member of another dialect', { reasoning_effort: 'low' }, 'reasoning_effort: Extra inputs are not permitted'],
  ['no max_tokens', { max_tokens: undefined }, 'max_tokens: Field required'],
  ['max_tokens of 0', { max_tokens: 0 }, 'max_tokens'],
  ['no messages', { messages: [] }, 'at least one message'],
  ['the assistant first', messages(assistant(text('x')), HI), 'first message must use the "user" role'],
  ['a role', messages(HI, { role: 'tool', content: 'x' }), 'messages.1.role'],
  ['an empty text', messages(user(text(''))), 'text content blocks must be non-empty'],
  ['white space', messages(user(text(' \n'))), 'non-whitespace'],
  ['empty content', messages(user()), 'non-empty content'],
  ['an empty string', messages({ role: 'user', content: '' }), 'non-empty content'],
  ['an empty system text', { system: [text('')] }, 'system: text content blocks must be non-empty'],
  ['white space at the end of a prefill', messages(HI, { role: 'assistant', content: 'So ' }), 'trailing whitespace'],
  ['a member of a block', messages(user({ ...text('x'), refusal: null })), 'messages.0.content.0.text.refusal: Extra'],
  ['a part of OpenAI', messages(user({ type: 'image_url', image_url: {} })), "Input tag 'image_url'"],
  ['tool_calls', messages(HI, { ...assistant(text('x')), tool_calls: [] }, HI), 'messages.1.tool_calls: Extra'],
  ['a call by the user', messages(user(use('a'))), "Input tag 'tool_use'"],
  ['a result by the assistant', messages(HI, assistant(gives('a'))), "Input tag 'tool_result'"],
  ['an id', messages(HI, assistant(use('a.b')), user(gives('a.b'))), '^[a-zA-Z0-9_-]+$'],
  ['input as text', messages(HI, assistant(use('a', { input: '{}' })), user(gives('a'))), 'valid dictionary'],
  ['a result without a call', messages(user(gives('a'))), 'unexpected `tool_use_id`'],
  [
    'a call without a result',
    messages(HI, assistant(use('a'), use('b')), user(gives('a'))),
    'without `tool_result` blocks immediately after: b',
  ],
  ['a call without a result at the end', messages(HI, assistant(use('a'))), 'without `tool_result`'],
  ['a result one message late', messages(HI, assistant(use('a')), HI, user(gives('a'))), 'without `tool_result`'],
  ['a text before the results', messages(HI, assistant(use('a')), user(text('x'), gives('a'))), 'must come first'],
  ['a result twice', messages(HI, assistant(use('a')), user(gives('a'), gives('a'))), 'single result'],
  ['an image of another type', messages(user(image({ media_type: 'image/bmp' }))), 'media_type'],
  ['an image as a data URL', messages(user(image({ data: 'data:image/png;base64,aGk=' }))), 'base64'],
  ["a tool's name", { tools: [{ ...TOOL, name: 'a b' }], tool_choice: undefined }, 'should match pattern'],
  ['a tool of OpenAI', { tools: [{ type: 'function', function: TOOL }] }, 'tools.0.name: Field required'],
  ['parameters', { tools: [{ ...TOOL, parameters: {} }] }, 'parameters: Extra inputs'],
  ['a schema without a type', { tools: [{ ...TOOL, input_schema: {} }] }, "Input should be 'object'"],
  ['a choice of another dialect', { tool_choice: 'auto' }, 'tool_choice'],
  ['a choice without tools', { tools: [] }, 'while providing tools'],
  ['a temperature', { temperature: 1.5 }, 'temperature'],
  ['a stop of white space', { stop_sequences: ['\n'] }, 'non-whitespace'],
  ['more metadata', { metadata: { user_id: 'u', x: 1 } }, 'metadata.x: Extra'],
  ['a small budget', { ...THINKING, thinking: { type: 'enabled', budget_tokens: 1000 } }, '1024'],
  ['a budget over max_tokens', { ...THINKING, max_tokens: 1024 }, 'must be greater than `thinking.budget_tokens`'],
  ['a temperature with thinking', { ...THINKING, temperature: 0.5 }, 'may only be set to 1'],
  ['a forced tool with thinking', { ...THINKING, tool_choice: { type: 'any' } }, 'Thinking may not be enabled'],
  [
    'a thinking agent that forgot its thoughts',
    { ...THINKING, ...messages(HI, assistant(use('a')), user(gives('a'))) },
    'must start with a thinking block',
  ],
  [
    'thinking of somebody else',
    messages(HI, assistant({ type: 'thinking', thinking: 'x', signature: 'y' }, text('z'))),
    'Invalid `signature`',
  ],
  [
    'thinking without a signature',
    messages(HI, assistant({ type: 'thinking', thinking: 'x' }, text('z'))),
    'signature: Field required',
  ],
];

describe('simulator: what Anthropic refuses', () => {
  let sim: Simulator;
  before(async () => {
    sim = await startSimulator({ dialect: 'anthropic' });
  });
  after(async () => {
    await sim.close();
    expect(sim.provider.failures).to.deep.equal([]);
  });
  beforeEach(() => sim.reset());

  const VERSION = { 'anthropic-version': '2023-06-01' };
  function post(
    body: Body,
    headers: Record<string, string> = { 'x-api-key': sim.key ?? '', ...VERSION },
  ): Promise<HttpResponse> {
    return request({ url: `${sim.url}/v1/messages?beta=true`, body, headers });
  }

  it('takes what is documented', async () => {
    const { status, text: answer } = await post(GOOD);
    expect(status, answer).to.equal(200);
  });

  for (const [name, more, message] of WRONG) {
    it(`refuses ${name}`, async () => {
      const { status, text: answer, json } = await post({ ...GOOD, ...more });
      expect(status, answer).to.equal(400);
      expect(json<Body>()).to.have.nested.property('error.type', 'invalid_request_error');
      expect(json<{ error: Body }>().error['message']).to.include(message);
    });
  }

  it('thinking comes back with its signature, or not at all', async () => {
    sim.next(turn({ thinking: 'Hm', thinkingSignature: 'c2ln', text: 'So' }));
    await post(GOOD);
    const back = (thinking: string, signature: string) =>
      post({ ...GOOD, ...messages(HI, assistant({ type: 'thinking', thinking, signature }, text('So')), HI) });
    expect((await back('Hm', 'c2ln')).status).to.equal(200);
    expect((await back('Hm!', 'c2ln')).status).to.equal(400);
    expect((await back('Hm', 'c2lo')).status).to.equal(400);
  });

  it('refuses what the head should not have, and should', async () => {
    const key = { 'x-api-key': sim.key ?? '' };
    for (const [status, headers] of [
      [400, key],
      [401, { ...VERSION, 'x-api-key': 'wrong' }],
      [401, VERSION],
      [401, { ...VERSION, ...key, authorization: `Bearer ${sim.key}` }],
      [400, { ...VERSION, ...key, 'x-goog-api-key': 'x' }],
      [400, { ...VERSION, ...key, cookie: 'a=b' }],
    ] as const) {
      expect((await post(GOOD, headers)).status).to.equal(status);
    }
  });
});
