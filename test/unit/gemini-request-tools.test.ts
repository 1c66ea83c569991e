import type { Content, FunctionCallingConfig, FunctionDeclaration, Tool } from '@google/genai';
import { expect } from 'chai';
import { BadDocument } from '../../worker/json/view';
import { ask, translate } from '../support/gemini-requests';
import type { Wire } from '../support/gemini-wire';

const SCHEMA = { $schema: 'x', type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = { name: 'get_weather', description: 'Weather "now"', input_schema: SCHEMA };
const TIME = { name: 'get_time', input_schema: { type: 'object', properties: {} } };
const SEARCH = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 };

function tools(tools: object[], more: object = {}, messages?: object[]) {
  return translate(messages === undefined ? ask({ tools, ...more }) : ask({ tools, ...more }, messages));
}

/** Names of the functions that Gemini is offered. */
function offered(list: object[], more: object = {}, messages?: object[]): unknown[] {
  const [tool] = (tools(list, more, messages).body.tools ?? []) as Tool[]; // Compared below.
  return tool?.functionDeclarations?.map(({ name }) => name) ?? [];
}

describe('Tools for Gemini', () => {
  it('are function declarations, with a schema where they have arguments', () => {
    const functionDeclarations: FunctionDeclaration[] = [
      {
        name: 'get_weather',
        description: 'Weather "now"',
        parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
      { name: 'get_time' },
    ];
    const expected: Tool[] = [{ functionDeclarations }];
    expect(
      tools([
        { ...WEATHER, cache_control: {} },
        { type: 'custom', ...TIME },
      ]).body.tools,
    ).to.deep.equal(expected);
  });

  it('are not there when there are none', () => {
    expect(tools([]).body).not.to.have.any.keys('tools', 'toolConfig');
    expect(tools([], { tool_choice: { type: 'auto' } }).body).not.to.have.any.keys('tools', 'toolConfig');
  });

  it('are left out while they are deferred', () => {
    const deferred = { ...TIME, defer_loading: true };
    expect(offered([WEATHER, deferred])).to.deep.equal(['get_weather']);
    expect(offered([WEATHER, deferred], { tool_choice: { type: 'tool', name: 'get_time' } })).to.have.length(2);
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'ToolSearch', input: {} }] },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'toolu_1',
            content: [{ type: 'tool_reference', tool_name: 'get_time' }],
          },
        ],
      },
    ];
    expect(offered([WEATHER, deferred], {}, messages)).to.deep.equal(['get_weather', 'get_time']);
    expect(tools([WEATHER, deferred], {}, messages).body.contents[2]?.parts).to.deep.equal([
      { functionResponse: { name: 'ToolSearch', response: { output: 'Tool loaded: get_time' } } },
    ]);
  });

  it('search where nothing else is offered', () => {
    const expected: Tool[] = [{ googleSearch: {} }];
    const { body, warnings } = tools([SEARCH], { tool_choice: { type: 'tool', name: 'web_search' } });
    expect(body.tools).to.deep.equal(expected);
    expect(body).not.to.have.property('toolConfig');
    expect(warnings).to.deep.equal([]);
  });

  it('leave the search out beside functions, and tools that only Anthropic has, and say so', () => {
    const { body, warnings } = tools([SEARCH, WEATHER, { type: 'computer_20250124', name: 'computer' }]);
    expect(body.tools).to.have.length(1);
    expect(JSON.stringify(body.tools)).not.to.contain('earch');
    expect(warnings).to.have.length(2);
    expect(warnings.join()).to.contain('web_search_20250305').and.to.contain('computer_20250124');
  });

  describe('are chosen by', () => {
    const choices: Array<[choice: object, expected: Wire<FunctionCallingConfig>]> = [
      [{ type: 'auto' }, { mode: 'AUTO' }],
      [{ type: 'any' }, { mode: 'ANY' }],
      [{ type: 'none' }, { mode: 'NONE' }],
      [
        { type: 'tool', name: 'get_time' },
        { mode: 'ANY', allowedFunctionNames: ['get_time'] },
      ],
    ];
    for (const [choice, expected] of choices) {
      it(JSON.stringify(choice), () => {
        const { body } = tools([WEATHER, TIME], { tool_choice: choice });
        expect(body.toolConfig).to.deep.equal({ functionCallingConfig: expected });
      });
    }

    it('one at a time, which Gemini does not have', () => {
      const { body, warnings } = tools([TIME], { tool_choice: { type: 'auto', disable_parallel_tool_use: true } });
      expect(body.toolConfig).to.deep.equal({ functionCallingConfig: { mode: 'AUTO' } });
      expect(warnings).to.have.length(1);
    });
  });

  describe('are refused with the name of what is wrong:', () => {
    const bad: Array<[tools: object[], choice: object, message: RegExp]> = [
      [[{ input_schema: {} }], {}, /^tools\.0\.name: /],
      [[WEATHER, { name: 'x', input_schema: 1 }], {}, /^tools\.1\.input_schema: /],
      [[WEATHER], { tool_choice: { type: 'all' } }, /^tool_choice\.type: /],
      [[WEATHER], { tool_choice: { type: 'tool' } }, /^tool_choice\.name: Field/],
      [[WEATHER], { tool_choice: { type: 'tool', name: 'x' } }, /^tool_choice\.name: no tool .* "x"$/],
    ];
    for (const [list, choice, message] of bad) {
      it(String(message), () => {
        expect(() => tools(list, choice)).to.throw(BadDocument, message);
      });
    }

    it('schemas that grow without end', () => {
      const text = 'x'.repeat(9000);
      const $defs = { a: { type: 'string', description: text } };
      const properties = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`p${i}`, { $ref: '#/$defs/a' }]));
      const tool = { name: 'f', input_schema: { type: 'object', $defs, properties } };
      expect(() => tools(Array.from({ length: 200 }, () => tool))).to.throw(BadDocument, /^tools: /);
    });
  });
});

const use = (id: string, name: string, input: object = {}) => ({ type: 'tool_use', id, name, input });
const result = (id: string, content?: unknown, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  ...(content === undefined ? {} : { content }),
  ...more,
});

/** Contents of a conversation in which the model makes these calls and the user answers with these blocks. */
function conversation(calls: object[], results: object[], model = 'gemini-2.5-pro'): Content[] {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: calls },
    { role: 'user', content: results },
  ];
  return translate(ask({}, messages), { model }).body.contents as Content[]; // Compared with Contents.
}

describe('Calls and their results for Gemini', () => {
  it('are functionCall and functionResponse, with the name of the call', () => {
    const expected: Content[] = [
      { role: 'user', parts: [{ text: 'a' }] },
      { role: 'model', parts: [{ text: 'b' }, { functionCall: { name: 'f', args: { x: 1 } } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'ok "1"' } } }] },
    ];
    const calls = [{ type: 'text', text: 'b' }, use('toolu_1', 'f', { x: 1 })];
    expect(conversation(calls, [result('toolu_1', 'ok "1"')])).to.deep.equal(expected);
  });

  it("carry Gemini's own id and signature", () => {
    const id = 'toolu_gem_fc-1__sig_-_8';
    const [, model, user] = conversation([use(id, 'f')], [result(id, 'ok')]);
    expect(model?.parts).to.deep.equal([
      { functionCall: { name: 'f', args: {}, id: 'fc-1' }, thoughtSignature: '+/8=' },
    ]);
    expect(user?.parts).to.deep.equal([{ functionResponse: { name: 'f', response: { output: 'ok' }, id: 'fc-1' } }]);
  });

  describe("without a signature, another provider's", () => {
    const signatures = (calls: object[], model: string) =>
      conversation(calls, [], model)[1]?.parts?.map((part) => part.thoughtSignature ?? null);
    const STAND_IN = 'skip_thought_signature_validator';

    for (const model of ['gemini-3-pro-preview', 'gemini-3.8-flash', 'gemini-flash-latest', 'models/gemini-4-argon']) {
      it(`get Google's stand-in on the first of a step for ${model}`, () => {
        expect(signatures([use('toolu_1', 'f'), use('toolu_2', 'g')], model)).to.deep.equal([STAND_IN, null]);
      });
    }

    for (const model of ['gemini-2.5-pro', 'gemini-2.0-flash', 'gemma-3-27b-it', 'other']) {
      it(`get none for ${model}`, () => {
        expect(signatures([use('toolu_1', 'f')], model)).to.deep.equal([null]);
      });
    }

    it('get none when the first of the step is signed', () => {
      const calls = [use('toolu_a__sig_c2ln', 'f'), use('toolu_b', 'f')];
      expect(signatures(calls, 'gemini-3-pro')).to.deep.equal(['c2ln', null]);
    });

    it('get one in every step', () => {
      const messages = [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [use('toolu_1', 'f')] },
        { role: 'user', content: [result('toolu_1')] },
        { role: 'assistant', content: [use('toolu_2', 'f')] },
        { role: 'user', content: [result('toolu_2')] },
      ];
      const contents = translate(ask({}, messages)).body.contents;
      expect(contents.map(({ parts }) => parts[0]?.['thoughtSignature'])).to.deep.equal([
        undefined,
        STAND_IN,
        undefined,
        STAND_IN,
        undefined,
      ]);
    });
  });

  it('stand in one content, in the order of the calls, before everything else', () => {
    const calls = [use('toolu_1', 'f'), use('toolu_2', 'g'), use('toolu_3', 'f')];
    const results = [
      { type: 'text', text: 'reminder' },
      result('toolu_3', '3'),
      result('toolu_1', '1'),
      { type: 'text', text: 'more' },
      result('toolu_2', '2'),
    ];
    expect(conversation(calls, results)[2]?.parts).to.deep.equal([
      { functionResponse: { name: 'f', response: { output: '1' } } },
      { functionResponse: { name: 'g', response: { output: '2' } } },
      { functionResponse: { name: 'f', response: { output: '3' } } },
      { text: 'reminder' },
      { text: 'more' },
    ]);
  });

  it('find the nearest call where an id comes again', () => {
    const turn = (name: string) => [
      { role: 'assistant', content: [use('call_0', name)] },
      { role: 'user', content: [result('call_0', name)] },
    ];
    const messages = [{ role: 'user', content: 'a' }, ...turn('f'), ...turn('g')];
    const contents = translate(ask({}, messages)).body.contents;
    expect(JSON.stringify([contents[2], contents[4]])).to.equal(
      '[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"f"}}}]},' +
        '{"role":"user","parts":[{"functionResponse":{"name":"g","response":{"output":"g"}}}]}]',
    );
  });

  describe('of the form', () => {
    const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const inlineData = { mimeType: 'image/png', data: 'AAAA' };
    const forms: Array<[name: string, block: object, model: string, expected: Content['parts']]> = [
      ['nothing', result('toolu_1'), 'gemini-2.5-pro', [{ functionResponse: { name: 'f', response: { output: '' } } }]],
      [
        'texts',
        result('toolu_1', [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b"' },
        ]),
        'gemini-2.5-pro',
        [{ functionResponse: { name: 'f', response: { output: 'a\nb"' } } }],
      ],
      [
        'an error',
        result('toolu_1', 'no', { is_error: true }),
        'gemini-2.5-pro',
        [{ functionResponse: { name: 'f', response: { error: 'no' } } }],
      ],
      [
        'an image, for Gemini 3',
        result('toolu_1', [{ type: 'text', text: 'a' }, IMAGE, IMAGE]),
        'gemini-3-pro-preview',
        [
          {
            functionResponse: {
              name: 'f',
              response: { output: 'a' },
              parts: [{ inlineData }, { inlineData }],
            },
          },
        ],
      ],
      [
        'an image, for others',
        result('toolu_1', [IMAGE]),
        'gemini-2.5-flash',
        [{ functionResponse: { name: 'f', response: { output: '' } } }, { inlineData }],
      ],
      [
        'an image by its address',
        result('toolu_1', [{ type: 'image', source: { type: 'url', url: 'https://x/a.webp' } }]),
        'gemini-3-pro-preview',
        [
          { functionResponse: { name: 'f', response: { output: '' } } },
          { fileData: { fileUri: 'https://x/a.webp', mimeType: 'image/webp' } },
        ],
      ],
    ];
    for (const [name, block, model, expected] of forms) {
      it(name, () => {
        expect(conversation([use('toolu_1', 'f')], [block], model)[2]?.parts).to.deep.equal(expected);
      });
    }
  });

  describe('are refused with the name of what is wrong:', () => {
    const bad: Array<[calls: object[], results: object[], message: RegExp]> = [
      [[{ type: 'tool_use', name: 'f' }], [], /^messages\.1\.content\.0\.id: /],
      [[{ type: 'tool_use', id: 'a' }], [], /^messages\.1\.content\.0\.name: /],
      [[{ ...use('a', 'f'), input: 1 }], [], /^messages\.1\.content\.0\.input: /],
      [[use('a', 'f')], [{ type: 'tool_result' }], /^messages\.2\.content\.0\.tool_use_id: Field/],
      [[use('a', 'f')], [result('b')], /^messages\.2\.content\.0\.tool_use_id: no tool_use/],
      [[use('a', 'f')], [result('a', 1)], /^messages\.2\.content\.0\.content: /],
      [[use('a', 'f')], [result('a', [{}])], /^messages\.2\.content\.0\.content\.0\.type: /],
      [
        [use('a', 'f')],
        [result('a', [{ type: 'tool_reference' }])],
        /^messages\.2\.content\.0\.content\.0\.tool_name: /,
      ],
      [[use('a', 'f')], [result('a', [{ type: 'image' }])], /^messages\.2\.content\.0\.content\.0\.source\.type: /],
    ];
    for (const [calls, results, message] of bad) {
      it(String(message), () => {
        expect(() => conversation(calls, results)).to.throw(BadDocument, message);
      });
    }
  });
});
