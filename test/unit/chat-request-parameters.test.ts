import { expect } from 'chai';
import { claudeVersion } from '../../worker/dialects/anthropic/claude-version';
import { BadDocument } from '../../worker/json/view';
import { type TranslationOptions, translateChat, user } from '../support/chat-request';

const NEW = { model: 'claude-opus-4-7' };
const MIDDLE = { model: 'claude-sonnet-4-6' };
const OLD = { model: 'claude-3-5-sonnet-20241022' };
const GEMINI = { model: 'gemini-2.5-pro', dialect: 'gemini' } as const;
const OTHER = { model: 'deepseek-chat' };

/** What the translation adds to model and messages. */
function rest(request: object, options: TranslationOptions = {}): Record<string, unknown> {
  const { model: _, messages: __, ...others } = translateChat(request, options).body;
  return others;
}

function refused(request: object): string {
  try {
    translateChat(request);
  } catch (error) {
    if (error instanceof BadDocument) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('parameters of a chat request', () => {
  it('take the model from the route and the stream from the gateway', () => {
    const { body } = translateChat({ model: 'asked', stream: false }, { model: 'a "model"', stream: true });
    expect([body['model'], body['stream']]).to.deep.equal(['a "model"', true]);
    expect(rest({ stream: true })).not.to.have.property('stream');
  });

  const LIMIT = { max_tokens: 8192 };
  const cases: [object, TranslationOptions, object][] = [
    [{}, {}, LIMIT],
    [{}, MIDDLE, { max_tokens: 32_000 }],
    [{}, OTHER, LIMIT],
    [{}, GEMINI, {}],
    [{ max_tokens: 5 }, {}, { max_tokens: 5 }],
    [{ max_tokens: 5, max_completion_tokens: 6 }, NEW, { max_tokens: 6 }],
    [{ max_tokens: null, max_completion_tokens: null }, {}, LIMIT],
    [{ temperature: 0.5 }, {}, { ...LIMIT, temperature: 0.5 }],
    [{ temperature: 1.7 }, {}, { ...LIMIT, temperature: 1 }],
    [{ temperature: 1.7 }, GEMINI, { temperature: 1.7 }],
    [{ top_p: 0.5 }, {}, { ...LIMIT, top_p: 0.5 }],
    [{ temperature: 0, top_p: 0.5 }, {}, { ...LIMIT, temperature: 0 }],
    [{ temperature: 0, top_p: 0.5 }, OLD, { ...LIMIT, temperature: 0, top_p: 0.5 }],
    [{ temperature: 0, top_p: 0.5 }, OTHER, { ...LIMIT, temperature: 0, top_p: 0.5 }],
    [{ temperature: 0, top_p: 0.5 }, NEW, { max_tokens: 32_000 }],
    [{ stop: 'END' }, {}, { ...LIMIT, stop_sequences: ['END'] }],
    [{ stop: ['a\n', '', ' ', '\n'] }, {}, { ...LIMIT, stop_sequences: ['a\n'] }],
    [{ stop: [] }, {}, LIMIT],
    [{ user: 'u "1"' }, {}, { ...LIMIT, metadata: { user_id: 'u "1"' } }],
    [{ user: '', safety_identifier: 's' }, {}, { ...LIMIT, metadata: { user_id: 's' } }],
    [{ n: 1, seed: 7, store: true, metadata: { a: 'b' }, service_tier: 'flex', whatever: {} }, {}, LIMIT],
    [{ response_format: { type: 'text' } }, {}, LIMIT],
    [
      {
        response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: { type: 'object' } } },
      },
      {},
      { ...LIMIT, output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
    ],
    [
      {
        reasoning_effort: 'medium',
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
      },
      NEW,
      {
        max_tokens: 32_000,
        thinking: { type: 'adaptive' },
        output_config: { effort: 'medium', format: { type: 'json_schema', schema: { type: 'object' } } },
      },
    ],
  ];
  for (const [request, options, expected] of cases) {
    it(`${JSON.stringify(request)} for ${options.model ?? 'claude-sonnet-4-5'} become ${JSON.stringify(expected)}`, () => {
      expect(rest(request, options)).to.deep.equal(expected);
    });
  }

  it('ask for JSON in words where the provider has no such mode', () => {
    const system = rest({
      response_format: { type: 'json_object' },
      messages: [{ role: 'system', content: 'a' }, user('b')],
    })['system'] as { text: string }[];
    expect(system.map(({ text }) => text)).to.have.length(2);
    expect(system[1]?.text).to.match(/JSON object and nothing else/);
  });

  const budget = (budget_tokens: number, max_tokens: number) => ({
    thinking: { type: 'enabled', budget_tokens },
    max_tokens,
  });
  const effort = (level: string, thinks = true) => ({
    ...(thinks && { thinking: { type: 'adaptive' } }),
    output_config: { effort: level },
    max_tokens: 32_000,
  });
  const reasoning: [object, TranslationOptions, object][] = [
    [{ reasoning_effort: 'none' }, {}, LIMIT],
    [{ reasoning_effort: 'minimal' }, {}, budget(1024, 9216)],
    [{ reasoning_effort: 'low' }, {}, budget(2048, 10_240)],
    [{ reasoning_effort: 'medium' }, {}, budget(8192, 16_384)],
    [{ reasoning_effort: 'high' }, {}, budget(16_384, 24_576)],
    [{ reasoning_effort: 'xhigh' }, {}, budget(23_808, 32_000)],
    [{ reasoning_effort: 'max' }, OTHER, budget(23_808, 32_000)],
    [{ reasoning_effort: 'high', max_tokens: 10_000 }, {}, budget(8000, 10_000)],
    [{ reasoning_effort: 'high', max_tokens: 1279 }, {}, { max_tokens: 1279 }],
    [{ reasoning_effort: 'high', max_tokens: 1280 }, {}, budget(1024, 1280)],
    [{ reasoning_effort: 'low', temperature: 0.5, top_p: 0.5 }, {}, budget(2048, 10_240)],
    [{ reasoning_effort: 'low' }, OLD, LIMIT],
    [
      { reasoning_effort: 'low', temperature: 0.5 },
      GEMINI,
      { thinking: { type: 'enabled', budget_tokens: 2048 }, temperature: 0.5 },
    ],
    [{ reasoning_effort: 'none' }, GEMINI, { thinking: { type: 'disabled' } }],
    [{ reasoning_effort: 'none' }, NEW, effort('low', false)],
    [{ reasoning_effort: 'minimal' }, NEW, effort('low')],
    [{ reasoning_effort: 'high' }, NEW, effort('high')],
    [{ reasoning_effort: 'xhigh' }, NEW, effort('xhigh')],
    [{ reasoning_effort: 'xhigh' }, MIDDLE, effort('max')],
    [{ reasoning_effort: 'max', temperature: 0.5 }, MIDDLE, effort('max')],
    [{ reasoning_effort: null }, {}, LIMIT],
  ];
  for (const [request, options, expected] of reasoning) {
    it(`${JSON.stringify(request)} for ${options.model ?? 'claude-sonnet-4-5'} become ${JSON.stringify(expected)}`, () => {
      expect(rest(request, options)).to.deep.equal(expected);
    });
  }

  it('let a model think only where its provider takes that', () => {
    const tool = { type: 'function', function: { name: 'f' } };
    const called = { role: 'assistant', tool_calls: [{ id: 't', function: { name: 'f', arguments: '{}' } }] };
    const answered = { role: 'tool', tool_call_id: 't', content: 'r' };
    const thinks = (more: object, options: TranslationOptions = {}) =>
      'thinking' in rest({ reasoning_effort: 'high', tools: [tool], ...more }, options);
    expect(thinks({})).to.equal(true);
    expect(thinks({ tool_choice: 'required' })).to.equal(false);
    expect(thinks({ tool_choice: 'required' }, NEW)).to.equal(false);
    expect(thinks({ tool_choice: 'required' }, GEMINI)).to.equal(true);
    const loop = [user('a'), called, answered];
    expect(thinks({ messages: loop })).to.equal(false);
    expect(thinks({ messages: [...loop, user('b')] })).to.equal(false);
    expect(thinks({ messages: [...loop, { role: 'assistant', content: 'b' }, user('c')] })).to.equal(true);
    expect(thinks({ messages: [user('a'), { role: 'assistant', content: 'b' }] })).to.equal(false);
    expect(thinks({ messages: loop }, NEW)).to.equal(true);
    expect(thinks({ messages: loop }, GEMINI)).to.equal(true);
  });

  const warnings: [object, TranslationOptions, string[]][] = [
    [{ logprobs: true, logit_bias: { 1: 1 } }, {}, ['logprobs is left out', 'logit_bias is left out']],
    [{ logprobs: false, seed: 1, temperature: 1 }, NEW, []],
    [{ temperature: 0.5 }, NEW, ['temperature and top_p are left out: the model takes none']],
    [{ temperature: 0.5, top_p: 1 }, {}, []],
    [{ temperature: 0.5, top_p: 0.9 }, {}, ['top_p is left out: the model takes either temperature or top_p']],
    [{ temperature: 0.5, reasoning_effort: 'low' }, {}, ['temperature and top_p are left out: the model is to think']],
    [{ reasoning_effort: 'low' }, OLD, ['reasoning_effort is left out: the model does not think']],
    [
      { reasoning_effort: 'low', max_tokens: 100 },
      {},
      ['reasoning_effort is left out: max_tokens leaves less than 1024 for it'],
    ],
    [{ response_format: { type: 'grammar' } }, {}, ['response_format of type "grammar" is left out']],
    [{ tools: [{ type: 'web_search' }] }, {}, ['tools.0: tools of type "web_search" are left out']],
  ];
  for (const [request, options, expected] of warnings) {
    it(`${JSON.stringify(request)} warn: ${expected}`, () => {
      expect(translateChat(request, options).warnings).to.deep.equal(expected);
    });
  }

  const mistakes: [object, string][] = [
    [{ n: 2 }, 'n: Input should be 1; the provider gives one answer to a request'],
    [{ max_tokens: 0 }, 'max_tokens: Input should be a positive integer'],
    [{ max_completion_tokens: '5' }, 'max_completion_tokens: Input should be a positive integer'],
    [{ max_tokens: 1.5 }, 'max_tokens: Input should be a positive integer'],
    [{ temperature: 'hot' }, 'temperature: Input should be a valid number'],
    [{ top_p: {} }, 'top_p: Input should be a valid number'],
    [{ stop: [7] }, 'stop: Input should be a string or an array of strings'],
    [{ stop: 7 }, 'stop: Input should be a string or an array of strings'],
    [
      { reasoning_effort: 'huge' },
      "reasoning_effort: Input should be one of 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', not \"huge\"",
    ],
    [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema.schema: Field required'],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: [] } } },
      'response_format.json_schema.schema: Input should be a JSON schema: an object',
    ],
  ];
  for (const [request, expected] of mistakes) {
    it(`are refused: ${expected}`, () => {
      expect(refused(request)).to.equal(expected);
    });
  }
});

describe('tools of a chat request', () => {
  const parameters = { properties: { x: { type: 'string' } }, type: 'object' };
  const fn = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } });
  const EMPTY = { type: 'object', properties: {} };

  it('become tools of the Messages API', () => {
    const tools = [
      fn('a', { description: 'does "a"', parameters, strict: true }),
      fn('b'),
      fn('c', { parameters: {} }),
      fn('d', { parameters: { $schema: 'x', properties: {} }, description: null }),
      { type: 'custom', custom: { name: 'e' } },
    ];
    expect(rest({ tools })['tools']).to.deep.equal([
      { name: 'a', description: 'does "a"', input_schema: parameters },
      { name: 'b', input_schema: EMPTY },
      { name: 'c', input_schema: EMPTY },
      { name: 'd', input_schema: { type: 'object', $schema: 'x', properties: {} } },
    ]);
    expect(rest({ functions: [{ name: 'a', parameters }] })['tools']).to.deep.equal([
      { name: 'a', input_schema: parameters },
    ]);
    expect(rest({ tools: [] })).to.deep.equal({ max_tokens: 8192 });
  });

  const named = { type: 'function', function: { name: 'b' } };
  const choices: [object, object | undefined][] = [
    [{}, undefined],
    [{ parallel_tool_calls: true }, undefined],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'required' }, { type: 'any' }],
    [
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{ tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
    [{ tool_choice: named }, { type: 'tool', name: 'b' }],
    [{ function_call: 'auto' }, { type: 'auto' }],
    [{ function_call: { name: 'b' } }, { type: 'tool', name: 'b' }],
  ];
  for (const [request, expected] of choices) {
    it(`${JSON.stringify(request)} become ${JSON.stringify(expected)}`, () => {
      expect(rest({ tools: [fn('a'), fn('b')], ...request })['tool_choice']).to.deep.equal(expected);
    });
  }

  it('are only those that are allowed', () => {
    const tool_choice = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [named] } };
    const { tools, tool_choice: choice } = rest({ tools: [fn('a'), fn('b')], tool_choice });
    expect([tools, choice]).to.deep.equal([[{ name: 'b', input_schema: EMPTY }], { type: 'any' }]);
  });

  it('are not chosen among where there are none', () => {
    expect(rest({ tool_choice: 'auto', parallel_tool_calls: false, tools: [] })).to.deep.equal({ max_tokens: 8192 });
  });

  const mistakes: [object, string][] = [
    [{ tools: {} }, 'tools: Input should be an array'],
    [{ tools: ['a'] }, 'tools.0: Input should be an object'],
    [{ tools: [{}] }, 'tools.0.type: Field required'],
    [{ tools: [{ type: 'function' }] }, 'tools.0.function.name: Field required'],
    [
      { tools: [fn('a'), fn('b', { parameters: 7 })] },
      'tools.1.function.parameters: Input should be a JSON schema: an object',
    ],
    [{ functions: [{}] }, 'functions.0.name: Field required'],
    [{ tool_choice: 'any' }, "tool_choice: Input should be 'auto', 'required' or 'none'"],
    [{ tool_choice: 7 }, 'tool_choice: Input should be a string or an object'],
    [{ tool_choice: {} }, 'tool_choice.function.name: Field required'],
    [{ tool_choice: { type: 'custom' } }, 'tool_choice.type: a choice of type "custom" is not supported'],
    [{ tool_choice: { type: 'allowed_tools', allowed_tools: {} } }, 'tool_choice.allowed_tools.mode: Field required'],
    [{ function_call: {} }, 'function_call.name: Field required'],
  ];
  for (const [request, expected] of mistakes) {
    it(`are refused: ${expected}`, () => {
      expect(refused(request)).to.equal(expected);
    });
  }
});

describe('the version of a Claude', () => {
  const names: [string, number | null][] = [
    ['claude-3-haiku-20240307', 300],
    ['claude-3-5-sonnet-20241022', 305],
    ['claude-3-7-sonnet-latest', 307],
    ['claude-sonnet-4-20250514', 400],
    ['claude-opus-4@20250514', 400],
    ['claude-opus-4-1-20250805', 401],
    ['claude-sonnet-4-5-20250929', 405],
    ['anthropic/claude-opus-4.6', 406],
    ['anthropic/claude-4.7-opus', 407],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 405],
    ['claude-fable-5', 500],
    ['claude-opus-5-5', 505],
    ['Claude-Mythos-Preview', Number.POSITIVE_INFINITY],
    ['gemini-2.5-pro', null],
    ['deepseek-v3.2', null],
  ];
  for (const [name, version] of names) {
    it(`${name} is ${version}`, () => {
      expect(claudeVersion(name)).to.equal(version);
    });
  }
});
