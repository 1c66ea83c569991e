import { expect } from 'chai';
import fc from 'fast-check';
import { readDocument } from '../../worker/dialects/gemini/read-document';
import { readStream } from '../../worker/dialects/gemini/read-stream';
import { RecordingSink } from '../support/recording-sink';

function read(body: string | Buffer, cuts: number[] = []): unknown[][] {
  const sink = new RecordingSink();
  const reader = readDocument(sink);
  const bytes = Buffer.from(body);
  let done = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.feed(bytes.subarray(done, cut));
    done = cut;
  }
  reader.end();
  return sink.calls;
}

const ANSWER = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [
          { text: 'Hm', thought: true },
          { text: 'Grüezi', thoughtSignature: 'c2ln' },
        ],
      },
      finishReason: 'STOP',
    },
  ],
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 3, thoughtsTokenCount: 4, cachedContentTokenCount: 2 },
  modelVersion: 'gemini-2.5-pro',
  responseId: 'r',
};

const CALLS = [
  ['begin', 'r', 'gemini-2.5-pro', { input: 10, output: 7, cacheRead: 2, cacheCreation: 0 }],
  ['thinking', 'Hm'],
  ['signature', 'gemini:c2ln'],
  ['text', 'Grüezi'],
  ['end', 'end_turn', null, { input: 10, output: 7, cacheRead: 2, cacheCreation: 0 }],
];

describe('A document of Gemini', () => {
  it('is read whole, however it arrives', () => {
    const body = Buffer.from(JSON.stringify(ANSWER, null, 2));
    expect(read(body)).to.deep.equal(CALLS);
    for (let cut = 1; cut < body.length; cut++) expect(read(body, [cut])).to.deep.equal(CALLS);
  });

  it('may be the array that a stream without alt=sse is', () => {
    const { candidates, usageMetadata, ...head } = ANSWER;
    const parts = candidates[0]?.content.parts ?? [];
    const first = { candidates: [{ content: { parts: parts.slice(0, 1) } }], usageMetadata, ...head };
    const last = { candidates: [{ content: { parts: parts.slice(1) }, finishReason: 'STOP' }] };
    expect(read(JSON.stringify([first, last], null, 2))).to.deep.equal(CALLS);
  });

  const ugly: Array<[name: string, body: string, message: RegExp]> = [
    ['nothing', ' \n', /sent no answer/],
    ['a page', '<html>', /not JSON/],
    ['half a document', JSON.stringify(ANSWER).slice(0, -1), /not JSON/],
    ['a text', '"a"', /no object/],
    ['an empty array', '[]', /ended before/],
    ['no candidates', '{"candidates":[]}', /ended before/],
    ['no reason', '{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}', /ended before/],
    ['an error', '[{"error":{"code":500,"message":"Internal error","status":"INTERNAL"}}]', /^Internal error$/],
  ];
  for (const [name, body, message] of ugly) {
    it(`that is ${name} is a failure`, () => {
      const [call, error] = read(body).at(-1) ?? [];
      expect(call).to.equal('fail');
      expect((error as { message: string }).message).to.match(message); // That is what fail takes.
    });
  }

  it('of any content makes neither reader throw, and ends or fails exactly once', () => {
    const leaf = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>('STOP', 'OTHER', '', true));
    const part = fc.record(
      {
        text: leaf,
        thought: leaf,
        thoughtSignature: leaf,
        functionCall: fc.oneof(leaf, fc.dictionary(fc.constantFrom('name', 'id', 'args'), leaf)),
      },
      { requiredKeys: [] },
    );
    const response = fc.record(
      {
        candidates: fc.oneof(
          leaf,
          fc.array(
            fc.record(
              {
                content: fc.oneof(leaf, fc.record({ parts: fc.array(part) })),
                finishReason: leaf,
                finishMessage: leaf,
              },
              { requiredKeys: [] },
            ),
          ),
        ),
        usageMetadata: fc.oneof(leaf, fc.dictionary(fc.constantFrom('promptTokenCount', 'thoughtsTokenCount'), leaf)),
        promptFeedback: leaf,
        error: fc.option(leaf, { nil: undefined, freq: 3 }),
        modelVersion: leaf,
        responseId: leaf,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(response, { maxLength: 5 }), (responses) => {
        const sink = new RecordingSink();
        const reader = readStream(sink);
        reader.feed(Buffer.from(responses.map((item) => `data: ${JSON.stringify(item)}\n\n`).join('')));
        reader.end();
        reader.end();
        for (const calls of [sink.calls, read(JSON.stringify(responses))]) {
          const last = calls.filter(([name]) => name === 'end' || name === 'fail');
          expect(last).to.have.length(1);
          expect(calls.at(-1)).to.equal(last[0]);
          expect(calls.filter(([name]) => name === 'begin').length).to.be.at.most(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
