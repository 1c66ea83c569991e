/** What the writers write, as the official SDK reads it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import OpenAI from 'openai';
import { ERROR_STATUS, type ProxyError } from '../../shared/errors';
import type { AnswerWriter } from '../../worker/dialects/answer';
import { MessageStreamReader } from '../../worker/dialects/anthropic/read-stream';
import { openAiClient } from '../../worker/dialects/openai/client';

const USAGE = { input: 10, output: 7, cacheRead: 3, cacheCreation: 2 };
const CONTEXT = { requestId: 'req_1', model: 'asked', includeUsage: true };
const REQUEST = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
const tool = (name: string) => ({ type: 'function' as const, function: { name, parameters: {} } });

describe('the official OpenAI SDK', () => {
  let server: Server;
  let client: OpenAI;
  let reply: { status: number; type: string; body: string };

  before((done) => {
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(reply.status, { 'content-type': reply.type });
        response.end(reply.body);
      });
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo; // It listens on TCP.
      client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'k', maxRetries: 0 });
      done();
    });
  });

  after((done) => {
    server.closeAllConnections();
    server.close(done);
  });

  function replyStream(answer: (writer: AnswerWriter) => void, between = ''): void {
    const writer = openAiClient.writeStream(CONTEXT);
    answer(writer);
    const body = writer.take().replaceAll('\n\n', `\n\n${between}`);
    reply = { status: 200, type: 'text/event-stream', body };
  }

  function replyDocument(answer: (writer: AnswerWriter) => void): void {
    const writer = openAiClient.writeDocument(CONTEXT);
    answer(writer);
    reply = { status: 200, type: 'application/json', body: writer.take() };
  }

  function twoCalls(writer: AnswerWriter): void {
    writer.begin('msg_1', 'claude-x', null);
    writer.thinking('hm');
    writer.signature('s');
    writer.text('Hé \\"you\\"');
    writer.text('\\n🙂');
    writer.toolCall('t1', 'f');
    writer.toolArguments('{\\"a\\":');
    writer.toolArguments('\\"é\\"}');
    writer.toolCall('t2', 'g');
    writer.end('tool_use', null, USAGE);
  }

  const TOOL_CALLS = [
    { id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":"é"}' } },
    { id: 't2', type: 'function', function: { name: 'g', arguments: '{}' } },
  ];

  it('reads chunks, and pings between them as nothing', async () => {
    expect(openAiClient.ping).to.match(/^:[^\n]*\n\n$/);
    replyStream(twoCalls, openAiClient.ping);
    let content = '';
    let reasoning = '';
    let finish: string | null = null;
    let usage: unknown = null;
    for await (const chunk of await client.chat.completions.create({ ...REQUEST, stream: true })) {
      const [choice] = chunk.choices;
      content += choice?.delta.content ?? '';
      // A member that OpenAI's own answers do not have.
      reasoning += (choice?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
      finish = choice?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect([content, reasoning, finish]).to.deep.equal(['Hé "you"\n🙂', 'hm', 'tool_calls']);
    expect(usage).to.deep.include({ prompt_tokens: 15, completion_tokens: 7, total_tokens: 22 });
  });

  it('puts a streamed answer together, with parallel calls and counts', async () => {
    replyStream(twoCalls);
    const stream = client.chat.completions.stream({ ...REQUEST, tools: [tool('f'), tool('g')] });
    const { choices, usage, id, model } = await stream.finalChatCompletion();
    const [choice] = choices;
    expect(choice?.message.content).to.equal('Hé "you"\n🙂');
    expect(JSON.parse(JSON.stringify(choice?.message.tool_calls)).map(withoutExtras)).to.deep.equal(TOOL_CALLS);
    expect([choice?.finish_reason, id, model]).to.deep.equal(['tool_calls', 'msg_1', 'claude-x']);
    expect(usage?.prompt_tokens_details?.cached_tokens).to.equal(3);
  });

  it('reads a document', async () => {
    replyDocument(twoCalls);
    const { choices, usage } = await client.chat.completions.create(REQUEST);
    expect(choices[0]?.message.tool_calls).to.deep.equal(TOOL_CALLS);
    expect([choices[0]?.message.content, usage?.total_tokens]).to.deep.equal(['Hé "you"\n🙂', 22]);
  });

  it('sees a refusal', async () => {
    const refuse = (writer: AnswerWriter) => {
      writer.begin('', '', null);
      writer.end('refusal', null, USAGE);
    };
    replyStream(refuse);
    const [streamed] = (await client.chat.completions.stream(REQUEST).finalChatCompletion()).choices;
    replyDocument(refuse);
    const [whole] = (await client.chat.completions.create(REQUEST)).choices;
    for (const choice of [streamed, whole]) {
      expect([choice?.finish_reason, choice?.message.refusal]).to.deep.equal([
        'content_filter',
        'The model refused to answer.',
      ]);
    }
  });

  it('throws at an error in the middle of a stream', async () => {
    const broken = (writer: AnswerWriter) => {
      writer.begin('a', 'm', null);
      writer.text('x');
      writer.fail({ type: 'overloaded_error', message: 'Overloaded' });
    };
    replyStream(broken);
    let content = '';
    const error = await rejection(async () => {
      for await (const chunk of await client.chat.completions.create({ ...REQUEST, stream: true })) {
        content += chunk.choices[0]?.delta.content ?? '';
      }
    });
    expect(error).to.be.instanceOf(OpenAI.APIError);
    expect(error).to.include({ message: 'Overloaded', type: 'server_error', code: 'server_is_overloaded' });
    expect(content).to.equal('x');
    replyStream(broken);
    const again = await rejection(() => client.chat.completions.stream(REQUEST).finalChatCompletion());
    expect(again).to.include({ message: 'Overloaded' });
    reply = { ...reply, body: openAiClient.streamError({ type: 'timeout_error', message: 'late' }) };
    const first = await rejection(() => client.chat.completions.stream(REQUEST).finalChatCompletion());
    expect(first).to.include({ message: 'late', code: 'timeout' });
  });

  const errors: [ProxyError['type'], new (...args: never[]) => Error, string | null][] = [
    ['invalid_request_error', OpenAI.BadRequestError, null],
    ['authentication_error', OpenAI.AuthenticationError, 'invalid_api_key'],
    ['billing_error', OpenAI.APIError, 'insufficient_quota'],
    ['permission_error', OpenAI.PermissionDeniedError, 'permission_denied'],
    ['not_found_error', OpenAI.NotFoundError, 'model_not_found'],
    ['rate_limit_error', OpenAI.RateLimitError, 'rate_limit_exceeded'],
    ['api_error', OpenAI.InternalServerError, null],
    ['overloaded_error', OpenAI.InternalServerError, 'server_is_overloaded'],
    ['timeout_error', OpenAI.InternalServerError, 'timeout'],
  ];
  for (const [type, kind, code] of errors) {
    it(`throws ${kind.name} for ${type}`, async () => {
      const body = openAiClient.errorBody({ type, message: 'why "so"' }, 'req_1');
      reply = { status: ERROR_STATUS[type], type: 'application/json', body };
      const error = await rejection(() => client.chat.completions.create(REQUEST));
      expect(error).to.be.instanceOf(kind);
      expect(error).to.include({ message: `${ERROR_STATUS[type]} why "so"`, code });
    });
  }

  it('gets what an Anthropic provider streamed', async () => {
    const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
    const delta = (value: object) => event({ type: 'content_block_delta', index: 0, delta: value });
    const body = [
      event({ type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 4 } } }),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      ...['Hé', 'llo\n', '"you"', ' 🙂'].map((text) => delta({ type: 'text_delta', text })),
      event({ type: 'content_block_stop', index: 0 }),
      event({
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 't1', name: 'f', input: {} },
      }),
      ...['', '{"a":', '"é"}'].map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
      event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }),
      event({ type: 'message_stop' }),
    ].join('');
    replyStream((writer) => {
      const reader = new MessageStreamReader(writer);
      reader.feed(Buffer.from(body));
      reader.end();
    });
    const { choices, usage } = await client.chat.completions.stream(REQUEST).finalChatCompletion();
    expect(choices[0]?.message.content).to.equal('Héllo\n"you" 🙂');
    expect(JSON.parse(JSON.stringify(choices[0]?.message.tool_calls)).map(withoutExtras)).to.deep.equal([
      TOOL_CALLS[0],
    ]);
    expect(usage?.total_tokens).to.equal(13);
  });
});

interface ToolCall {
  id: string;
  type: string;
  function: { name: string; arguments: string };
}

/** The SDK adds what it parsed. */
function withoutExtras({ id, type, function: { name, arguments: written } }: ToolCall): ToolCall {
  return { id, type, function: { name, arguments: written } };
}

async function rejection(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
