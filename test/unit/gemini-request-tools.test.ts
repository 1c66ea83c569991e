import type { FunctionCallingConfig, FunctionDeclaration, Tool } from '@google/genai';
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

  it('are offered though deferred where a call names them, or where nobody can search for them', () => {
    const deferred = { ...TIME, defer_loading: true };
    const called = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_time', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '12' }] },
    ];
    expect(offered([WEATHER, deferred], {}, called)).to.deep.equal(['get_weather', 'get_time']);
    const toolSearch = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' };
    expect(offered([toolSearch, WEATHER, deferred])).to.deep.equal(['get_weather', 'get_time']);
  });

  it('are not demanded where they were left out', () => {
    const { body } = tools([SEARCH, WEATHER], { tool_choice: { type: 'tool', name: 'web_search' } });
    expect(body.tools).to.have.length(1);
    expect(body).not.to.have.property('toolConfig');
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
