import { expect } from 'chai';
import { decodeCallId } from '../../worker/dialects/gemini/call-ids';
import { readStream } from '../../worker/dialects/gemini/read-stream';
import { RecordingSink } from '../support/recording-sink';

const HEAD = { modelVersion: 'gemini-3.8-flash', responseId: 'resp1' };

function parts(parts: object[], more: object = {}, candidate: object = {}): object {
  return { candidates: [{ content: { parts, role: 'model' }, index: 0, ...candidate }], ...HEAD, ...more };
}

const text = (text: string, more: object = {}) => parts([{ text }], more);
const end = (finishReason = 'STOP', more: object = {}) => parts([{ text: '' }], more, { finishReason });

function sse(responses: object[]): string {
  return responses.map((response) => `data: ${JSON.stringify(response)}\r\n\r\n`).join('');
}

function read(body: string | Uint8Array, cut?: number): unknown[][] {
  const sink = new RecordingSink();
  const reader = readStream(sink);
  const bytes = Buffer.from(body);
  if (cut === undefined) reader.feed(bytes);
  else for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) reader.feed(piece);
  reader.end();
  return sink.calls;
}

/** Calls without their ids, which are random. */
function content(calls: unknown[][]): unknown[][] {
  return calls.slice(1).map((call) => (call[0] === 'toolCall' ? ['toolCall', call[2]] : call));
}

describe('A stream of Gemini', () => {
  it('becomes begin, text and end, with counts that exclude the cache', () => {
    const first = { promptTokenCount: 100, cachedContentTokenCount: 80, totalTokenCount: 100 };
    const last = { ...first, candidatesTokenCount: 7, thoughtsTokenCount: 5, toolUsePromptTokenCount: 3 };
    expect(
      read(sse([text('Hel', { usageMetadata: first }), text('lo'), end('STOP', { usageMetadata: last })])),
    ).to.deep.equal([
      ['begin', 'resp1', 'gemini-3.8-flash', { input: 20, output: 0, cacheRead: 80, cacheCreation: 0 }],
      ['text', 'Hello'],
      ['end', 'end_turn', null, { input: 23, output: 12, cacheRead: 80, cacheCreation: 0 }],
    ]);
  });

  it('keeps a count that later responses do not repeat', () => {
    const calls = read(
      sse([
        text('a', { usageMetadata: { cachedContentTokenCount: 4 } }),
        end('STOP', { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1 } }),
      ]),
    );
    expect(calls.at(-1)?.[3]).to.deep.equal({ input: 6, output: 1, cacheRead: 4, cacheCreation: 0 });
  });

  it('takes the counts of a response behind the one with the reason', () => {
    const calls = read(sse([text('a'), end(), { ...HEAD, usageMetadata: { promptTokenCount: 9 } }]));
    expect(calls.at(-1)).to.deep.equal([
      'end',
      'end_turn',
      null,
      { input: 9, output: 0, cacheRead: 0, cacheCreation: 0 },
    ]);
  });

  it('has no counts where Gemini gives none', () => {
    expect(read(sse([text('a'), end()])).at(-1)).to.deep.equal(['end', 'end_turn', null, null]);
  });

  it('tells thoughts from text, and hands on the signature of a thought', () => {
    const calls = read(
      sse([
        parts([{ text: 'Let me ', thought: true }]),
        parts([{ text: 'think', thought: true }]),
        parts([{ text: 'So: ', thoughtSignature: 'c2ln' }, { text: '4' }]),
        end(),
      ]),
    );
    expect(content(calls)).to.deep.equal([
      ['thinking', 'Let me think'],
      ['signature', 'gemini:c2ln'],
      ['text', 'So: 4'],
      ['end', 'end_turn', null, null],
    ]);
  });

  it('drops a signature when no thought is open', () => {
    const calls = read(sse([text('a'), parts([{ text: '', thoughtSignature: 'c2ln' }], {}, { finishReason: 'STOP' })]));
    expect(content(calls)).to.deep.equal([
      ['text', 'a'],
      ['end', 'end_turn', null, null],
    ]);
  });

  it('reads calls, whole, with ids that carry the signature', () => {
    const calls = read(
      sse([
        parts([
          { functionCall: { id: 'fc1', name: 'get_weather', args: { city: 'Bern "x"' } }, thoughtSignature: 'c2ln' },
          { functionCall: { name: 'get_time' } },
          { functionCall: { name: 'get_time', args: {} } },
        ]),
        end(),
      ]),
    );
    expect(content(calls)).to.deep.equal([
      ['toolCall', 'get_weather'],
      ['toolArguments', '{\\"city\\":\\"Bern \\\\\\"x\\\\\\"\\"}'],
      ['toolCall', 'get_time'],
      ['toolCall', 'get_time'],
      ['end', 'tool_use', null, null],
    ]);
    const ids = calls.filter((call) => call[0] === 'toolCall').map((call) => String(call[1]));
    expect(decodeCallId(ids[0] ?? '')).to.deep.equal({ given: 'fc1', signature: 'c2ln' });
    expect(decodeCallId(ids[1] ?? '')).to.deep.equal({ given: null, signature: null });
    expect(new Set(ids).size).to.equal(3);
  });

  it('gives calls different ids even where Gemini does not', () => {
    const call = { functionCall: { id: 'same', name: 'f' } };
    const calls = read(sse([parts([call, call]), end()]));
    const ids = calls.filter((call) => call[0] === 'toolCall').map((call) => call[1]);
    expect(new Set(ids).size).to.equal(2);
  });

  it('keeps numbers in arguments as Gemini wrote them', () => {
    const body =
      '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"n":12345678901234567890}}}]}}]}';
    expect(content(read(`data: ${body}\n\n${sse([end()])}`))[1]).to.deep.equal([
      'toolArguments',
      '{\\"n\\":12345678901234567890}',
    ]);
  });

  it('takes the first candidate, and leaves out what Anthropic has no block for', () => {
    const calls = read(
      sse([
        {
          candidates: [
            {
              content: {
                parts: [
                  { executableCode: { code: 'print(1)' } },
                  { inlineData: { mimeType: 'image/png', data: 'AA' } },
                  { text: 'one' },
                ],
              },
            },
            { content: { parts: [{ text: 'two' }] } },
          ],
        },
        end(),
      ]),
    );
    expect(content(calls)[0]).to.deep.equal(['text', 'one']);
  });

  describe('ends', () => {
    const reasons: Array<[finishReason: string, stopReason: string]> = [
      ['STOP', 'end_turn'],
      ['MAX_TOKENS', 'max_tokens'],
      ...['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY', 'LANGUAGE'].map(
        (reason): [string, string] => [reason, 'refusal'],
      ),
      ['SOMETHING_NEW', 'end_turn'],
    ];
    for (const [finishReason, stopReason] of reasons) {
      it(`${finishReason} as ${stopReason}`, () => {
        expect(read(sse([text('a'), end(finishReason)])).at(-1)).to.deep.equal(['end', stopReason, null, null]);
      });
    }

    for (const reason of ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'OTHER', 'MISSING_THOUGHT_SIGNATURE']) {
      it(`${reason} as a failure that names it`, () => {
        const last = parts([], {}, { finishReason: reason, finishMessage: 'because of key=abcdefgh' });
        expect(read(sse([text('a'), last])).at(-1)).to.deep.equal([
          'fail',
          { type: 'api_error', message: `The provider ended its answer with ${reason}: because of key=…` },
        ]);
      });
    }

    it('an unknown reason without content as a failure', () => {
      expect(read(sse([parts([], {}, { finishReason: 'constructor' })])).at(-1)?.[0]).to.equal('fail');
    });

    it('a blocked prompt as a refusal', () => {
      const calls = read(sse([{ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...HEAD }]));
      expect(calls).to.deep.equal([
        ['begin', 'resp1', 'gemini-3.8-flash', null],
        ['end', 'refusal', null, null],
      ]);
    });

    it('a stream that was cut as a failure', () => {
      expect(read(sse([text('a')])).at(-1)).to.deep.equal([
        'fail',
        { type: 'api_error', message: "The provider's answer ended before its last event" },
      ]);
      expect(read('').at(-1)?.[0]).to.equal('fail');
      expect(read(sse([{ candidates: [], ...HEAD }])).at(-1)?.[0]).to.equal('fail');
    });

    it('an error within the stream as that error, and reads nothing behind it', () => {
      const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
      expect(content(read(sse([text('a'), error, text('b'), end()])))).to.deep.equal([
        ['text', 'a'],
        ['fail', { type: 'overloaded_error', message: 'The model is overloaded.' }],
      ]);
    });
  });

  describe('survives', () => {
    const ugly: Array<[name: string, body: string, message: RegExp]> = [
      ['what is not JSON', 'data: {"candidates":\n\n', /not JSON/],
      ['a number', 'data: 1\n\n', /not JSON/],
      ['a call without a name', sse([parts([{ functionCall: {} }])]), /without naming it/],
      ['arguments that are no object', sse([parts([{ functionCall: { name: 'f', args: [1] } }])]), /no object/],
      [
        'members of the wrong kind',
        sse([{ candidates: 1, usageMetadata: 'x', promptFeedback: [], error: 1 }]),
        /ended before/,
      ],
      ['parts of the wrong kind', sse([parts([1 as unknown as object, { text: 1, thought: 'x' }])]), /ended before/],
      ['a thousand thousands of levels', `data: ${'['.repeat(1e6)}${']'.repeat(1e6)}\n\n`, /ended before/],
      [
        'too many members',
        `data: {"candidates":[{"content":{"parts":[{${Array.from({ length: 10_001 }, (_, i) => `"${i}":0`).join(',')}}]}}]}\n\n`,
        /cannot be read/,
      ],
    ];
    for (const [name, body, message] of ugly) {
      it(name, () => {
        const [call, error] = read(body).at(-1) ?? [];
        expect(call).to.equal('fail');
        expect((error as { type: string; message: string }).type).to.equal('api_error'); // That is what fail takes.
        expect((error as { type: string; message: string }).message).to.match(message);
      });
    }

    it('arguments of any depth', () => {
      const args = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
      const calls = read(
        `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":${args}}}]},"finishReason":"STOP"}]}\n\n`,
      );
      expect(calls.at(-1)?.slice(0, 2)).to.deep.equal(['end', 'tool_use']);
    });

    it('empty events, [DONE], an array as event, and a missing last line', () => {
      const body = `data:\n\ndata: [${JSON.stringify(text('a'))}]\n\ndata: [DONE]\n\ndata: ${JSON.stringify(end())}`;
      expect(content(read(body))).to.deep.equal([
        ['text', 'a'],
        ['end', 'end_turn', null, null],
      ]);
    });
  });

  it('gives the same calls wherever it is cut', () => {
    const body = Buffer.from(
      sse([
        parts([{ text: 'Gründe', thought: true }]),
        text('Grüezi 😀\n"'),
        text('b'),
        text('c', { usageMetadata: { promptTokenCount: 1 } }),
        parts([{ functionCall: { id: 'x', name: 'f', args: { ä: '😀' } }, thoughtSignature: 'c2ln' }]),
        end('STOP', { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 } }),
      ]),
    );
    const whole = read(body);
    expect(whole).to.have.length(6);
    for (let cut = 1; cut < body.length; cut++) expect(read(body, cut)).to.deep.equal(whole);
  });
});
