import { expect } from 'chai';
import type { AnswerWriter, StopReason } from '../../worker/dialects/answer';
import { ChunkWriter } from '../../worker/dialects/openai/chunk-writer';
import { openAiClient } from '../../worker/dialects/openai/client';
import { CompletionWriter } from '../../worker/dialects/openai/completion-writer';

const context = (includeUsage = false) => ({ requestId: 'req_1', model: 'asked', includeUsage });
const NOW = 1_700_000_000_999;
const USAGE = { input: 10, output: 7, cacheRead: 3, cacheCreation: 2 };
const OPENAI_USAGE = {
  prompt_tokens: 15,
  completion_tokens: 7,
  total_tokens: 22,
  prompt_tokens_details: { cached_tokens: 3 },
};

type Chunk = Record<string, unknown> & { choices: { delta: Record<string, unknown>; finish_reason: string | null }[] };

/** The data of the events that were written, parsed but for the last. */
function chunks(written: string): Chunk[] {
  const events = written.split('\n\n');
  expect(events.pop()).to.equal('');
  expect(events.every((event) => event.startsWith('data: ') && !event.includes('\n'))).to.equal(true);
  const data = events.map((event) => event.slice('data: '.length));
  expect(data.pop()).to.equal('[DONE]');
  return data.map((json) => JSON.parse(json));
}

function stream(answer: (writer: AnswerWriter) => void, includeUsage = false): Chunk[] {
  const writer = new ChunkWriter(context(includeUsage), NOW);
  answer(writer);
  return chunks(writer.take());
}

function document(answer: (writer: AnswerWriter) => void): { message: unknown; finish: string; whole: Chunk } {
  const writer = new CompletionWriter(context(), NOW);
  answer(writer);
  const whole = JSON.parse(writer.take());
  return { message: whole.choices[0].message, finish: whole.choices[0].finish_reason, whole };
}

const deltas = (written: Chunk[]) => written.map(({ choices: [choice] }) => choice?.delta);
const call = (index: number, id: string, name: string) => ({
  tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }],
});
const args = (index: number, json: string) => ({ tool_calls: [{ index, function: { arguments: json } }] });

function everything(writer: AnswerWriter): void {
  writer.begin('msg_"1"', 'claude-x', { ...USAGE, output: 1 });
  writer.thinking('hm ');
  writer.thinking('\\"so\\"');
  writer.signature('c2ln');
  writer.redactedThinking('b3BhcXVl');
  writer.text('Hé \\"you\\"\\n');
  writer.text('');
  writer.text('🙂');
  writer.toolCall('t"1', 'f"');
  writer.toolArguments('{\\"a\\"');
  writer.toolArguments('');
  writer.toolArguments(':1}');
  writer.toolCall('t2', 'g');
  writer.toolCall('t3', 'h');
  writer.end('tool_use', null, USAGE);
}

describe('chat completion chunks', () => {
  it('tell an answer, delta by delta', () => {
    const written = stream(everything);
    expect(deltas(written)).to.deep.equal([
      { role: 'assistant', content: '' },
      { reasoning_content: 'hm ' },
      { reasoning_content: '"so"' },
      { content: 'Hé "you"\n' },
      { content: '🙂' },
      call(0, 't"1', 'f"'),
      args(0, '{"a"'),
      args(0, ':1}'),
      call(1, 't2', 'g'),
      args(1, '{}'),
      call(2, 't3', 'h'),
      args(2, '{}'),
      {},
    ]);
    for (const { choices: _, ...rest } of written) {
      expect(rest).to.deep.equal({
        id: 'msg_"1"',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'claude-x',
      });
    }
    expect(written.map(({ choices: [choice] }) => choice?.finish_reason)).to.deep.equal([
      ...Array(12).fill(null),
      'tool_calls',
    ]);
  });

  it('tell the counts in a chunk of their own, where they are asked for and known', () => {
    const written = stream(everything, true);
    expect(written.at(-1)).to.include({ id: 'msg_"1"', model: 'claude-x' });
    expect([written.at(-1)?.choices, written.at(-1)?.['usage']]).to.deep.equal([[], OPENAI_USAGE]);
    expect(written.slice(0, -1).every((chunk) => chunk['usage'] === null)).to.equal(true);
    const unknown = stream((writer) => {
      writer.begin('', '', null);
      writer.end('end_turn', null, null);
    }, true);
    expect(unknown.map(({ usage }) => usage)).to.deep.equal([null, null]);
  });

  it('name the request and the model where the provider names neither', () => {
    const [first] = stream((writer) => {
      writer.begin('', '', null);
      writer.end('end_turn', null, null);
    });
    expect(first).to.include({ id: 'chatcmpl-req_1', model: 'asked' });
  });

  it('are taken as they come', () => {
    const writer = new ChunkWriter(context(), NOW);
    expect(writer.take()).to.equal('');
    writer.begin('a', 'm', null);
    expect(writer.take()).to.match(/^data: \{.*"role":"assistant".*\}\n\n$/);
    expect(writer.sawContent).to.equal(false);
    writer.text('x');
    expect(writer.sawContent).to.equal(true);
    expect(writer.take()).to.match(/^data: \{.*"content":"x".*\}\n\n$/);
    expect(writer.take()).to.equal('');
  });

  it('end with an error where the answer failed', () => {
    const writer = new ChunkWriter(context(), NOW);
    writer.begin('a', 'm', USAGE);
    writer.text('x');
    writer.take();
    writer.fail({ type: 'overloaded_error', message: 'Over "loaded"' });
    writer.fail({ type: 'api_error', message: 'again' });
    writer.end('end_turn', null, null);
    const error = { message: 'Over "loaded"', type: 'server_error', param: null, code: 'server_is_overloaded' };
    expect(writer.take()).to.equal(`data: ${JSON.stringify({ error })}\n\n`);
    expect([writer.state, writer.error?.message, writer.usage]).to.deep.equal(['failed', 'Over "loaded"', USAGE]);
  });

  it('say that the model refused, where it said nothing', () => {
    const refused = stream((writer) => {
      writer.begin('a', 'm', null);
      writer.end('refusal', null, null);
    });
    expect(deltas(refused)).to.deep.equal([
      { role: 'assistant', content: '' },
      { refusal: 'The model refused to answer.' },
      {},
    ]);
    const spoke = stream((writer) => {
      writer.begin('a', 'm', null);
      writer.text('No.');
      writer.end('refusal', null, null);
    });
    expect(deltas(spoke)).to.deep.equal([{ role: 'assistant', content: '' }, { content: 'No.' }, {}]);
  });

  it('close a call without arguments when a text follows', () => {
    const written = stream((writer) => {
      writer.begin('a', 'm', null);
      writer.toolCall('t', 'f');
      writer.text('x');
      writer.end('end_turn', null, null);
    });
    expect(deltas(written).slice(1)).to.deep.equal([call(0, 't', 'f'), args(0, '{}'), { content: 'x' }, {}]);
  });
});

describe('a chat completion', () => {
  it('tells an answer', () => {
    const { message, finish, whole } = document(everything);
    expect(message).to.deep.equal({
      role: 'assistant',
      content: 'Hé "you"\n🙂',
      refusal: null,
      reasoning_content: 'hm "so"',
      tool_calls: [
        { id: 't"1', type: 'function', function: { name: 'f"', arguments: '{"a":1}' } },
        { id: 't2', type: 'function', function: { name: 'g', arguments: '{}' } },
        { id: 't3', type: 'function', function: { name: 'h', arguments: '{}' } },
      ],
    });
    const { choices: _, ...rest } = whole;
    expect([finish, rest]).to.deep.equal([
      'tool_calls',
      { id: 'msg_"1"', object: 'chat.completion', created: 1_700_000_000, model: 'claude-x', usage: OPENAI_USAGE },
    ]);
  });

  const contents: [string, (writer: AnswerWriter) => void, object][] = [
    ['nothing', () => {}, { content: '', refusal: null }],
    [
      'a call only',
      (writer) => writer.toolCall('t', 'f'),
      {
        content: null,
        refusal: null,
        tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
    ],
  ];
  for (const [what, content, expected] of contents) {
    it(`may have ${what}`, () => {
      const { message, whole } = document((writer) => {
        writer.begin('', '', null);
        content(writer);
        writer.end('end_turn', null, null);
      });
      expect(message).to.deep.equal({ role: 'assistant', ...expected });
      expect(whole).to.include({ id: 'chatcmpl-req_1', model: 'asked' });
      expect(whole).not.to.have.property('usage');
    });
  }

  it('says that the model refused, where it said nothing', () => {
    const refusal = (text: string) =>
      document((writer) => {
        writer.begin('', '', null);
        writer.text(text);
        writer.end('refusal', null, null);
      });
    expect(refusal('').message).to.include({ content: null, refusal: 'The model refused to answer.' });
    expect(refusal('No.').message).to.include({ content: 'No.', refusal: null });
    expect(refusal('No.').finish).to.equal('content_filter');
  });

  it('is there when it is whole, and never when it failed', () => {
    const writer = new CompletionWriter(context(), NOW);
    writer.begin('', '', USAGE);
    writer.text('x');
    expect([writer.take(), writer.sawContent, writer.state]).to.deep.equal(['', true, 'open']);
    writer.fail({ type: 'api_error', message: 'gone' });
    expect([writer.take(), writer.state, writer.error?.type]).to.deep.equal(['', 'failed', 'api_error']);
  });
});

describe('the reason why an answer ended', () => {
  const reasons: [StopReason, string][] = [
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
  ];
  for (const [reason, expected] of reasons) {
    it(`${reason} is ${expected}`, () => {
      const answer = (writer: AnswerWriter) => {
        writer.begin('a', 'm', null);
        writer.text('x');
        writer.end(reason, null, null);
      };
      expect(stream(answer).at(-1)?.choices[0]?.finish_reason).to.equal(expected);
      expect(document(answer).finish).to.equal(expected);
    });
  }
});

describe("an error in OpenAI's shape", () => {
  const error = (type: Parameters<typeof openAiClient.streamError>[0]['type'], message: string) =>
    JSON.parse(openAiClient.errorBody({ type, message }, 'req_1'));

  it('has a message, a type, a code and the id of its request', () => {
    expect(error('authentication_error', 'bad "key"')).to.deep.equal({
      error: { message: 'bad "key"', type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
      request_id: 'req_1',
    });
  });

  it("has OpenAI's code where a conversation is too long", () => {
    const messages = [
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length',
      'prompt is too long: 210000 tokens > 200000 maximum',
      "This model's maximum context length is 8192 tokens",
    ];
    for (const message of messages) {
      expect(error('invalid_request_error', message).error.code, message).to.equal('context_length_exceeded');
    }
    expect(error('invalid_request_error', 'messages: Field required').error.code).to.equal(null);
  });
});
