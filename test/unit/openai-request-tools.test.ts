import { expect } from 'chai';
import { translated } from '../support/chat-completions';

const messages = [{ role: 'user', content: 'hi' }];
const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { 'ä"': { type: 'string' } },
};
const tool = (name: string, rest: object = {}) => ({
  name,
  description: `does ${name}`,
  input_schema: schema,
  ...rest,
});
const made = (name: string) => ({
  type: 'function',
  function: { name, description: `does ${name}`, parameters: schema },
});

function bodyOf(request: object, provider?: string, model?: string): Record<string, unknown> {
  return translated({ messages, ...request }, provider, model).body;
}

describe('OpenAI request: tools', () => {
  it('are functions with the same schema, byte for byte', () => {
    const tools = [tool('A'), tool('B', { type: 'custom', cache_control: { type: 'ephemeral' } })];
    expect(bodyOf({ tools })['tools']).to.deep.equal([made('A'), made('B')]);
    expect(bodyOf({ tools: [{ name: 'C' }] })['tools']).to.deep.equal([
      { type: 'function', function: { name: 'C', parameters: { type: 'object', properties: {} } } },
    ]);
  });

  it('come without those of the server, which the log names', () => {
    const server = [
      { type: 'web_search_20250305', name: 'web_search' },
      { type: 'bash_20250124', name: 'bash' },
    ];
    const { body, warnings } = translated({ messages, tools: [...server, tool('A')] });
    expect(body['tools']).to.deep.equal([made('A')]);
    expect(warnings.join()).to.include('"web_search_20250305"').and.to.include('"bash_20250124"');
  });

  it('leave no empty list and no choice where none is left', () => {
    for (const tools of [[], [{ type: 'web_search_20250305', name: 'web_search' }]]) {
      const choice = { type: 'any', disable_parallel_tool_use: true };
      expect(bodyOf({ tools, tool_choice: choice })).to.have.all.keys('model', 'messages');
    }
  });

  it('are chosen in the other words', () => {
    const choiceOf = (choice: object) => bodyOf({ tools: [tool('A')], tool_choice: choice });
    expect(choiceOf({ type: 'auto' })['tool_choice']).to.equal('auto');
    expect(choiceOf({ type: 'any' })['tool_choice']).to.equal('required');
    expect(choiceOf({ type: 'none' })['tool_choice']).to.equal('none');
    expect(choiceOf({ type: 'tool', name: 'A' })['tool_choice']).to.deep.equal({
      type: 'function',
      function: { name: 'A' },
    });
    expect(choiceOf({ type: 'tool', name: 'gone' })).not.to.have.property('tool_choice');
    expect(choiceOf({ type: 'auto', disable_parallel_tool_use: true })['parallel_tool_calls']).to.equal(false);
    expect(choiceOf({ type: 'auto', disable_parallel_tool_use: false })).not.to.have.property('parallel_tool_calls');
    expect(() => choiceOf({ type: 'some' })).to.throw('tool_choice.type');
  });

  it('say nothing of parallel calls where the service does not know them', () => {
    const request = { tools: [tool('A')], tool_choice: { type: 'auto', disable_parallel_tool_use: true } };
    expect(bodyOf(request, 'deepseek')).not.to.have.property('parallel_tool_calls');
    expect(bodyOf(request, 'openai', 'o4-mini')).not.to.have.property('parallel_tool_calls');
    expect(bodyOf(request, 'openai', 'gpt-5-mini')).to.have.property('parallel_tool_calls', false);
  });
});

describe('OpenAI request: deferred tools', () => {
  const deferred = (name: string) => tool(name, { defer_loading: true });
  const namesOf = (request: object) => JSON.stringify(bodyOf(request)['tools'] ?? []).match(/(?<="name":")\w/g) ?? [];
  const turns = (...content: object[]) => [
    ...messages,
    { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'S', input: {} }] },
    { role: 'user', content },
  ];
  const reference = { type: 'tool_result', tool_use_id: 't', content: [{ type: 'tool_reference', tool_name: 'B' }] };

  it('are left out until a reference names them', () => {
    const tools = [tool('A'), deferred('B'), deferred('C')];
    expect(namesOf({ tools })).to.deep.equal(['A']);
    expect(namesOf({ tools, messages: turns(reference) })).to.deep.equal(['A', 'B']);
  });

  it('are there when they were called, or are demanded', () => {
    const tools = [tool('A'), deferred('S'), deferred('C')];
    expect(namesOf({ tools, messages: turns(reference) })).to.deep.equal(['A', 'S']);
    expect(namesOf({ tools, tool_choice: { type: 'tool', name: 'C' } })).to.deep.equal(['A', 'C']);
  });

  it("are all there where the tool that finds them is the server's, and so left out", () => {
    const search = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' };
    expect(namesOf({ tools: [search, deferred('B'), deferred('C')] })).to.deep.equal(['B', 'C']);
  });
});
