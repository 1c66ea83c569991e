import type { GenerateContentConfig, ThinkingConfig } from '@google/genai';
import { expect } from 'chai';
import { BadDocument } from '../../worker/json/view';
import { ask, translate } from '../support/gemini-requests';
import type { Wire } from '../support/gemini-wire';

type Config = Wire<
  Pick<
    GenerateContentConfig,
    'maxOutputTokens' | 'temperature' | 'topP' | 'topK' | 'stopSequences' | 'responseMimeType' | 'responseJsonSchema'
  >
>;

function config(more: object, model = 'gemini-2.5-pro') {
  const { body, warnings } = translate(ask({ max_tokens: undefined, ...more }), { model });
  return { config: body.generationConfig, warnings };
}

describe("Gemini's generationConfig", () => {
  const FORMAT = { type: 'json_schema', schema: { type: 'object', properties: { a: { const: 'x' } } } };
  const table: Array<[name: string, more: object, expected: Config]> = [
    [
      'has limits and sampling',
      { max_tokens: 32000, temperature: 0.25, top_p: 0.5, top_k: 40, stop_sequences: ['a', '', '"'] },
      { maxOutputTokens: 32000, temperature: 0.25, topP: 0.5, topK: 40, stopSequences: ['a', '"'] },
    ],
    [
      'has the form of an answer',
      { output_config: { format: FORMAT } },
      {
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object', properties: { a: { type: 'string', enum: ['x'] } } },
      },
    ],
  ];
  for (const [name, more, expected] of table) {
    it(name, () => {
      expect(config(more)).to.deep.equal({ config: expected, warnings: [] });
    });
  }

  it('is not there when nothing is asked for', () => {
    expect(config({ metadata: { user_id: 'u' }, stop_sequences: [] }).config).to.equal(undefined);
  });

  it('has five stop sequences at most, and says so', () => {
    const { config: made, warnings } = config({ stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] });
    expect(made?.['stopSequences']).to.have.length(5);
    expect(warnings).to.have.length(1);
  });

  it('has no form beside functions before Gemini 3', () => {
    const more = { output_config: { format: FORMAT }, tools: [{ name: 'f', input_schema: {} }] };
    const old = config(more, 'gemini-2.5-flash');
    expect(old.config).to.equal(undefined);
    expect(old.warnings).to.have.length(1);
    expect(config(more, 'gemini-3.5-flash').config).to.have.property('responseJsonSchema');
  });

  describe('has thinking', () => {
    const enabled = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
    const ADAPTIVE = { thinking: { type: 'adaptive' } };
    const OFF = { thinking: { type: 'disabled' } };
    const effort = (effort: string) => ({ output_config: { effort } });
    const thoughts: Array<[model: string, more: object, expected: Wire<ThinkingConfig> | undefined]> = [
      ['gemini-2.5-pro', {}, undefined],
      ['gemini-2.5-pro', enabled(4000), { includeThoughts: true, thinkingBudget: 4000 }],
      ['gemini-2.5-pro', enabled(1), { includeThoughts: true, thinkingBudget: 128 }],
      ['gemini-2.5-pro', enabled(99999), { includeThoughts: true, thinkingBudget: 32768 }],
      ['gemini-2.5-flash', enabled(31999), { includeThoughts: true, thinkingBudget: 24576 }],
      ['gemini-2.5-flash-lite', enabled(100), { includeThoughts: true, thinkingBudget: 512 }],
      ['gemini-2.5-pro', ADAPTIVE, { includeThoughts: true, thinkingBudget: -1 }],
      ['gemini-2.5-pro', { thinking: true }, { includeThoughts: true, thinkingBudget: -1 }],
      ['gemini-2.5-pro', { ...ADAPTIVE, ...effort('high') }, { includeThoughts: true, thinkingBudget: -1 }],
      ['gemini-2.5-pro', { ...ADAPTIVE, ...effort('low') }, { includeThoughts: true, thinkingBudget: 1024 }],
      [
        'gemini-2.5-pro',
        { thinking: { type: 'adaptive', display: 'omitted' } },
        { includeThoughts: false, thinkingBudget: -1 },
      ],
      ['gemini-2.5-pro', OFF, { thinkingBudget: 128 }],
      ['gemini-2.5-flash', OFF, { thinkingBudget: 0 }],
      ['models/gemini-2.5-flash-lite', OFF, { thinkingBudget: 0 }],
      ['gemini-3-pro-preview', {}, undefined],
      ['gemini-3-pro-preview', ADAPTIVE, { includeThoughts: true, thinkingLevel: 'HIGH' }],
      ['gemini-3-pro-preview', { ...ADAPTIVE, ...effort('medium') }, { includeThoughts: true, thinkingLevel: 'HIGH' }],
      [
        'gemini-3.1-pro-preview',
        { ...ADAPTIVE, ...effort('medium') },
        { includeThoughts: true, thinkingLevel: 'MEDIUM' },
      ],
      ['gemini-3.1-pro-preview', effort('low'), { thinkingLevel: 'LOW' }],
      ['gemini-3-flash-preview', { ...ADAPTIVE, ...effort('max') }, { includeThoughts: true, thinkingLevel: 'HIGH' }],
      ['gemini-3-flash-preview', enabled(4000), { includeThoughts: true, thinkingLevel: 'LOW' }],
      ['gemini-3-flash-preview', enabled(10000), { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
      ['gemini-3-flash-preview', enabled(31999), { includeThoughts: true, thinkingLevel: 'HIGH' }],
      ['gemini-3-flash-preview', OFF, { thinkingLevel: 'MINIMAL' }],
      ['gemini-3-pro-preview', OFF, { thinkingLevel: 'LOW' }],
      ['gemini-3.8-flash', OFF, { thinkingLevel: 'LOW' }],
      ['gemini-flash-latest', OFF, { thinkingLevel: 'LOW' }],
      ['gemini-2.0-flash', ADAPTIVE, undefined],
      ['gemini-2.5-flash-image', ADAPTIVE, undefined],
      ['gemma-3-27b-it', ADAPTIVE, undefined],
    ];
    for (const [model, more, expected] of thoughts) {
      it(`for ${model} and ${JSON.stringify(more)}`, () => {
        expect(config(more, model).config?.['thinkingConfig']).to.deep.equal(expected);
      });
    }

    it('but says when it is left out', () => {
      expect(config(ADAPTIVE, 'gemma-3-27b-it').warnings).to.have.length(1);
    });
  });

  describe('is refused with the name of what is wrong:', () => {
    const bad: Array<[more: object, message: RegExp]> = [
      [{ max_tokens: 'many' }, /^max_tokens: /],
      [{ max_tokens: 1.5 }, /^max_tokens: /],
      [{ max_tokens: 0 }, /^max_tokens: /],
      [{ temperature: 'hot' }, /^temperature: /],
      [{ stop_sequences: [1] }, /^stop_sequences\.0: /],
      [{ thinking: { type: 'deep' } }, /^thinking\.type: /],
      [{ thinking: { type: 'enabled', budget_tokens: 'x' } }, /^thinking\.budget_tokens: /],
      [{ output_config: { format: { type: 'xml' } } }, /^output_config\.format: /],
    ];
    for (const [more, message] of bad) {
      it(`${JSON.stringify(more)}`, () => {
        expect(() => config(more)).to.throw(BadDocument, message);
      });
    }
  });
});
