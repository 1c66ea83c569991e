import { expect } from 'chai';
import { buildReply, type Reply } from '../../worker/sandbox/reply';
import { countTokens, InvalidRequest, parseMessagesRequest } from '../../worker/sandbox/request';

const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    days: { type: 'integer' },
    unit: { enum: ['celsius', 'kelvin'] },
    place: { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] },
    tags: { type: 'array', items: { type: 'string' } },
    optional: { type: 'string' },
  },
  required: ['city', 'days', 'unit', 'place', 'tags'],
};
const INPUT = { city: 'sandbox', days: 1, unit: 'celsius', place: { zip: 'sandbox' }, tags: [] };
const WEATHER = { name: 'get_weather', description: 'Weather', input_schema: SCHEMA };
const CLOCK = { name: 'Clock', input_schema: { type: 'object', properties: {} } };
const SERVER_TOOL = { type: 'web_search_20250305', name: 'web_search' };

function replyTo(fields: Record<string, unknown>): Reply {
  const body = { model: 'some-model', max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }], ...fields };
  return buildReply(parseMessagesRequest(JSON.stringify(body)), (prefix) => `${prefix}_1`);
}

function userSays(content: unknown): { messages: unknown[] } {
  return { messages: [{ role: 'user', content }] };
}

function textOf({ message }: Reply): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

describe('sandbox reply', () => {
  it('says what it is, what to do, and what it was told', () => {
    const reply = replyTo(userSays('Hello, world'));
    expect(textOf(reply)).to.match(/^This is the CCProxy sandbox, not a language model/);
    expect(textOf(reply)).to.contain("set ANTHROPIC_API_KEY (or another provider's key) for a real one.");
    expect(textOf(reply)).to.match(/You said: Hello, world$/);
    expect(reply.message).to.include({ id: 'msg_1', model: 'some-model', role: 'assistant', type: 'message' });
    expect(reply.message).to.include({ stop_reason: 'end_turn', stop_sequence: null });
    expect(reply.message.usage).to.deep.equal({
      input_tokens: countTokens(JSON.stringify({ model: 'm', ...userSays('Hello, world') })),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: textOf(reply).split(' ').length,
    });
  });

  it('quotes the last text of the last user turn, and no system reminder', () => {
    const messages = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'answer' },
      { role: 'user', content: [{ type: 'text', text: 'second' }] },
      { role: 'system', content: 'from the system' },
      { role: 'user', content: [{ type: 'text', text: '<system-reminder>x</system-reminder>' }] },
    ];
    expect(textOf(replyTo({ messages }))).to.match(/You said: second$/);
  });

  const calls: [string, Record<string, unknown>, { name: string; input: object } | null][] = [
    [
      'a tool that is named in any case',
      { tools: [CLOCK, WEATHER], ...userSays('please GET_WEATHER now') },
      { name: 'get_weather', input: INPUT },
    ],
    [
      'the tool that is named first',
      { tools: [WEATHER, CLOCK], ...userSays('clock, then get_weather') },
      { name: 'Clock', input: {} },
    ],
    ['no tool on a part of a word', { tools: [WEATHER], ...userSays('forget_weather get_weathers') }, null],
    ['no tool when none is named', { tools: [WEATHER], ...userSays('hello') }, null],
    ['no tool under tool_choice none', { tools: [CLOCK], tool_choice: { type: 'none' }, ...userSays('clock') }, null],
    [
      'the first tool under any',
      { tools: [WEATHER], tool_choice: { type: 'any' } },
      { name: 'get_weather', input: INPUT },
    ],
    [
      'the forced tool',
      { tools: [WEATHER, CLOCK], tool_choice: { type: 'tool', name: 'Clock' } },
      { name: 'Clock', input: {} },
    ],
    ['no server tool', { tools: [SERVER_TOOL], tool_choice: { type: 'any' }, ...userSays('web_search') }, null],
    ['no deferred tool', { tools: [{ ...CLOCK, defer_loading: true }], ...userSays('clock') }, null],
    [
      'no tool on a result, even when one is forced',
      {
        tools: [CLOCK],
        tool_choice: { type: 'any' },
        ...userSays([{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'clock' }]),
      },
      null,
    ],
  ];
  for (const [name, fields, expected] of calls) {
    it(`calls ${name}`, () => {
      const { message } = replyTo(fields);
      const uses = message.content.filter((block) => block.type === 'tool_use');
      expect(uses).to.deep.equal(expected === null ? [] : [{ type: 'tool_use', id: 'toolu_1', ...expected }]);
      expect(message.stop_reason).to.equal(expected === null ? 'end_turn' : 'tool_use');
    });
  }

  it('quotes tool results, failed ones as such', () => {
    const reply = replyTo(
      userSays([
        { type: 'tool_result', tool_use_id: 'a', content: '21 degrees' },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'no such city' }], is_error: true },
        { type: 'tool_result', tool_use_id: 'c', content: [{ type: 'image', source: {} }] },
        { type: 'tool_result', tool_use_id: 'd' },
      ]),
    );
    expect(textOf(reply)).to.contain('The tool answered: 21 degrees The tool failed: no such city');
    expect(textOf(reply)).to.contain('The tool answered: [image] The tool answered: (nothing)');
  });

  it('thinks first when asked to, with a signature', () => {
    for (const type of ['enabled', 'adaptive']) {
      const { message, tokens } = replyTo({ thinking: { type, budget_tokens: 2000 } });
      const [first, second] = message.content;
      expect(first).to.include({ type: 'thinking' });
      expect(first?.type === 'thinking' && first.thinking).to.equal(tokens[0]?.join(''));
      expect(first?.type === 'thinking' && first.thinking).to.not.equal('');
      expect(first?.type === 'thinking' && first.signature).to.match(/^[A-Za-z0-9+/]{80,}={0,2}$/);
      expect(second).to.include({ type: 'text' });
      expect(message.usage.output_tokens).to.equal(tokens.flat().length);
    }
    expect(replyTo({ thinking: { type: 'disabled' } }).message.content[0]).to.include({ type: 'text' });
    const omitted = replyTo({ thinking: { type: 'adaptive', display: 'omitted' } }).message.content[0];
    expect(omitted).to.include({ type: 'thinking', thinking: '' }).and.have.property('signature').that.is.not.empty;
  });

  it('ends at max_tokens', () => {
    const whole = textOf(replyTo({}));
    const cut = replyTo({ max_tokens: 5 });
    expect(textOf(cut)).to.equal(whole.split(' ').slice(0, 5).join(' '));
    expect(cut.message.stop_reason).to.equal('max_tokens');
    expect(cut.message.usage.output_tokens).to.equal(5);
    expect(replyTo({ max_tokens: whole.split(' ').length }).message.stop_reason).to.equal('end_turn');
    expect(replyTo({ max_tokens: 0 }).message).to.deep.include({ content: [], stop_reason: 'max_tokens' });

    const thinkingOnly = replyTo({ max_tokens: 3, thinking: { type: 'adaptive' } }).message;
    expect(thinkingOnly.content.map((block) => block.type)).to.deep.equal(['thinking']);
    expect(thinkingOnly.stop_reason).to.equal('max_tokens');

    const call = replyTo({ max_tokens: 2, tools: [WEATHER], tool_choice: { type: 'any' } }).message;
    expect(call.content[0]).to.deep.include({ type: 'tool_use', input: {} });
    expect(call.stop_reason).to.equal('max_tokens');
  });

  it('ends before the first stop sequence', () => {
    const reply = replyTo({ stop_sequences: ['language', 'sandbox', ''] });
    expect(textOf(reply)).to.equal('This is the CCProxy ');
    expect(reply.message).to.include({ stop_reason: 'stop_sequence', stop_sequence: 'sandbox' });
    expect(replyTo({ stop_sequences: ['This'] }).message).to.deep.include({ content: [], stop_sequence: 'This' });
    const both = replyTo({ stop_sequences: ['sandbox'], max_tokens: 2 }).message;
    expect(both).to.include({ stop_reason: 'max_tokens', stop_sequence: null });
    expect(replyTo({ stop_sequences: ['nowhere'] }).message.stop_reason).to.equal('end_turn');
  });

  it('answers with a document where a JSON schema is given', () => {
    const format = { type: 'json_schema', schema: SCHEMA };
    const reply = replyTo({ output_config: { format, effort: 'low' }, tools: [] });
    expect(JSON.parse(textOf(reply))).to.deep.equal(INPUT);
    expect(reply.tokens[0]?.length).to.be.greaterThan(5);
  });

  const mistakes: [string, RegExp][] = [
    ['{"model":', /not valid JSON/],
    ['', /not valid JSON/],
    ['null', /must be a JSON object/],
    ['[]', /must be a JSON object/],
    ['{"max_tokens":1,"messages":[{"role":"user","content":""}]}', /^model: Field required/],
    ['{"model":7,"max_tokens":1,"messages":[]}', /^model: /],
    ['{"model":"m","messages":[{"role":"user","content":""}]}', /^max_tokens: Field required/],
    ['{"model":"m","max_tokens":-1,"messages":[]}', /^max_tokens: /],
    ['{"model":"m","max_tokens":1}', /^messages: Field required/],
    ['{"model":"m","max_tokens":1,"messages":{}}', /^messages: must be an array/],
    ['{"model":"m","max_tokens":1,"messages":[]}', /^messages: at least one/],
    ['{"model":"m","max_tokens":1,"messages":[null]}', /^messages\.0: /],
    ['{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":""}]}', /^messages\.0\.role: /],
    ['{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[1]}]}', /^messages\.0\.content: /],
    [
      '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":""}],"tool_choice":{"type":"tool","name":"x"}}',
      /^tool_choice\.name: tool 'x'/,
    ],
  ];
  for (const [body, message] of mistakes) {
    it(`refuses ${body || 'nothing'}`, () =>
      expect(() => parseMessagesRequest(body)).to.throw(InvalidRequest, message));
  }
});
