import { expect } from 'chai';
import fc from 'fast-check';
import { readStream } from '../../worker/dialects/gemini/read-stream';
import { TextTemplate } from '../../worker/dialects/gemini/text-template';
import { viewOf } from '../../worker/json/view';
import { RecordingSink } from '../support/recording-sink';

/** As Google writes it. */
function response(text: string, count: number, more = ''): string {
  return (
    `{"candidates": [{"content": {"parts": [{"text": ${JSON.stringify(text)}${more}}],"role": "model"},"index": 0}],` +
    `"usageMetadata": {"promptTokenCount": 10,"candidatesTokenCount": ${count},"totalTokenCount": ${count + 10},` +
    `"promptTokensDetails": [{"modality": "TEXT","tokenCount": 10}]},"modelVersion": "gemini-2.5-flash","responseId": "a1"}`
  );
}

function learn(data: string): TextTemplate | null {
  return TextTemplate.of(data, viewOf(data));
}

/** Reads a stream of these events. */
function read(events: string[]): unknown[][] {
  const sink = new RecordingSink();
  const reader = readStream(sink);
  for (const event of events) reader.feed(Buffer.from(`data: ${event}\n\n`));
  reader.end();
  return sink.calls;
}

describe('The template of a text response', () => {
  it('reads the next one, whatever its text and its counts', () => {
    const template = learn(response('Hello', 1));
    expect(template?.match(response(' "w\\orld"\n\u2028😀', 123))).to.equal(' \\"w\\\\orld\\"\\n\u2028😀');
    expect(template?.match(response('', 0))).to.equal('');
  });

  it('knows a thought', () => {
    const template = learn(response('Hm', 1, ',"thought": true'));
    expect(template?.isThought).to.equal(true);
    expect(template?.match(response('x', 2))).to.equal(null);
    expect(template?.match(response('x', 2, ',"thought": true'))).to.equal('x');
  });

  const others: Array<[name: string, data: string]> = [
    ['another member', response('a', 1, ',"thoughtSignature": "YQ=="')],
    ['a fraction', response('a', 1).replace('"index": 0', '"index": 0.5')],
    ['an exponent', response('a', 1).replace('"index": 0', '"index": 0e1')],
    ['a leading zero', response('a', 1).replace('"index": 0', '"index": 01')],
    ['a minus', response('a', 1).replace('"index": 0', '"index": -1')],
    ['another model', response('a', 1).replace('gemini-2.5', 'gemini-2.6')],
    ['something behind', `${response('a', 1)} 1`],
    ['a control character', response('a', 1).replace('"a"', '"\t"')],
    ['an escape that JSON does not have', response('a', 1).replace('"a"', '"\\x"')],
    ['half an escape', response('a', 1).replace('"a"', '"\\u12"')],
    ['two parts', response('a', 1).replace('"a"', '"a"},{"text": "b"')],
  ];
  for (const [name, data] of others) {
    it(`does not take ${name}`, () => {
      expect(learn(response('a', 1))?.match(data)).to.equal(null);
    });
  }

  const unfit: Array<[name: string, data: string]> = [
    ['with a reason', response('a', 1).replace('"index"', '"finishReason": "STOP","index"')],
    ['with a signature', response('a', 1, ',"thoughtSignature": "YQ=="')],
    ['with a block', response('a', 1).replace('{"candidates"', '{"promptFeedback": {},"candidates"')],
    ['with an error', response('a', 1).replace('{"candidates"', '{"error": {},"candidates"')],
    ['with two parts', response('a', 1).replace('"a"', '"a"},{"text": "b"')],
    ['without a text', '{"candidates":[]}'],
    ['with too much around the text', response('a', 1).replace('"a1"', `"${'a'.repeat(9000)}"`)],
  ];
  for (const [name, data] of unfit) {
    it(`is not made of a response ${name}`, () => {
      expect(learn(data)).to.equal(null);
    });
  }

  it('finds the text behind another member of that name', () => {
    const decoy = (text: string) => response(text, 1).replace('{"candidates"', '{"x": {"text": "a"},"candidates"');
    expect(learn(decoy('a'))?.match(decoy('b'))).to.equal('b');
  });

  it('leaves numbers open on both sides of the text', () => {
    const swapped = (text: string, count: number) =>
      `{"usageMetadata":{"promptTokenCount":${count}},"candidates":[{"content":{"parts":[{"text":"${text}"}]}}]}`;
    expect(learn(swapped('a', 1))?.match(swapped('b', 22))).to.equal('b');
  });

  it('is only faster: a stream is read the same with and without it', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '"', '\\', '\n', '<b>', '12 "text": "x"'),
    );
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(texts, fc.nat(5000)).map(([text, count]) => response(text, count)) },
      fc.tuple(texts, fc.nat(50)).map(([text, count]) => response(text, count, ',"thought": true')),
      texts.map((text) => JSON.stringify({ candidates: [{ content: { parts: [{ text }, { text: 'b' }] } }] })),
      texts.map((text) => response(text, 3, ',"thoughtSignature": "YQ=="')),
      fc.nat(9).map((count) => JSON.stringify({ usageMetadata: { thoughtsTokenCount: count } })),
      fc.constantFrom('{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}', '{', '1', '{"error":{}}'),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        // Within an array, a response is always parsed.
        const parsed = events.map((event) => (event.length > 1 ? `[${event}]` : event));
        expect(read(events)).to.deep.equal(read(parsed));
      }),
      { numRuns: 400 },
    );
  });
});
