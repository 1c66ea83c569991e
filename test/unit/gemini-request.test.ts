import type { Content, Part } from '@google/genai';
import { expect } from 'chai';
import fc from 'fast-check';
import { joinUrl } from '../../shared/config/join-url';
import { ask, translate } from '../support/gemini-requests';

const IMAGE = { type: 'base64', media_type: 'image/png', data: 'AAAA' };

function contents(messages: object[], model?: string): Content[] {
  // That they are Contents is what the comparisons with typed values show.
  return translate(ask({}, messages), model === undefined ? {} : { model }).body.contents as Content[];
}

/** Parts of one user message with these blocks. */
function parts(blocks: object[]): Part[] {
  return contents([{ role: 'user', content: blocks }])[0]?.parts ?? [];
}

describe('A request to Gemini', () => {
  describe('goes to', () => {
    const paths: Array<[model: string, stream: boolean, path: string]> = [
      ['gemini-2.5-pro', true, '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse'],
      ['models/gemini-2.5-pro', false, '/v1beta/models/gemini-2.5-pro:generateContent'],
      ['a/b?c:d', false, '/v1beta/models/a%2Fb%3Fc%3Ad:generateContent'],
      ['tunedModels/x-1', false, '/v1beta/tunedModels/x-1:generateContent'],
      ['\ud800', false, '/v1beta/models/%EF%BF%BD:generateContent'],
    ];
    for (const [model, stream, path] of paths) {
      it(path, () => {
        expect(translate(ask(), { model, stream }).path).to.equal(path);
      });
    }

    it('the version of the base URL', () => {
      const { path } = translate(ask(), { model: 'gemini-2.5-pro' });
      const expected = 'https://x/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse';
      for (const base of ['https://x', 'https://x/v1beta', 'https://x/v1beta/models/a:generateContent']) {
        expect(joinUrl(base, path)).to.equal(expected);
      }
    });
  });

  describe('has a systemInstruction', () => {
    const table: Array<[name: string, system: unknown, expected: object | undefined]> = [
      ['from a text', 'Be brief.', { parts: [{ text: 'Be brief.' }] }],
      [
        'from blocks, without the billing header',
        [
          { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=1' },
          { type: 'text', text: 'Be "brief".', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: '' },
          { type: 'text', text: 'And kind.' },
        ],
        { parts: [{ text: 'Be "brief".' }, { text: 'And kind.' }] },
      ],
      ['unless it is empty', '', undefined],
      ['unless nothing is left', [{ type: 'text', text: 'x-anthropic-billing-header: a' }], undefined],
    ];
    for (const [name, system, expected] of table) {
      it(name, () => {
        expect(translate(ask({ system })).body.systemInstruction).to.deep.equal(expected);
      });
    }
  });

  describe('has contents', () => {
    it('with the roles user and model, and merges what is said twice in a row', () => {
      const expected: Content[] = [
        { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] },
        { role: 'model', parts: [{ text: 'c' }] },
        { role: 'user', parts: [{ text: 'd' }] },
      ];
      const messages = [
        { role: 'user', content: 'a' },
        { role: 'user', content: [{ type: 'text', text: 'b', cache_control: { type: 'ephemeral' } }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: '' },
            { type: 'text', text: 'c' },
          ],
        },
        { role: 'assistant', content: '' },
        { role: 'user', content: 'd' },
      ];
      expect(contents(messages)).to.deep.equal(expected);
    });

    it('that begin with the user', () => {
      const [first, second] = contents([{ role: 'assistant', content: 'Hello' }]);
      expect(first?.role).to.equal('user');
      expect(second).to.deep.equal({ role: 'model', parts: [{ text: 'Hello' }] });
    });

    it('with a system message in the middle, marked, as the user’s words', () => {
      const messages = [
        { role: 'user', content: 'a' },
        { role: 'system', content: [{ type: 'text', text: 'note "1"' }] },
        { role: 'system', content: 'note 2' },
      ];
      expect(contents(messages)).to.deep.equal([
        {
          role: 'user',
          parts: [{ text: 'a' }, { text: '<system>\nnote "1"\n</system>' }, { text: '<system>\nnote 2\n</system>' }],
        },
      ]);
    });

    const blocks: Array<[name: string, block: object, expected: Part[]]> = [
      ['an image', { type: 'image', source: IMAGE }, [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }]],
      [
        'an image by its address',
        { type: 'image', source: { type: 'url', url: 'https://x/a.PNG?b=1' } },
        [{ fileData: { fileUri: 'https://x/a.PNG?b=1', mimeType: 'image/png' } }],
      ],
      [
        'an image whose address does not tell its type',
        { type: 'image', source: { type: 'url', url: 'https://x/a' } },
        [{ fileData: { fileUri: 'https://x/a' } }],
      ],
      [
        'a PDF',
        { type: 'document', title: 'T', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
        [{ text: 'Document: T' }, { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } }],
      ],
      [
        'a document with a context',
        { type: 'document', context: 'C', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
        [{ text: 'C' }, { text: 'words' }],
      ],
      [
        'a PDF by its address',
        { type: 'document', source: { type: 'url', url: 'https://x/a' } },
        [{ fileData: { fileUri: 'https://x/a', mimeType: 'application/pdf' } }],
      ],
      [
        'a text document',
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
        [{ text: 'words' }],
      ],
      [
        'a document of blocks',
        {
          type: 'document',
          source: {
            type: 'content',
            content: [
              { type: 'text', text: 'a' },
              { type: 'image', source: IMAGE },
            ],
          },
        },
        [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }],
      ],
      [
        'a search result',
        { type: 'search_result', title: 'T', source: 'https://x', content: [{ type: 'text', text: 'a' }] },
        [{ text: 'T' }, { text: 'https://x' }, { text: 'a' }],
      ],
    ];
    for (const [name, block, expected] of blocks) {
      it(`with ${name}`, () => {
        expect(parts([block])).to.deep.equal(expected);
      });
    }

    it('without thoughts, and without what Gemini does not know, of which the log is told once', () => {
      const { body, warnings } = translate(
        ask({}, [
          { role: 'user', content: 'a' },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'hm', signature: 'EqQB' },
              { type: 'redacted_thinking', data: 'x' },
              { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
              { type: 'server_tool_use', id: 't', name: 'web_search', input: {} },
              { type: 'text', text: 'b' },
            ],
          },
        ]),
      );
      expect(body.contents[1]?.parts).to.deep.equal([{ text: 'b' }]);
      expect(warnings).to.deep.equal(['server_tool_use blocks were left out']);
    });

    it("with the signature of Gemini's own thought on the text behind it", () => {
      const thinking = { type: 'thinking', thinking: 'hm', signature: 'gemini:c2ln' };
      const text = { type: 'text', text: 'b' };
      const said = contents([
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [thinking, text, text] },
      ]);
      expect(said[1]?.parts).to.deep.equal([{ text: 'b', thoughtSignature: 'c2ln' }, { text: 'b' }]);
    });

    it('with every text as the client wrote it', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 2000 }), (text) => {
          const [part] = parts([{ type: 'text', text }]);
          // Half a character does not come through UTF-8.
          expect(part?.text).to.equal(Buffer.from(text).toString());
        }),
      );
    });
  });
});
