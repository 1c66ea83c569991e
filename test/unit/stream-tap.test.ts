import { expect } from 'chai';
import * as fc from 'fast-check';
import { anthropicTapRules } from '../../worker/dialects/anthropic/tap-rules';
import { openAiTapRules } from '../../worker/dialects/openai/tap-rules';
import { DocumentTap, StreamTap, type TapRules } from '../../worker/dialects/tap';
import { partOfRead, READ_BUFFER } from '../../worker/read-buffer';

const event = (data: object & { type: string }, end = '\n') =>
  `event: ${data.type}${end}data: ${JSON.stringify(data)}${end}${end}`;

const START = event({
  type: 'message_start',
  message: {
    usage: { input_tokens: 10, cache_read_input_tokens: 3, cache_creation_input_tokens: 2, output_tokens: 1 },
  },
} as object & { type: string });
const DELTA = event({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'it says "usage", "message_stop" and "error": {"usage":{"output_tokens":99}}' },
} as object & { type: string });
const END = event({ type: 'message_delta', delta: {}, usage: { output_tokens: 7 } } as object & { type: string });
const STOP = event({ type: 'message_stop' });
const BLOCK = event({ type: 'content_block_start', content_block: { name: 'error' } } as object & { type: string });
const BLOCK_END = event({ type: 'content_block_stop' });
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
/** As Anthropic pads them, so that their length tells nothing. */
const PADDED_STOP = 'event: message_stop\ndata: {"type":"message_stop"         }\n\n';
const LATER_USAGE = event({
  ...{
    type: 'message_start',
    message: { usage: { input_tokens: 30 }, stop: { usage: 1 } },
    usage: { input_tokens: 99 },
  },
} as object & { type: string });
const OTHER_TYPE = 'event: message_stop\ndata: {"type":"message_delta","usage":{"output_tokens":70}}\n\n';
const NO_USAGE = event({ type: 'message_start', message: 'none' } as object & { type: string });
const UNREADABLE = 'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":50}}\n\n';
const COUNTS = { input: 10, output: 7, cacheRead: 3, cacheCreation: 2 };

function fed(...chunks: (string | Uint8Array)[]): StreamTap {
  const tap = new StreamTap(anthropicTapRules);
  for (const chunk of chunks) tap.feed(Buffer.from(chunk as string));
  return tap;
}

/** The same, line by line: all of a stream, as a `StreamTap` tells it. */
function read(rules: TapRules, stream: string): unknown[] {
  const counts = { input: -1, output: -1, cacheRead: -1, cacheCreation: -1 };
  const isMarked = (line: string) => line.startsWith('data:') && rules.marks.texts.some((mark) => line.includes(mark));
  const lines = stream.split('\n').filter(isMarked);
  const isComplete = lines.filter((line) => rules.readEvent(line.slice('data:'.length).trim(), counts)).length > 0;
  const known = Object.entries(counts).map(([name, count]) => [name, Math.max(0, count)]);
  const usage = Math.max(...Object.values(counts)) < 0 ? null : Object.fromEntries(known);
  return [usage, isComplete, stream.includes(rules.content)];
}

describe('token counts of a stream', () => {
  it('are the same wherever the stream is cut', () => {
    const stream = Buffer.from(START + DELTA + DELTA + END + DELTA + STOP);
    for (let cut = 1; cut < stream.length; cut++) {
      const tap = fed(stream.subarray(0, cut), stream.subarray(cut));
      expect(tap.usage(), `cut at ${cut}`).to.deep.equal(COUNTS);
      expect([tap.isComplete(), tap.sawContent], `cut at ${cut}`).to.deep.equal([true, true]);
    }
    const tap = fed(...[...stream].map((byte) => Uint8Array.of(byte)));
    expect([tap.usage(), tap.isComplete(), tap.sawContent]).to.deep.equal([COUNTS, true, true]);
  });

  it('do not depend on the line ends', () => {
    const crlf = (START + END + STOP).replaceAll('\n', '\r\n');
    expect(fed(crlf).usage()).to.deep.equal(COUNTS);
  });

  it('are not confused by text about them', () => {
    const tap = fed(START, DELTA);
    expect(tap.usage()).to.include({ output: 1 });
    expect(tap.isComplete()).to.equal(false);
    const field = 'then:{"type":"message_stop"}\n';
    for (let cut = 1; cut <= field.length; cut++) {
      expect(fed(field.slice(0, cut), field.slice(cut)).isComplete(), `cut at ${cut}`).to.equal(false);
    }
  });

  it('know that a stream is complete, also when more comes after its last event', () => {
    expect(fed(START, DELTA, END).isComplete()).to.equal(false);
    expect(fed(START, STOP, ...Array<string>(9).fill(': keep-alive\n\n')).isComplete()).to.equal(true);
    expect(
      fed(START, event({ type: 'error', error: { type: 'x' } } as object & { type: string })).isComplete(),
    ).to.equal(true);
    expect(fed(START, event({ type: 'ping', error: null } as object & { type: string })).isComplete()).to.equal(false);
  });

  it('do not depend on where the bytes lie', () => {
    const stream = START + DELTA.repeat(1000) + END + DELTA + STOP;
    // More than is moved at a time.
    expect(stream.length).to.be.above(READ_BUFFER.length);
    const outside = fed(stream);
    expect([outside.usage(), outside.isComplete()]).to.deep.equal([COUNTS, true]);
    for (let size = 100; size < 900; size += 7) {
      const tap = new StreamTap(anthropicTapRules);
      for (let at = 0; at < stream.length; at += size) {
        const from = at % 17;
        tap.feed(partOfRead(from, from + READ_BUFFER.write(stream.slice(at, at + size), from)));
      }
      expect([tap.usage(), tap.isComplete()], `pieces of ${size}`).to.deep.equal([COUNTS, true]);
    }
  });

  const PARTS = [
    ...[START, DELTA, END, STOP, BLOCK, BLOCK_END, PING, PADDED_STOP, END + END, `${END}\n`, LATER_USAGE, OTHER_TYPE],
    ...[NO_USAGE, UNREADABLE, DELTA.slice(0, 40), DELTA.slice(40), DELTA.trimEnd()],
    ...['\n', '\n\n', '\r', 'e', '}', 'event: content_block_delta\n', 'data: {"type":"content_block_delta"'],
    ...[
      'data: {"type":"message_stop"}\n',
      'then:{"type":"message_stop"}\n',
      ': "usage"\n',
      'data:{"type":"error"}\n',
      'data:   \n',
      '"usage"\ndata: {',
    ],
  ];
  const CHAT_PARTS = [
    ...['{"content":"a"},"finish_reason":null}],"usage":null', '{},"finish_reason":"stop"}]', '{"content":"[DONE"}}]'],
    ...[
      '{"content":"[DONE]"}}],"usage": {"prompt_tokens":4}',
      '{}}],"usage":{"prompt_tokens":9,"completion_tokens":2}',
    ],
    ...['{}, "finish_reason": "length"}]', '{"content":"\\"usage\\":{\\"prompt_tokens\\":8}"}}],"error":null'],
  ].map((rest) => `data: {"id":"c","choices":[{"delta":${rest}}\n\n`);
  CHAT_PARTS.push(
    'data: [DONE]\n\n',
    'data: [DON',
    'E]\n',
    'x',
    '\n',
    '"usage":{"prompt_tokens":7}',
    'data: {"error":{}}\n',
  );

  for (const [name, rules, parts] of [
    ['Messages', anthropicTapRules, PARTS],
    ['Chat Completions', openAiTapRules, CHAT_PARTS],
  ] as const) {
    it(`are those of a reader that looks at each line of a ${name} stream`, () => {
      fc.assert(
        fc.property(fc.array(fc.array(fc.constantFrom(...parts)), { maxLength: 6 }), fc.nat(40), (chunks, place) => {
          const texts = [...chunks.map((chunk) => chunk.join('')), '\n'];
          // What an earlier, longer read left behind a chunk must be of no account.
          READ_BUFFER.fill(DELTA + STOP + parts.join(''), 0, 4096);
          const tap = new StreamTap(rules);
          for (const text of texts) tap.feed(partOfRead(place, place + READ_BUFFER.write(text, place)));
          const told = [tap.usage(), tap.isComplete(), tap.sawContent];
          expect(told).to.deep.equal(read(rules, texts.join('')));
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('are read where they lie: nothing of a plain stream is parsed', () => {
    const tap = new StreamTap(anthropicTapRules);
    const { parse } = JSON;
    let parsed = 0;
    JSON.parse = (...args: Parameters<typeof parse>) => {
      parsed++;
      return parse(...args);
    };
    try {
      tap.feed(
        partOfRead(
          7,
          7 + READ_BUFFER.write(START + BLOCK.replace('error', 'text') + PING + DELTA + BLOCK_END + END + STOP, 7),
        ),
      );
    } finally {
      JSON.parse = parse;
    }
    expect([tap.usage(), tap.isComplete(), tap.sawContent, parsed]).to.deep.equal([COUNTS, true, true, 0]);
  });

  it('are none where none were told', () => {
    expect(fed(DELTA, STOP).usage()).to.equal(null);
    expect(fed('data: {"usage"\n\n').usage()).to.equal(null);
  });
});

describe('token counts of a whole answer', () => {
  const counts = (...chunks: string[]) => {
    const tap = new DocumentTap(anthropicTapRules);
    for (const chunk of chunks) tap.feed(Buffer.from(chunk), chunks.length === 1);
    return tap.usage();
  };

  it('are those of the top level', () => {
    const inner = '"content":[{"type":"tool_use","input":{"usage":{"output_tokens":99}}}]';
    expect(counts(`{${inner},"usage":{"input_to`, 'kens":4,"output_tokens":5}}')).to.include({ input: 4, output: 5 });
    expect(counts(`{${inner}}`)).to.equal(null);
    expect(counts('no JSON')).to.equal(null);
    expect(counts()).to.equal(null);
  });

  const openAi = (usage: string) => {
    const tap = new DocumentTap(openAiTapRules);
    tap.feed(Buffer.from(`{"choices":[],"usage":${usage}}`), true);
    return tap.usage();
  };

  it('are found in an answer of OpenAI, beside others and within', () => {
    const details = '"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0}';
    expect(openAi(`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,${details}}`)).to.deep.equal({
      ...{ input: 7, output: 5, cacheRead: 3, cacheCreation: 0 },
    });
    expect(openAi('{"prompt_tokens":10,"completion_tokens":5,"cached_tokens":4}')).to.include({
      input: 10,
      cacheRead: 0,
    });
  });

  it('are the same where the object has something else in it', () => {
    for (const more of [
      '"cost":0.015',
      '"is_byok":false',
      '"tiers":[1]',
      '"note":"a\\nb"',
      '"cost":null',
      '"tier":"x"',
    ]) {
      expect(openAi(`{"prompt_tokens":10,${more},"completion_tokens":5}`)).to.include({ input: 10, output: 5 });
      expect(counts(`{"usage":{"input_tokens":4,${more},"output_tokens":5}}`)).to.include({ input: 4, output: 5 });
    }
  });

  it('are no others than numbers from 0 on', () => {
    expect(counts('{"usage":{"input_tokens":"4","output_tokens":5}}')).to.include({ input: 0, output: 5 });
    expect(counts('{"usage":{"input_tokens":-4,"output_tokens":null,"cache_read_input_tokens":1}}')).to.deep.equal({
      ...{ input: 0, output: 0, cacheRead: 1, cacheCreation: 0 },
    });
    expect(counts('{"usage":{"output_tokens":05}}')).to.equal(null);
    expect(counts('{"usage":{"output_tokens":5,}}')).to.equal(null);
  });
});
