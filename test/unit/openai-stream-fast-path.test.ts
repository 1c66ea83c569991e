/** The fast path hands on what the slow one would: the same stream, read by both, makes the same calls. */
import { expect } from 'chai';
import fc from 'fast-check';
import { FastPath } from '../../worker/dialects/openai/fast-path';
import { ChunkReader } from '../../worker/dialects/openai/read-chunk';
import { chunk, events, streamCalls } from '../support/chat-completions';
import { type SinkCall, StrictSink } from '../support/strict-sink';

/** Every chunk by JSON.parse. */
function slowCalls(datas: readonly string[], provider: string): SinkCall[] {
  const sink = new StrictSink();
  const reader = new ChunkReader(sink, provider === 'openrouter');
  for (const data of datas) if (!reader.assembly.over) reader.read(JSON.parse(data));
  reader.end();
  return sink.calls;
}

function fastCalls(datas: readonly string[], provider: string): SinkCall[] {
  return streamCalls(events([...datas, '[DONE]']), provider);
}

/** One that has nothing to pack, and one that packs what proves its thinking. */
const PROVIDERS = ['generic', 'openrouter'];

/** Ids that were made up differ. */
function comparable(calls: readonly SinkCall[]): string {
  return JSON.stringify(calls).replaceAll(/call_[0-9a-f]{24}/g, 'made');
}

/** How a string may be written: characters, escapes, halves of surrogate pairs. */
const written = fc
  .array(
    fc.constantFrom(
      'a',
      ' word',
      'ü',
      '😀',
      '\\n',
      '\\"',
      '\\\\',
      '\\/',
      '\\u00e9',
      '\\ud83d',
      '\\ude00',
      '\\uD83D\\uDE00',
      '\\\\\\"content\\": \\"x',
      '{',
      '}',
      ',',
      ':',
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));

const delta = fc.oneof(
  { weight: 6, arbitrary: written.map((text) => `{"content":"${text}"}`) },
  { weight: 2, arbitrary: written.map((text) => `{"role":"assistant","content": "${text}","tool_calls":[]}`) },
  written.map((text) => `{"content":null,"reasoning_content":"${text}"}`),
  written.map((text) => `{"reasoning":"${text}","content":""}`),
  fc.tuple(written, written).map(([a, b]) => `{"content":"${a}","reasoning":"${b}"}`),
  fc.tuple(written, written).map(([a, b]) => `{"content":"${a}","content":"${b}"}`),
  fc
    .tuple(fc.nat(2), written)
    .map(([index, text]) => `{"tool_calls":[{"index":${index},"function":{"arguments":"${text}"}}]}`),
  fc
    .tuple(fc.nat(2), written)
    .map(
      ([index, text]) =>
        `{"tool_calls":[{"index":${index},"id":"c${index}","function":{"name":"f","arguments":"${text}"}}]}`,
    ),
  written.map((text) => `{"reasoning_details":[{"type":"reasoning.text","text":"${text}","index":0}]}`),
  written.map((text) => `{"refusal":"${text}"}`),
  fc.constantFrom('{}', 'null', '{"content":[{"type":"text","text":"part"}]}'),
);

const rest = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  written.map((text) => `,"obfuscation":"${text}"`),
  written.map((text) => `,"p": "${text}","z":{"p":"${text}"}`),
  fc.constantFrom(',"usage":null', ',"usage":{"prompt_tokens":3}', ',"x":{"content":"elsewhere"}', ',"error":null'),
);
const inChoice = fc.oneof(
  { weight: 12, arbitrary: fc.constant('') },
  fc.constantFrom(
    ',"finish_reason":null',
    ',"finish_reason":"stop"',
    ',"finish_reason":"length"',
    ',"logprobs":{"content":"no"}',
    ',"index":1',
  ),
);

const data = fc
  .tuple(delta, inChoice, rest)
  .map(([made, choice, more]) => `{"id":"i","content":"top","choices":[{"index":0,"delta":${made}${choice}}]${more}}`);

describe('OpenAI stream: the fast path', () => {
  it('is the slow path, for chunks of all kinds in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(data, fc.integer({ min: 1, max: 4 })), { maxLength: 12 }), (chunks) => {
        const datas = chunks.flatMap(([text, times]) => Array.from({ length: times }, () => text));
        for (const provider of PROVIDERS) {
          expect(comparable(fastCalls(datas, provider))).to.equal(comparable(slowCalls(datas, provider)));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is the slow path, for chunks that differ only in their text, as in real streams', () => {
    const shape = fc.tuple(inChoice, rest).map(
      ([choice, more]) =>
        (text: string) =>
          `{"choices":[{"index":0,"delta":{"content":"${text}"}${choice}}]${more}}`,
    );
    fc.assert(
      fc.property(shape, fc.array(written, { minLength: 2, maxLength: 30 }), (make, texts) => {
        const datas = texts.map(make);
        for (const provider of PROVIDERS) {
          expect(comparable(fastCalls(datas, provider))).to.equal(comparable(slowCalls(datas, provider)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  const learned = (data: string) => {
    const fast = new FastPath();
    fast.learn(data, JSON.parse(data));
    return fast;
  };
  const stringified = (...parts: Parameters<typeof chunk>) => JSON.stringify(chunk(...parts));

  it('is taken for the next text, thinking or arguments, also with padding', () => {
    const call = (text: string) => ({ tool_calls: [{ index: 3, function: { arguments: text } }] });
    for (const make of [
      (text: string) => stringified({ content: text }),
      (text: string) => stringified({ content: '', reasoning_content: text }),
      (text: string) => stringified({ content: null, reasoning: text }),
      (text: string) => stringified(call(text)),
      (text: string) => stringified({ content: text }, {}, { usage: null, obfuscation: 'xy'.repeat(text.length) }),
      (text: string) => stringified({ content: text }, {}, { p: 'abc'.slice(text.length) }),
    ]) {
      const fast = learned(make('a'));
      expect(fast.match(make('an "other"\n')), make('a')).to.equal('an \\"other\\"\\n');
    }
    expect(learned(stringified(call('a'))).index).to.equal(3);
  });

  it('is not taken where anything else differs', () => {
    const fast = learned(stringified({ content: 'a' }));
    for (const other of [
      stringified({ content: 'b' }, { finish_reason: 'stop' }),
      stringified({ content: 'b' }, {}, { usage: { prompt_tokens: 1 } }),
      stringified({ content: 'b', refusal: 'c' }),
      stringified({ content: 'b' }).replace('"b"', '"b\u0001"'),
      stringified({ content: 'b' }).replace('"b"', '"b\\x"'),
      stringified({ content: 'b' }).replace('"b"', '"b\\u12"'),
      stringified({ content: 'b' }).slice(0, -1),
      `${stringified({ content: 'b' })} `,
      '',
    ]) {
      expect(fast.match(other), other).to.equal(null);
    }
  });

  it('is not taken where anything behind the padding differs', () => {
    const padded = (rest: object) => stringified({ content: 'a' }, {}, { obfuscation: 'xyz', ...rest });
    const fast = learned(padded({ z: 1 }));
    expect(fast.match(padded({ z: 1 }))).to.equal('a');
    expect(fast.match(padded({ z: 2 }))).to.equal(null);
    expect(fast.match(padded({ z: 1, usage: { prompt_tokens: 1 } }))).to.equal(null);
  });

  it('is learned from no chunk that says more than a piece', () => {
    for (const data of [
      stringified({ content: 'a' }, { finish_reason: 'stop' }),
      stringified({ content: 'a', reasoning: 'b' }),
      stringified({ content: 'a' }, {}, { usage: { prompt_tokens: 1 } }),
      stringified({ content: 'a' }, {}, { error: { message: 'x' } }),
      stringified({ tool_calls: [{ index: 0, id: 'c', function: { arguments: 'a' } }] }),
      stringified({ tool_calls: [{ function: { arguments: 'a' } }] }),
      stringified({}),
      stringified(null),
    ]) {
      expect(learned(data).match(data), data).to.equal(null);
    }
  });
});
