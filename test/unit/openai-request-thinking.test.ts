import { expect } from 'chai';
import { packDetail } from '../../worker/dialects/openai/reasoning-details';
import { translated } from '../support/chat-completions';

const hi = { role: 'user', content: 'hi' };
const tools = [{ name: 'A', input_schema: { type: 'object' } }];

/** What the request says of thinking. */
function asked(request: object, provider: string, model: string): object {
  const { body } = translated({ messages: [hi], max_tokens: 50_000, ...request }, provider, model);
  const members = ['reasoning_effort', 'reasoning', 'thinking'].filter((name) => name in body);
  return Object.fromEntries(members.map((name) => [name, body[name]]));
}

const adaptive = (effort?: string) => ({
  thinking: { type: 'adaptive' },
  ...(effort ? { output_config: { effort } } : {}),
});
const enabled = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
const disabled = { thinking: { type: 'disabled' } };

describe('OpenAI request: asking for thinking', () => {
  const cases: Array<[string, string, object, object]> = [
    // A request that says nothing leaves it to the provider.
    ['openai', 'gpt-5', {}, {}],
    ['deepseek', 'deepseek-v4', {}, {}],
    ['openai', 'gpt-5', adaptive('high'), { reasoning_effort: 'high' }],
    ['openai', 'gpt-5', adaptive('max'), { reasoning_effort: 'high' }],
    ['openai', 'gpt-5.2', adaptive('max'), { reasoning_effort: 'xhigh' }],
    ['openai', 'gpt-5', adaptive(), { reasoning_effort: 'medium' }],
    ['openai', 'o3', enabled(1024), { reasoning_effort: 'low' }],
    ['openai', 'o3', enabled(10_000), { reasoning_effort: 'medium' }],
    ['openai', 'o3', enabled(31_999), { reasoning_effort: 'high' }],
    ['openai', 'o3', disabled, { reasoning_effort: 'low' }],
    ['openai', 'gpt-5', disabled, { reasoning_effort: 'minimal' }],
    ['openai', 'gpt-5.1', disabled, { reasoning_effort: 'none' }],
    ['openai', 'gpt-4o', adaptive('high'), {}],
    ['generic', 'some-model', adaptive('high'), {}],
    ['generic', 'gpt-oss-20b', adaptive('high'), { reasoning_effort: 'high' }],
    ['xai', 'grok-3-mini', adaptive('medium'), { reasoning_effort: 'low' }],
    ['xai', 'grok-4', adaptive('high'), {}],
    ['xai', 'grok-4.3', disabled, { reasoning_effort: 'none' }],
    ['groq', 'openai/gpt-oss-120b', adaptive('high'), { reasoning_effort: 'high' }],
    ['groq', 'qwen/qwen3-32b', adaptive('high'), {}],
    ['groq', 'qwen/qwen3-32b', disabled, { reasoning_effort: 'none' }],
    ['mistral', 'mistral-medium-latest', adaptive('low'), { reasoning_effort: 'high' }],
    ['mistral', 'devstral-latest', adaptive('high'), {}],
    ['ollama', 'qwen3', disabled, { reasoning_effort: 'none' }],
    ['openrouter', 'anthropic/claude', enabled(2000), { reasoning: { max_tokens: 2000 } }],
    ['openrouter', 'anthropic/claude', enabled(60_000), { reasoning: { effort: 'high' } }],
    ['openrouter', 'anthropic/claude', adaptive('max'), { reasoning: { effort: 'xhigh' } }],
    ['openrouter', 'anthropic/claude', disabled, {}],
    ['deepseek', 'deepseek-v4', adaptive('max'), { thinking: { type: 'enabled' }, reasoning_effort: 'max' }],
    ['deepseek', 'deepseek-v4', disabled, { thinking: { type: 'disabled' } }],
  ];
  for (const [provider, model, request, expected] of cases) {
    it(`${provider} ${model}: ${JSON.stringify(request)} → ${JSON.stringify(expected)}`, () => {
      expect(asked(request, provider, model)).to.deep.equal(expected);
    });
  }

  it('knows what OpenAI refuses together with tools', () => {
    expect(asked({ ...adaptive('high'), tools }, 'openai', 'gpt-5.1')).to.deep.equal({ reasoning_effort: 'high' });
    expect(asked({ ...adaptive('high'), tools }, 'openai', 'gpt-5.4')).to.deep.equal({});
    expect(asked({ tools }, 'openai', 'gpt-5.6-terra')).to.deep.equal({ reasoning_effort: 'none' });
    const { warnings } = translated({ messages: [hi], tools, ...adaptive() }, 'openai', 'gpt-5.6');
    expect(warnings.join()).to.include('thinking together with tools');
  });

  it('does not let DeepSeek think where a tool is demanded, which it refuses', () => {
    for (const tool_choice of [{ type: 'any' }, { type: 'tool', name: 'A' }]) {
      expect(asked({ tools, tool_choice }, 'deepseek', 'm')).to.deep.equal({ thinking: { type: 'disabled' } });
    }
    expect(asked({ tools, tool_choice: { type: 'tool', name: 'gone' } }, 'deepseek', 'm')).to.deep.equal({});
    expect(asked({ tools, tool_choice: { type: 'auto' } }, 'deepseek', 'm')).to.deep.equal({});
  });

  it('takes any kind of nonsense', () => {
    for (const thinking of [true, false, 5, 'x', [], { type: 5 }, { type: 'new' }])
      asked({ thinking }, 'openai', 'gpt-5');
    expect(() => asked({ thinking: { type: 'enabled', budget_tokens: 'x' } }, 'openai', 'gpt-5')).to.throw(
      'thinking.budget_tokens',
    );
  });
});

describe('OpenAI request: earlier thinking', () => {
  const thinking = (text: string, signature = 'sig') => ({ type: 'thinking', thinking: text, signature });
  const use = { type: 'tool_use', id: 'abcdefghi', name: 'A', input: {} };
  const said = { type: 'text', text: 'ok' };
  const backOf = (content: object[], provider: string) => {
    const { messages } = translated({ messages: [hi, { role: 'assistant', content }, hi] }, provider);
    const { role, content: _, tool_calls, ...rest } = messages[1] as Record<string, unknown>; // Asserted on below.
    return rest;
  };

  it('goes back as reasoning_content, which calls cannot do without', () => {
    expect(backOf([thinking('h"m\n'), thinking('b'), said, use], 'deepseek')).to.deep.equal({
      reasoning_content: 'h"m\n\n\nb',
    });
    expect(backOf([thinking('a'), said], 'deepseek')).to.deep.equal({ reasoning_content: 'a' });
    expect(backOf([use], 'deepseek')).to.deep.equal({ reasoning_content: '' });
    expect(backOf([said], 'deepseek')).to.deep.equal({});
  });

  it('is left out where it would be an error, or is not read', () => {
    for (const provider of ['openai', 'groq', 'mistral', 'xai', 'generic']) {
      expect(backOf([thinking('a'), { type: 'redacted_thinking', data: 'x' }, said, use], provider)).to.deep.equal({});
    }
  });

  it('goes back to OpenRouter as the details that it came with, in their order', () => {
    const signed = { type: 'reasoning.text', signature: 's1', format: 'anthropic-claude-v1', index: 0 };
    const summary = { type: 'reasoning.summary', format: 'openai-responses-v1', index: 1 };
    const secret = { type: 'reasoning.encrypted', data: 'xyz', id: 'tool_1', index: 2 };
    const content = [
      thinking('a', packDetail(signed)),
      thinking('b', packDetail(summary)),
      said,
      use,
      { type: 'redacted_thinking', data: packDetail(secret) },
    ];
    expect(backOf(content, 'openrouter')).to.deep.equal({
      reasoning_details: [{ ...signed, text: 'a' }, { ...summary, summary: 'b' }, secret],
    });
  });

  it("goes to OpenRouter as plain text where it is another provider's", () => {
    const foreign = [
      thinking('a', 'EqQB'),
      thinking('b', 'openrouter.%%'),
      { type: 'redacted_thinking', data: 'abc' },
      said,
    ];
    expect(backOf(foreign, 'openrouter')).to.deep.equal({ reasoning: 'a\n\nb' });
    expect(backOf([thinking('a'), said], 'ollama')).to.deep.equal({ reasoning: 'a' });
  });
});
