import type { Content } from '@google/genai';
import { expect } from 'chai';
import { BadDocument } from '../../worker/json/view';
import { ask, translate } from '../support/gemini-requests';

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
        'documents and search results',
        result('toolu_1', [
          { type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
          { type: 'document', context: 'C', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
          { type: 'search_result', title: 'S', source: 'https://x', content: [{ type: 'text', text: 'found' }] },
        ]),
        'gemini-3-pro-preview',
        [
          {
            functionResponse: {
              name: 'f',
              response: { output: 'Document: T\nwords\nC\nS\nhttps://x\nfound' },
              parts: [{ inlineData: { mimeType: 'application/pdf', data: 'AAAA' } }],
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
