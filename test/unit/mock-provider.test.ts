import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { markersIn, parseSse, textOf } from '../support/anthropic-wire';
import { type Certificates, createCertificates } from '../support/certs';
import { closeAll } from '../support/close-all';
import { type HttpResponse, openStream, request } from '../support/http';
import { runLoad } from '../support/load';
import { type MockProvider, SCENARIOS, type ScenarioParams, startMockProvider } from '../support/mock-provider';
import { RawClient, type RawResponse, rawRequest, requestBytes } from '../support/raw-client';
import { eventually } from '../support/wait';

const BODY = { model: 'mock-model', max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hi' }] };

describe('mock provider', () => {
  let provider: MockProvider;
  let client: Anthropic;

  beforeEach(async () => {
    provider = await startMockProvider();
    client = new Anthropic({ apiKey: 'k', baseURL: provider.url, maxRetries: 0 });
  });

  afterEach(() =>
    closeAll(
      () => provider.close(),
      () => expect(provider.failures).to.deep.equal([]),
      () => eventually(() => provider.connections === 0),
    ),
  );

  function headersFor(scenario: string, params: ScenarioParams = {}): Record<string, string> {
    return { 'x-mock-scenario': scenario, 'x-mock-params': JSON.stringify(params) };
  }

  function post(scenario: string, params: ScenarioParams = {}, stream = true): Promise<HttpResponse> {
    const url = `${provider.url}/v1/messages?beta=true`;
    return request({ url, headers: headersFor(scenario, params), body: { ...BODY, stream } });
  }

  function bytesOf(scenario: string, params: ScenarioParams = {}, headers: Record<string, string> = {}): Buffer {
    return requestBytes(
      'POST',
      '/v1/messages',
      { ...headersFor(scenario, params), ...headers },
      { ...BODY, stream: true },
    );
  }

  function raw(scenario: string, params: ScenarioParams = {}): Promise<RawResponse> {
    return rawRequest(provider, bytesOf(scenario, params));
  }

  describe('with the official SDK', () => {
    for (const scenario of ['text', 'tools', 'thinking', 'large', 'gzip', 'br'] as const) {
      it(`says the same as a stream and as a whole: ${scenario}`, async () => {
        const headers = headersFor(scenario, { marker: 'same' });
        const streamed = await client.messages.stream(BODY, { headers }).finalMessage();
        const whole = await client.messages.create(BODY, { headers });
        // The SDK adds members of its own to what it streams.
        expect({ ...streamed, parsed_output: null, stop_details: null }).to.deep.equal({
          ...whole,
          parsed_output: null,
          stop_details: null,
        });
        expect(whole.model).to.equal('mock-model');
        expect(whole.usage).to.include({ input_tokens: 25, cache_read_input_tokens: 11, output_tokens: 42 });
      });
    }

    it('calls several tools, the last without arguments', async () => {
      const headers = headersFor('tools', { tools: 4 });
      const { content, stop_reason } = await client.messages.stream(BODY, { headers }).finalMessage();
      const inputs = content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : []));
      expect(stop_reason).to.equal('tool_use');
      expect(inputs).to.have.length(4);
      expect(inputs[0]).to.deep.include({ marker: 'r1', nested: { list: [1, '🙂é'] } });
      expect(inputs[3]).to.deep.equal({});
    });

    it('thinks with a signature', async () => {
      const message = await client.messages.stream(BODY, { headers: headersFor('thinking') }).finalMessage();
      expect(message.content.map(({ type }) => type)).to.deep.equal(['thinking', 'text']);
      expect(message.content[0])
        .to.have.property('signature')
        .that.matches(/^[\w+/=]{100,}$/);
    });

    it('accounts what it was told', async () => {
      const usage = { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 5 };
      const message = await client.messages
        .stream(BODY, { headers: headersFor('echo-usage', { usage }) })
        .finalMessage();
      expect(message.usage).to.include({ ...usage, cache_creation_input_tokens: 0 });
    });

    it('counts tokens', async () => {
      expect(await client.messages.countTokens(BODY)).to.deep.equal({ input_tokens: 4242 });
    });

    it('fails in mid-stream in words', async () => {
      const failed = client.messages.stream(BODY, { headers: headersFor('sse-error') }).finalMessage();
      const error = await failed.catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Anthropic.APIError).with.property('message').that.includes('Overloaded');
    });

    it('answers errors with their headers', async () => {
      const headers = { 'retry-after': '7', 'x-should-retry': 'false' };
      const options = { headers: headersFor('error', { status: 429, headers }) };
      const error = await client.messages.create(BODY, options).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Anthropic.RateLimitError);
      const { requestID, headers: got } = error as InstanceType<typeof Anthropic.RateLimitError>; // Just checked.
      expect(requestID).to.equal('req_mock00000001');
      expect(got.get('retry-after')).to.equal('7');
    });
  });

  describe('its record', () => {
    it('has the request and the answer byte for byte', async () => {
      const client = await RawClient.connect(provider);
      const sent = requestBytes('POST', '/v1/messages?x=1', { 'X-Two': ['a', 'b'] }, ' {"stream": true, "model":"m"} ');
      const answer = await client.roundTrip(sent);
      const seen = await provider.nextRequest();
      await seen.finished;
      expect(Buffer.concat([seen.rawHead, seen.body])).to.deep.equal(sent);
      expect(seen.rawHeaders).to.deep.include(['X-Two', 'b']);
      expect(seen).to.include({ path: '/v1/messages', query: 'x=1', number: 1, connectionId: 1, isAborted: false });
      expect(seen.sentBody).to.deep.equal(answer.body);
      expect(seen.sentWire).to.deep.equal(Buffer.concat([answer.raw, answer.wireBody]));
      client.destroy();
    });

    it('knows chunked bodies, keep-alive and Expect', async () => {
      const client = await RawClient.connect(provider);
      await client.send('POST /v1/messages HTTP/1.1\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n');
      expect((await client.readResponse()).status).to.equal(100);
      const second = requestBytes('GET', '/nowhere');
      await client.send(Buffer.concat([Buffer.from('2;ext\r\n{}\r\n0\r\n\r\n'), second]));
      expect((await client.readResponse()).status).to.equal(200);
      expect((await client.readResponse()).status).to.equal(404);
      expect(provider.requests.map(({ connectionId }) => connectionId)).to.deep.equal([1, 1]);
      expect(provider.requests[0]?.body.toString()).to.equal('{}');
      client.destroy();
    });

    it('notices that a client goes, and when', async () => {
      const stream = await openStream({
        url: `${provider.url}/v1/messages`,
        headers: headersFor('text', { hold: true, afterEvents: 2 }),
        body: { ...BODY, stream: true },
      });
      await stream.readUntil('ping');
      const seen = await provider.nextRequest();
      expect(seen.isAborted).to.equal(false);
      stream.destroy();
      await seen.aborted;
      await seen.finished;
    });

    it('keeps every stream to its own marker', async () => {
      const report = await runLoad({
        clients: 10,
        requestsEach: 10,
        requestFn: async ({ client, turn }) => {
          const marker = `c${client}-${turn}`;
          const { body } = await post('text', { marker });
          expect(markersIn(textOf(parseSse(body)))).to.deep.equal(
            Array.from({ length: 8 }, (_, number) => ({ marker, number })),
          );
        },
      });
      expect(report.failureSummary()).to.equal('');
      expect(provider.requestCount).to.equal(100);
    });
  });

  describe('programmed', () => {
    it('takes the queue before the handler before the header', async () => {
      provider.respondOnce({ scenario: 'error', params: { status: 500 } });
      provider.respond(({ reply }) => reply.answer(418, { 'x-own': 'yes' }, Buffer.from('tea')));
      expect((await post('text')).status).to.equal(500);
      expect(await post('text')).to.include({ status: 418, text: 'tea' });
      provider.respond({ choose: ({ path }) => (path === '/v1/messages' ? 'gzip' : 'text') });
      expect((await post('text')).headers['content-encoding']).to.equal('gzip');
      provider.respond(null);
      expect((await post('text')).status).to.equal(200);
    });

    it('refuses count_tokens, and closes connections when told to', async () => {
      const other = await startMockProvider({ countTokens: 501, requestsPerConnection: 1 });
      const client = await RawClient.connect(other);
      const answer = await client.roundTrip(requestBytes('POST', '/v1/messages/count_tokens', {}, '{}'));
      expect(answer.status).to.equal(501);
      expect(answer.headers).not.to.have.property('connection');
      expect(await client.ended()).to.equal('fin');
      await other.close();
    });
  });

  describe('whole answers', () => {
    it('takes its time between events', async () => {
      const started = performance.now();
      await post('slow', { delayMs: 5, deltas: 2, pingEvery: 0 });
      expect(performance.now() - started).to.be.at.least(5 * 6 - 1);
    });

    it('flushes a compressed stream event by event', async () => {
      for (const [scenario, inflate] of [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
      ] as const) {
        const { body } = await post(scenario);
        expect(parseSse(inflate(body)).at(-1)?.event).to.equal('message_stop');
        const { wireBody } = await raw(scenario);
        expect(wireBody.toString('latin1').match(/\r\n/g)?.length).to.be.greaterThan(2 * 14);
      }
    });

    it('cuts a stream anywhere without changing it', async () => {
      const whole = (await post('text', { marker: 'cut' })).body;
      for (const params of [{}, { cutBytes: 7 }, { cutAt: [1, 500] }, { cutIn: 'wire' as const, cutBytes: 3 }]) {
        expect((await post('cut', { ...params, marker: 'cut' })).body).to.deep.equal(whole);
        expect(provider.requests.at(-1)?.sentBody).to.deep.equal(whole);
      }
    });

    it('streams without end, no faster than it is read', async () => {
      const client = await RawClient.connect(provider);
      await client.send(bytesOf('endless'));
      client.pause();
      const seen = await provider.nextRequest();
      let before = -1;
      await eventually(() => {
        const stands = seen.sentBytes === before;
        before = seen.sentBytes;
        return stands && before > 100_000;
      });
      client.resume();
      await eventually(() => seen.sentBytes > before + 1_000_000);
      client.destroy();
      await seen.aborted;
      expect(seen.sentBody).to.have.length(0);
    });

    it('ends an endless stream properly after maxBytes', async () => {
      const events = parseSse((await post('endless', { maxBytes: 50_000 })).body);
      expect(events.at(-1)?.event).to.equal('message_stop');
      expect(events.at(0)?.event).to.equal('message_start');
    });

    it('reads slowly', async () => {
      const client = await RawClient.connect(provider);
      const body = { ...BODY, filler: 'x'.repeat(300_000) };
      await client.roundTrip(
        requestBytes('POST', '/v1/messages', headersFor('slow-reader', { bytesPerRead: 50_000, pauseMs: 5 }), body),
      );
      const { startedAt, bodyAt } = await provider.nextRequest();
      expect((bodyAt ?? 0) - startedAt).to.be.at.least(6 * 5 - 2);
      client.destroy();
    });

    it('refuses before the body has come', async () => {
      const client = await RawClient.connect(provider);
      await client.send(bytesOf('early-401').subarray(0, -5));
      const { status, body } = await client.readResponse();
      expect(status).to.equal(401);
      expect(body.toString()).to.include('authentication_error');
      expect(provider.requests[0]?.bodyAt).to.equal(null);
      client.destroy();
    });

    it('sends errors that are no JSON', async () => {
      const { status, text, headers } = await post('error', { status: 502, body: '<h1>Bad Gateway</h1>' });
      expect({ status, text }).to.deep.equal({ status: 502, text: '<h1>Bad Gateway</h1>' });
      expect(headers['content-type']).to.match(/^text\/html/);
    });
  });

  describe('broken answers', () => {
    async function ending(scenario: string, params: ScenarioParams = {}): Promise<{ text: string; how: string }> {
      const client = await RawClient.connect(provider);
      await client.send(bytesOf(scenario, params));
      const text = (await client.readToEnd()).toString('latin1');
      return { text, how: await client.ended() };
    }

    it('breaks where its name says', async () => {
      const beforeHead = await ending('reset-before-head');
      expect(beforeHead).to.deep.equal({ text: '', how: 'reset' });
      expect((await ending('reset-after-head')).text).to.match(/\r\n\r\n$/);
      expect((await ending('reset-mid-stream')).text)
        .to.include('message_start')
        .and.not.include('message_stop');
      const closed = await ending('close-mid-stream');
      expect(closed.how).to.equal('fin');
      expect(closed.text)
        .to.match(/message_start[\s\S]*event: content_block_delta/)
        .and.not.include('message_stop');
      const garbage = await ending('garbage');
      expect(garbage.text).to.include('SSH-2.0').and.not.include('HTTP/1.1');
      expect((await ending('bad-chunk')).text).to.include('\r\nZZZ\r\n');
      for (const { isAborted } of provider.requests) expect(isAborted).to.equal(false);
    });

    it('waits for the test before it breaks', async () => {
      for (const [scenario, wanted, how] of [
        ['reset-after-head', '\r\n\r\n', 'reset'],
        ['reset-mid-stream', 'event: ping', 'reset'],
        ['close-mid-stream', 'event: ping', 'fin'],
      ] as const) {
        const client = await RawClient.connect(provider);
        await client.send(bytesOf(scenario, { hold: true, afterEvents: 1 }));
        await client.reader.readThrough(wanted);
        const seen = await provider.nextRequest();
        expect(seen.isFinished).to.equal(false);
        seen.release();
        expect(await client.ended()).to.equal(how);
        expect(seen.isAborted).to.equal(false);
      }
    });

    it('is silent where its name says', async () => {
      for (const [scenario, wanted] of [
        ['silent-after-head', '\r\n\r\n'],
        ['silent-mid-event', 'event: ping'],
      ] as const) {
        const client = await RawClient.connect(provider);
        await client.send(bytesOf(scenario));
        await client.reader.readThrough(wanted);
        client.destroy();
        await (await provider.nextRequest()).aborted;
      }
      const client = await RawClient.connect(provider);
      await client.send(bytesOf('silent'));
      const seen = await provider.nextRequest();
      await seen.received;
      client.reset();
      await seen.aborted;
      expect(seen.sentBytes).to.equal(0);
    });
  });

  describe('over TLS', () => {
    let certificates: Certificates;
    before(async () => {
      certificates = await createCertificates();
    });
    after(() => certificates.remove());

    it('answers, and resets the connection below', async () => {
      const secure = await startMockProvider({ tls: certificates });
      const { ca } = certificates;
      const url = `${secure.url}/v1/messages`;
      const answer = await request({ url, ca, body: { ...BODY, stream: true } });
      expect(answer.body).to.deep.equal(secure.requests[0]?.sentBody);
      secure.respondOnce('reset-mid-stream');
      const error = await request({ url, ca, body: BODY }).catch((reason: unknown) => reason);
      expect(error).to.have.property('code', 'ECONNRESET');
      await secure.close();
      expect(secure.failures).to.deep.equal([]);
    });
  });

  it('closes in the middle of everything', async () => {
    const clients = await Promise.all(
      Object.keys(SCENARIOS).map(async (scenario) => {
        const client = await RawClient.connect(provider);
        await client.send(bytesOf(scenario, { delayMs: 1000, hold: true }));
        return client;
      }),
    );
    await provider.waitForRequests(clients.length);
    await provider.close();
    await Promise.all(clients.map((client) => client.ended()));
    await Promise.all(provider.requests.map((seen) => seen.finished));
  });
});
