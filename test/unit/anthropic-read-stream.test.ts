import { expect } from 'chai';
import fc from 'fast-check';
import { DeltaShape } from '../../worker/dialects/anthropic/delta-shape';
import { MessageStreamReader } from '../../worker/dialects/anthropic/read-stream';
import { viewOf } from '../../worker/json/view';
import { RecordingSink } from '../support/recording-sink';

type Event = Record<string, unknown>;

const sse = (...events: (Event | string)[]) =>
  events
    .map((event) => (typeof event === 'string' ? event : `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`))
    .join('');

const USAGE = { input_tokens: 10, cache_read_input_tokens: 3, cache_creation_input_tokens: 2, output_tokens: 1 };
const START = { type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage: USAGE } };
const BEGIN = ['begin', 'msg_1', 'claude-x', { input: 10, output: 1, cacheRead: 3, cacheCreation: 2 }];
const STOP = { type: 'message_stop' };
const block = (content_block: Event, index = 0) => ({ type: 'content_block_start', index, content_block });
const delta = (content: Event, index = 0) => ({ type: 'content_block_delta', index, delta: content });
const text = (content: string, index = 0) => delta({ type: 'text_delta', text: content }, index);
const json = (partial_json: string, index = 0) => delta({ type: 'input_json_delta', partial_json }, index);
const blockStop = (index = 0) => ({ type: 'content_block_stop', index });
const last = (stop_reason: unknown, usage: Event = { output_tokens: 7 }, stop_sequence: unknown = null) => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence },
  usage,
});
const COUNTS = { input: 10, output: 7, cacheRead: 3, cacheCreation: 2 };

function read(...chunks: (string | Uint8Array)[]): unknown[][] {
  const sink = new RecordingSink();
  const reader = new MessageStreamReader(sink);
  for (const chunk of chunks) reader.feed(Buffer.from(chunk as string));
  reader.end();
  return sink.calls;
}

const TEXT = [block({ type: 'text', text: '' }), text('Hé'), text('llo "you"\n'), text('🙂'), blockStop()];
const WHOLE = sse(
  START,
  { type: 'ping' },
  block({ type: 'thinking', thinking: '', signature: '' }),
  delta({ type: 'thinking_delta', thinking: 'hm ' }),
  delta({ type: 'thinking_delta', thinking: '… "so"' }),
  delta({ type: 'signature_delta', signature: 'c2ln' }),
  blockStop(),
  block({ type: 'redacted_thinking', data: 'b3BhcXVl' }, 1),
  blockStop(1),
  ...TEXT,
  block({ type: 'tool_use', id: 'toolu_1', name: 'get_"x"', input: {} }, 3),
  json('', 3),
  json('{"a', 3),
  json('":"é\\n"}', 3),
  blockStop(3),
  block({ type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }, 4),
  blockStop(4),
  last('tool_use'),
  STOP,
);
const WHOLE_CALLS = [
  BEGIN,
  ['thinking', 'hm … \\"so\\"'],
  ['signature', 'c2ln'],
  ['redactedThinking', 'b3BhcXVl'],
  ['text', 'Héllo \\"you\\"\\n🙂'],
  ['toolCall', 'toolu_1', 'get_"x"'],
  ['toolArguments', '{\\"a\\":\\"é\\\\n\\"}'],
  ['toolCall', 'toolu_2', 'now'],
  ['end', 'tool_use', null, COUNTS],
];

describe('an Anthropic stream', () => {
  it('is read as calls, wherever it is cut', () => {
    const bytes = Buffer.from(WHOLE);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(read(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).to.deep.equal(WHOLE_CALLS);
    }
    expect(read(...[...bytes].map((byte) => Uint8Array.of(byte)))).to.deep.equal(WHOLE_CALLS);
  });

  it('may have other line ends, comments, spaces in its JSON and no names of events', () => {
    expect(read(WHOLE.replaceAll('\n', '\r\n'))).to.deep.equal(WHOLE_CALLS);
    expect(read(WHOLE.replaceAll('event: ', ': '))).to.deep.equal(WHOLE_CALLS);
    const spaced = WHOLE.replaceAll(/data: (.*)\n/g, (_, data) => `data:${JSON.stringify(JSON.parse(data), null, 1)}\n`)
      .split('\n')
      .map((line) => (line === '' || /^(event|data):/.test(line) ? line : `data: ${line}`))
      .join('\n');
    expect(read(spaced)).to.deep.equal(WHOLE_CALLS);
  });

  it('may have events, blocks and deltas that are not known', () => {
    const stream = sse(
      START,
      { type: 'flourish', delta: { type: 'text_delta', text: 'no' } },
      ...TEXT.slice(0, 2),
      delta({ type: 'citations_delta', citation: {} }),
      ...TEXT.slice(2),
      block({ type: 'server_tool_use', id: 'srv', name: 'web_search', input: {} }, 1),
      json('{"query":"x"}', 1),
      blockStop(1),
      block({ type: 'web_search_tool_result', tool_use_id: 'srv', content: [] }, 2),
      text('not of a text block', 2),
      blockStop(2),
      'data: [DONE]\n\n',
      last('end_turn'),
      STOP,
      sse(...TEXT),
    );
    expect(read(stream)).to.deep.equal([BEGIN, ['text', 'Héllo \\"you\\"\\n🙂'], ['end', 'end_turn', null, COUNTS]]);
  });

  it('may have content in the beginning of a block', () => {
    const stream = sse(
      START,
      block({ type: 'thinking', thinking: 'a', signature: 's' }),
      blockStop(),
      block({ type: 'text', text: 'b' }),
      blockStop(),
      block({ type: 'tool_use', id: 't', name: 'n', input: { a: [1.0, 'é'] } }),
      blockStop(),
      block({ type: 'tool_use', id: 'u', name: 'n', input: { ignored: true } }),
      json('{}'),
      last(null),
      STOP,
    );
    expect(read(stream)).to.deep.equal([
      BEGIN,
      ['thinking', 'a'],
      ['signature', 's'],
      ['text', 'b'],
      ['toolCall', 't', 'n'],
      ['toolArguments', '{\\"a\\":[1,\\"é\\"]}'],
      ['toolCall', 'u', 'n'],
      ['toolArguments', '{}'],
      ['end', 'tool_use', null, COUNTS],
    ]);
  });

  it('may lack its beginning', () => {
    expect(read(sse(text('x'), STOP))).to.deep.equal([
      ['begin', '', '', null],
      ['text', 'x'],
      ['end', 'end_turn', null, null],
    ]);
    expect(read(sse(STOP)).map(([name]) => name)).to.deep.equal(['begin', 'end']);
  });

  const reasons: [unknown, unknown, string, string | null][] = [
    ['end_turn', null, 'end_turn', null],
    ['max_tokens', null, 'max_tokens', null],
    ['stop_sequence', '\n\n', 'stop_sequence', '\n\n'],
    ['pause_turn', null, 'pause_turn', null],
    ['refusal', null, 'refusal', null],
    ['model_context_window_exceeded', null, 'model_context_window_exceeded', null],
    ['bored', null, 'end_turn', null],
    ['constructor', 7, 'end_turn', null],
    [null, null, 'end_turn', null],
  ];
  for (const [reason, sequence, expected, expectedSequence] of reasons) {
    it(`ends with ${expected} for ${reason}`, () => {
      expect(
        read(sse(START, last(reason, {}, sequence), STOP))
          .at(-1)
          ?.slice(0, 3),
      ).to.deep.equal(['end', expected, expectedSequence]);
    });
  }

  it('has its counts from the last event that tells them', () => {
    const usage = {
      input_tokens: 20,
      output_tokens: null,
      cache_read_input_tokens: -1,
      cache_creation_input_tokens: 'x',
    };
    const stream = sse(START, last(null, { output_tokens: 5 }), last('end_turn', usage), STOP);
    expect(read(stream).at(-1)?.[3]).to.deep.equal({ input: 20, output: 5, cacheRead: 3, cacheCreation: 2 });
    expect(read(sse({ type: 'message_start', message: {} }, STOP)).map((call) => call.at(-1))).to.deep.equal([
      null,
      null,
    ]);
  });

  const failures: [string, string, unknown[]][] = [
    [
      'an error event',
      sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      ['overloaded_error', 'Overloaded'],
    ],
    ['an error of a new type', sse({ type: 'error', error: { type: 'x', message: 'y' } }), ['api_error', 'y']],
    ['an error without words', sse({ type: 'error' }), ['api_error', 'The provider told of an error']],
    ['its end', '', ['api_error', "The provider's stream ended before its last event"]],
    [
      'its end after its reason',
      sse(last('end_turn')),
      ['api_error', "The provider's stream ended before its last event"],
    ],
    ['no JSON', 'data: {"type":\n\n', ['api_error', 'The provider sent an event that is not valid']],
    [
      'a delta that is cut',
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x\n\n',
      ['api_error', 'The provider sent an event that is not valid'],
    ],
    [
      'an endless event',
      `data: ${'x'.repeat(17 * 1024 * 1024)}`,
      ['api_error', 'The provider sent an event that is too long'],
    ],
  ];
  for (const [what, bytes, [type, message]] of failures) {
    it(`fails by ${what}`, () => {
      const calls = read(sse(START, ...TEXT.slice(0, 2)) + bytes, sse(STOP));
      const expected =
        bytes === '' || what.startsWith('its end') ? read(sse(START, ...TEXT.slice(0, 2)) + bytes) : calls;
      expect(expected).to.deep.equal([BEGIN, ['text', 'Hé'], ['fail', { type, message }]]);
    });
  }

  it('never makes the reader throw, and has one end', () => {
    const pieces = fc.constantFrom(
      ...WHOLE.split('\n').map((line) => `${line}\n`),
      '\n',
      'data: {}\n\n',
      'data: 7\n\n',
    );
    const junk = fc.oneof(
      pieces,
      fc.string(),
      fc.json().map((value) => `data: ${value}\n\n`),
    );
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 30 }), (chunks) => {
        const ends = read(...chunks).filter(([name]) => name === 'end' || name === 'fail');
        expect(ends).to.have.length(1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a text delta', () => {
  /** Strings as providers write them: with and without escapes. */
  const content = fc.string({ unit: 'binary', maxLength: 30 });
  const written = fc.tuple(content, fc.boolean()).map(([value, ascii]) => {
    const plain = JSON.stringify(value).replaceAll('/', '\\/');
    return ascii ? plain.replaceAll(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : plain;
  });
  const shapes = [
    (value: string) => `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${value}}}`,
    (value: string) => `{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ${value}}}`,
    (value: string) => `{"delta":{"text":${value},"type":"text_delta"},"index":0,"type":"content_block_delta"} `,
    (value: string) =>
      `{"type":"content_block_delta","delta":{"text":"x","text":${value},"type":"text_delta"},"é":"é"}`,
    (value: string) => `{"type":"content_block_delta","delta":{"text":${value},"text":"twice","type":"text_delta"}}`,
    (value: string) => `{"type":"content_block_delta","delta":{"type":"text_delta","text":${value}},"note":${value}}`,
  ];

  it('is read like any JSON, in whatever shape', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(written, fc.nat(shapes.length - 1)), { maxLength: 12 }), (deltas) => {
        const events = deltas.map(([value, shape]) => shapes[shape]?.(value) ?? '');
        const expected = events.map((event) => JSON.parse(event).delta.text).join('');
        const calls = read(sse(START, block({ type: 'text', text: '' }), ...events.map((e) => `data: ${e}\n\n`), STOP));
        const told = calls.filter(([name]) => name === 'text').map(([, escaped]) => JSON.parse(`"${escaped}"`));
        expect(told.join('')).to.equal(expected);
        expect(calls.at(-1)?.[0]).to.equal('end');
      }),
      { numRuns: 1000 },
    );
  });

  it('is not mistaken for another event that looks like it', () => {
    const [shape] = shapes;
    const alike = [
      ['a","text":"b', 'b'],
      ['a","type":"other_delta', ''],
      ['a"},"delta":{"type":"text_delta","text":"c', 'c'],
      ['a\\', null],
      ['a\\x', null],
      ['\\u12', null],
      ['a\tb', null],
      ['a\u0000b', null],
      ['"', null],
      ['ok', 'ok'],
      ['x'.repeat(5000), 'x'.repeat(5000)],
    ] as const;
    for (const [inner, expected] of alike) {
      const events = [`data: ${shape?.('"first"')}\n\n`, `data: ${shape?.(`"${inner}"`)}\n\n`];
      const calls = read(sse(START, block({ type: 'text', text: '' }), ...events, STOP));
      if (expected === null) expect(calls.at(-1)?.[0], inner).to.equal('fail');
      else expect(calls[1], inner).to.deep.equal(['text', `first${expected}`]);
    }
  });

  it('is not parsed once its shape is known', () => {
    const shape = new DeltaShape();
    const event = (value: string) => `{"delta":{"text":${JSON.stringify(value)}}}`;
    expect(shape.match(event('a'))).to.equal(null);
    const content = viewOf(event('é')).get('delta')?.get('text');
    if (content !== undefined) shape.learn(content);
    expect(shape.match(event('a "b"\n'))).to.equal('a \\"b\\"\\n');
    expect(shape.match(event('x'.repeat(4096)))).to.have.length(4096);
    expect(shape.match(event('x'.repeat(4097)))).to.equal(null);
    expect(shape.match('{"delta":{"text":"')).to.equal(null);
    shape.forget();
    expect(shape.match(event('a'))).to.equal(null);
  });

  it('of another kind of block is read as that', () => {
    const stream = sse(
      START,
      block({ type: 'text', text: '' }),
      text('a'),
      text('b'),
      blockStop(),
      block({ type: 'server_tool_use', id: 's', name: 'n', input: {} }),
      text('c'),
      blockStop(),
      STOP,
    );
    expect(read(stream)).to.deep.equal([BEGIN, ['text', 'ab'], ['end', 'end_turn', null, { ...COUNTS, output: 1 }]]);
  });
});
