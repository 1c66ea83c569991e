import { once } from 'node:events';
import { type ClientRequest, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { createSandboxServer } from '../../worker/sandbox/server';

const BODY = { model: 'any-model', max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hi there' }] };
const TOOL = {
  name: 'get_weather',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('sandbox server', () => {
  let server: Server;
  let port: number;
  let client: Anthropic;

  before(async () => {
    server = createSandboxServer({ tokensPerSecond: 5000, bodyLimitBytes: 10_000 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port; // It listens on TCP, so it has one.
    client = new Anthropic({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
  });

  after(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  function post(body: string, path = '/v1/messages'): Promise<Response> {
    return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
  }

  it('streams a message that the SDK understands', async () => {
    const streamed = await client.messages.stream(BODY).finalMessage();
    const { data: whole, response } = await client.messages.create(BODY).withResponse();
    expect(streamed.content).to.deep.equal(whole.content);
    expect(streamed.usage).to.include(whole.usage);
    expect(streamed.stop_reason).to.equal('end_turn');
    expect(streamed.model).to.equal('any-model');
    expect(streamed.usage.output_tokens).to.be.greaterThan(10);
    expect(response.headers.get('request-id')).to.match(/^req_\w+$/);
  });

  it('streams thinking and a tool call, and answers its result', async () => {
    const asked = { ...BODY, tools: [TOOL], thinking: { type: 'adaptive' as const } };
    const messages = [{ role: 'user' as const, content: 'Use get_weather.' }];
    const called = await client.messages.stream({ ...asked, messages }).finalMessage();
    const [thinking, use] = called.content;
    expect(called.stop_reason).to.equal('tool_use');
    expect(thinking)
      .to.have.property('signature')
      .that.matches(/^[A-Za-z0-9+/]+=*$/);
    if (use?.type !== 'tool_use') throw new Error('expected a tool call');
    expect(use).to.deep.include({ name: 'get_weather', input: { city: 'sandbox' } });

    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '21 degrees' };
    const history = [...messages, { role: 'assistant' as const, content: called.content }];
    const last = { role: 'user' as const, content: [result] };
    const answered = await client.messages.stream({ ...asked, messages: [...history, last] }).finalMessage();
    expect(answered.content.at(-1)).to.have.property('text').that.contains('The tool answered: 21 degrees');
  });

  it('accepts a system message in the middle and any query', async () => {
    const messages = [...BODY.messages, { role: 'system', content: [{ type: 'text', text: 'be brief' }] }];
    const response = await post(JSON.stringify({ ...BODY, messages }), '/v1/messages?beta=true');
    expect(response.status).to.equal(200);
  });

  it('counts tokens without max_tokens', async () => {
    const { model, messages } = BODY;
    const { input_tokens } = await client.messages.countTokens({ model, messages });
    expect(input_tokens).to.equal((await client.messages.create(BODY)).usage.input_tokens);
  });

  it('lists its model', async () => {
    const page = await client.models.list({ limit: 1000 });
    expect(page.data.map((model) => model.id)).to.deep.equal(['claude-sandbox']);
  });

  const errors: [string, string, string, number, string, RegExp][] = [
    ['broken JSON', '/v1/messages', '{"model"', 400, 'invalid_request_error', /not valid JSON/],
    ['no model', '/v1/messages', '{"max_tokens":1,"messages":[]}', 400, 'invalid_request_error', /^model: /],
    ['no messages', '/v1/messages/count_tokens', '{"model":"m"}', 400, 'invalid_request_error', /^messages: /],
    ['a wrong path', '/v1/complete', '{}', 404, 'not_found_error', /POST \/v1\/complete/],
    ['a long body', '/v1/messages', ' '.repeat(20_000), 413, 'request_too_large', /10000 bytes/],
    ['a hopelessly long body', '/v1/messages', ' '.repeat(50_000), 413, 'request_too_large', /10000 bytes/],
  ];
  for (const [name, path, body, status, type, message] of errors) {
    it(`answers ${status} to ${name}`, async () => {
      const response = await post(body, path);
      const answer = (await response.json()) as Anthropic.ErrorResponse; // Checked right below.
      expect(response.status).to.equal(status);
      expect(answer).to.have.nested.property('error.type', type);
      expect(answer.error.message).to.match(message);
      expect(answer).to.have.property('request_id', response.headers.get('request-id'));
    });
  }

  it('answers 413 to a body that does not end', async () => {
    const endless = startRequest({ 'transfer-encoding': 'chunked' }).on('error', () => {});
    endless.write(' '.repeat(60_000));
    const [answer] = await once(endless, 'response');
    expect(answer.statusCode).to.equal(413);
    expect(answer.headers.connection).to.equal('close');
    endless.destroy();
  });

  it('answers 404 to another method', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/v1/messages`)).status).to.equal(404);
  });

  it('survives what is no request, deep nesting, and a client that leaves in its body', async () => {
    const garbage = connect(port, '127.0.0.1', () => garbage.write('nonsense\r\n\r\n')).resume();
    await once(garbage, 'close');
    const deep = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"a":${'['.repeat(4000)}${']'.repeat(4000)}}]}]}`;
    expect((await post(deep)).status).to.equal(200);
    const ended = once(server, 'request');
    const leaving = startRequest({ 'content-length': '100' }).on('error', () => {});
    leaving.write('{');
    const [, response] = (await ended) as [unknown, ServerResponse]; // The arguments of the event 'request'.
    leaving.destroy();
    await once(response, 'close');
    expect((await post(JSON.stringify(BODY))).status).to.equal(200);
  });

  it('ends a stream whose client goes away', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await setImmediate(); // Mocha starts its own timer when the test gives it a promise.
    const timersBefore = timers();
    const started = once(server, 'request');
    const leaving = startRequest({ 'x-sandbox-tokens-per-second': '1' }).on('error', () => {});
    leaving.end(JSON.stringify({ ...BODY, stream: true }));
    const [answer] = await once(leaving, 'response');
    expect(String((await once(answer, 'data'))[0])).to.match(/^event: message_start\n/);
    const [, response] = (await started) as [unknown, ServerResponse]; // The arguments of the event 'request'.
    answer.on('error', () => {});
    leaving.destroy();
    if (!response.closed) await once(response, 'close');
    expect(response.writableEnded).to.equal(false);
    // At one token a second the stream would outlive this test's time limit.
    while (timers() > timersBefore) await setImmediate();
  });

  function startRequest(headers: Record<string, string>): ClientRequest {
    return request({ host: '127.0.0.1', port, path: '/v1/messages', method: 'POST', headers });
  }
});
