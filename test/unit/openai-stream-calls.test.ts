import { expect } from 'chai';
import { readStream } from '../../worker/dialects/openai/read-stream';
import { chatProvider, chunk, contentsOf, events, lastOf, streamCalls } from '../support/chat-completions';
import { type SinkCall, StrictSink } from '../support/strict-sink';

interface Entry {
  index?: number;
  id?: string | null;
  name?: string | null;
  args?: unknown;
}

const entry = ({ index, id, name, args }: Entry) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: args },
});
const piece = (...entries: Entry[]) => chunk({ tool_calls: entries.map(entry) });
const text = (content: string) => chunk({ content });
const stop = chunk({}, { finish_reason: 'tool_calls' });
const made = (id: string, name: string, args?: string): SinkCall[] => [
  { toolCall: [id, name] },
  ...(args === undefined ? [] : [{ toolArguments: args }]),
];

function contents(...chunks: object[]): SinkCall[] {
  return contentsOf(streamCalls(events([...chunks, stop, '[DONE]'])));
}

describe('OpenAI stream: tool calls', () => {
  it('stream their arguments as they come', () => {
    const sink = new StrictSink();
    const reader = readStream(sink, { provider: chatProvider(), model: 'm' });
    const seen = (next: object) => {
      reader.feed(Buffer.from(events([next])));
      return sink.pieces.splice(0);
    };
    expect(seen(piece({ index: 0, id: 'c1', name: 'f', args: '' }))).to.deep.equal([]);
    expect(sink.calls.at(-1)).to.deep.equal({ toolCall: ['c1', 'f'] });
    expect(seen(piece({ index: 0, args: '{"a' }))).to.deep.equal(['{"a']);
    expect(seen(piece({ index: 0, args: '":1}' }))).to.deep.equal(['":1}']);
    // Whole as it is, the first one ends where the second one begins, which is live at once.
    expect(seen(piece({ index: 1, id: 'c2', name: 'g', args: '{' }))).to.deep.equal(['{']);
    expect(seen(piece({ index: 1, args: '}' }))).to.deep.equal(['}']);
  });

  it('come behind text and thinking, and text may follow', () => {
    expect(contents(text('a'), piece({ index: 0, id: 'c', name: 'f', args: '{}' }), text('b'))).to.deep.equal([
      { text: 'a' },
      ...made('c', 'f', '{}'),
      { text: 'b' },
    ]);
  });

  it('that are interleaved come one after the other', () => {
    expect(
      contents(
        piece({ index: 0, id: 'c0', name: 'f', args: '{"a"' }, { index: 1, id: 'c1', name: 'g', args: '' }),
        piece({ index: 1, args: '{"b":' }),
        text('in between'),
        piece({ index: 0, args: ':"}' }),
        piece({ index: 2, id: 'c2', name: 'h' }),
        piece({ index: 1, args: '2}' }, { index: 0, args: '"}' }),
      ),
    ).to.deep.equal([
      ...made('c0', 'f', '{"a":"}"}'),
      ...made('c1', 'g', '{"b":2}'),
      { text: 'in between' },
      ...made('c2', 'h'),
    ]);
  });

  it('wait for each other until the end once they are interleaved', () => {
    const chunks = [
      piece({ index: 0, id: 'c0', name: 'f', args: '{' }, { index: 1, id: 'c1', name: 'g', args: '{}' }),
      piece({ index: 0, args: '}' }),
      text('a'),
      piece({ index: 2, id: 'c2', name: 'h', args: '{}' }),
    ];
    expect(contents(...chunks)).to.deep.equal([
      ...made('c0', 'f', '{}'),
      ...made('c1', 'g', '{}'),
      { text: 'a' },
      ...made('c2', 'h', '{}'),
    ]);
  });

  it('are not whole for a bracket within a string', () => {
    for (const [begin, end] of [
      ['{"a":"}', '"}'],
      ['{"a":"\\"}', '"}'],
      ['{"a":["{"', ']}'],
    ] as const) {
      const chunks = [piece({ index: 0, id: 'c', name: 'f', args: begin }), text('x'), piece({ index: 0, args: end })];
      expect(contents(...chunks), begin).to.deep.equal([...made('c', 'f', begin + end), { text: 'x' }]);
    }
  });

  it('take id and name from the first piece, however often they are repeated', () => {
    expect(
      contents(
        piece({ index: 0, id: 'c', name: 'f', args: '{"a"' }),
        piece({ index: 0, id: 'c', name: 'f', args: ':1' }),
        piece({ index: 0, id: '', name: null, args: '}' }),
      ),
    ).to.deep.equal(made('c', 'f', '{"a":1}'));
  });

  it('wait for their name', () => {
    expect(
      contents(piece({ index: 0, id: 'c' }), piece({ index: 0, args: '{' }), piece({ index: 0, name: 'f', args: '}' })),
    ).to.deep.equal(made('c', 'f', '{}'));
    expect(lastOf(streamCalls(events([piece({ index: 0, args: '{}' }), stop])))).to.have.nested.property(
      'fail.type',
      'api_error',
    );
    expect(contents(text('a'), piece({ index: 0 }))).to.deep.equal([{ text: 'a' }]);
  });

  it('get an id where they have none, each another', () => {
    const calls = contents(
      piece({ index: 0, name: 'f', args: '{}' }),
      piece({ index: 1, id: null, name: 'f', args: '{}' }),
    );
    const ids = calls.flatMap((call) => ('toolCall' in call ? [call.toolCall[0]] : []));
    expect(ids).to.have.length(2);
    expect(new Set(ids).size).to.equal(2);
    for (const id of ids) expect(id).to.match(/^call_[0-9a-f]{24}$/);
  });

  it('are told apart without an index: by id, or because one is whole', () => {
    expect(
      contents(
        piece({ id: 'a', name: 'f', args: '{"x":' }),
        piece({ args: '1}' }),
        piece({ id: 'b', name: 'f', args: '{' }),
        piece({ id: 'b', args: '}' }),
      ),
    ).to.deep.equal([...made('a', 'f', '{"x":1}'), ...made('b', 'f', '{}')]);
    const calls = contents(
      piece({ name: 'f', args: '{"a":1}' }),
      piece({ name: 'f', args: '{"b":2}' }),
      piece({ name: 'g' }),
    );
    expect(calls.filter((call) => 'toolArguments' in call)).to.deep.equal([
      { toolArguments: '{"a":1}' },
      { toolArguments: '{"b":2}' },
    ]);
    expect(calls.filter((call) => 'toolCall' in call)).to.have.length(3);
  });

  it('are told apart where each has index 0', () => {
    expect(
      contents(
        piece({ index: 0, id: 'a', name: 'f', args: '{}' }),
        piece({ index: 0, id: 'b', name: 'f', args: '{}' }),
      ),
    ).to.deep.equal([...made('a', 'f', '{}'), ...made('b', 'f', '{}')]);
    expect(
      contents(piece({ index: 0, id: 'a', name: 'f' }), piece({ index: 0, id: 'b', name: 'f', args: '{}' })),
    ).to.deep.equal([...made('a', 'f'), ...made('b', 'f', '{}')]);
  });

  it('take arguments as an object, at the end only, or none', () => {
    expect(contents(piece({ index: 0, id: 'a', name: 'f', args: { x: [1, 'ü'] } }))).to.deep.equal(
      made('a', 'f', '{"x":[1,"ü"]}'),
    );
    expect(
      contents(piece({ index: 0, id: 'a', name: 'f' }), text(''), piece({ index: 0, args: '{"x":1}' })),
    ).to.deep.equal(made('a', 'f', '{"x":1}'));
    for (const args of [undefined, null, '', {}, 5]) {
      expect(contents(piece({ index: 0, id: 'a', name: 'f', args }))).to.deep.equal(made('a', 'f'));
    }
  });

  it('may be the function_call of old', () => {
    const legacy = (function_call: object) => chunk({ function_call });
    const calls = streamCalls(
      events([
        legacy({ name: 'f', arguments: '{' }),
        legacy({ arguments: '}' }),
        chunk({}, { finish_reason: 'function_call' }),
      ]),
    );
    const [called, args, end] = calls.slice(1);
    expect(called).to.have.nested.property('toolCall[1]', 'f');
    expect([args, end]).to.deep.equal([{ toolArguments: '{}' }, { end: ['tool_use', null, null] }]);
  });

  it('that are no calls are passed over', () => {
    expect(contents(text('a'), chunk({ tool_calls: [null, 5, 'x', []] }), chunk({ tool_calls: {} }))).to.deep.equal([
      { text: 'a' },
    ]);
  });

  it('are not without bound', () => {
    const many = Array.from({ length: 2000 }, (_, index) => piece({ index, id: `c${index}`, name: 'f', args: '{}' }));
    expect(lastOf(streamCalls(events(many)))).to.deep.equal({
      fail: { type: 'api_error', message: 'The provider sent too many tool calls' },
    });
  });

  it('may hold characters that are cut between two pieces', () => {
    const raw = (args: string) =>
      `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"${args}"}}]}}]}`;
    const first = piece({ index: 0, id: 'c', name: 'f', args: '{"a":"' });
    const calls = streamCalls(events([first, raw('\\ud83d'), raw('\\ude00\\"}'), stop]));
    expect(calls[2]).to.deep.equal({ toolArguments: '{"a":"😀"}' });
  });
});
