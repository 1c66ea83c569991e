/** Providers that break off, fall silent or talk nonsense: the documented error, or the right end of a stream begun. */
import { expect } from 'chai';
import {
  expectApiError,
  goodBody,
  messageBytes,
  mockConfig,
  postMessage,
  providerAt,
  survivor,
} from '../support/aftermath';
import { markersIn, parseSse, textOf } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { type MockProvider, type ScenarioName, type ScenarioParams, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { ConnectionEnded, RawClient, type RawResponse } from '../support/raw-client';

const FIRST_BYTE_MS = 400;
const IDLE_MS = 600;
/** The gateway looks at its deadlines ten times a second; the rest is the machine's. */
const SLACK_MS = 2000;

const RESET = /^The provider (reset|closed) the connection/;
const ERROR_EVENT = 'event: error\ndata: {"type":"error","error":{"type":';

/** Nothing of an answer has left: an error answer. */
const BEFORE_FIRST_BYTE: [ScenarioName, number, string, RegExp][] = [
  ['reset-before-head', 502, 'api_error', RESET],
  ['reset-after-head', 502, 'api_error', RESET],
  ['garbage', 502, 'api_error', /^The provider answered with something that is no HTTP/],
  ['silent', 504, 'timeout_error', /^The provider did not answer in time \(provider "mock"\)$/],
  ['silent-after-head', 504, 'timeout_error', /^The provider stopped in the middle of its answer \(provider "mock"\)$/],
];

/** A stream has begun: it ends with an error event. */
const IN_MID_STREAM: [ScenarioName, string, RegExp][] = [
  ['reset-mid-stream', 'api_error', RESET],
  ['close-mid-stream', 'api_error', RESET],
  ['bad-chunk', 'api_error', /^The provider answered with something that is no HTTP/],
  ['silent-mid-event', 'timeout_error', /^The provider stopped in the middle of its answer/],
];

describe('provider failures: broken answers', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const timeouts = { first_byte: `${FIRST_BYTE_MS}ms`, idle: `${IDLE_MS}ms` };
    const providers = [providerAt('mock', provider.url, { timeouts })];
    proxy = await startProxy({ config: mockConfig(provider, { providers }), workers: 1 });
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  const choose = (name: ScenarioName, params: ScenarioParams = {}) => provider.respondOnce({ scenario: name, params });

  /** The whole answer to a streaming request; `release` lets the provider go on once the first bytes are here. */
  const stream = async (release = false): Promise<RawResponse> => {
    const client = await RawClient.connect(proxy);
    try {
      await client.send(messageBytes({}, goodBody({ stream: true })));
      if (!release) return await client.readResponse();
      const seen = await provider.nextRequest();
      const whole = client.readResponse();
      // The break must not overtake the events before it.
      while (client.reader.receivedBytes === 0) await Promise.race([whole, new Promise((next) => setImmediate(next))]);
      seen.release();
      return await whole;
    } finally {
      client.destroy();
    }
  };

  for (const [name, status, type, message] of BEFORE_FIRST_BYTE) {
    test(`${name}: ${status}`, async () => {
      for (const wantsStream of [false, true]) {
        choose(name);
        const startedAt = performance.now();
        const response = await postMessage(proxy, { body: goodBody({ stream: wantsStream }) });
        expectApiError(response, { status, type, message });
        expect(performance.now() - startedAt).to.be.below(IDLE_MS + SLACK_MS);
        if (status === 504) expect(performance.now() - startedAt).to.be.above(FIRST_BYTE_MS - 50);
      }
    });
  }

  test('closed before the head: 502', async () => {
    provider.respondOnce(async ({ reply }) => reply.fin());
    expectApiError(await postMessage(proxy), { status: 502, type: 'api_error', message: RESET });
  });

  test('closed before the head on a kept connection: sent once more, and counted', async () => {
    const retries = async () =>
      proxy.metric(await proxy.metrics(), 'ccproxy_upstream_retries_total', { provider: 'mock' });
    const before = await retries();
    expect((await postMessage(proxy)).status).to.equal(200);
    provider.respondOnce(async ({ reply }) => reply.fin());
    expect((await postMessage(proxy)).status).to.equal(200);
    expect(provider.requests).to.have.length(3);
    expect(await retries()).to.equal(before + 1);
  });

  test('a head that is too large: 502', async () => {
    choose('text', { headers: { 'x-large': 'a'.repeat(200_000) } });
    expectApiError(await postMessage(proxy), {
      status: 502,
      type: 'api_error',
      message: /head of the provider|no HTTP/,
    });
  });

  for (const [name, type, message] of IN_MID_STREAM) {
    test(`${name}: the events so far, then an error event, then a proper end`, async () => {
      choose(name, { hold: true });
      const response = await stream(name !== 'silent-mid-event');
      expect(response.status).to.equal(200);
      expect(response.framing).to.equal('chunked');
      const sent = provider.requests[0]?.sentBody ?? Buffer.alloc(0);
      expect(response.body.subarray(0, sent.length).equals(sent), 'the bytes so far').to.equal(true);
      const rest = response.body.subarray(sent.length).toString();
      expect(rest.trimStart().startsWith(ERROR_EVENT), rest).to.equal(true);
      const [last] = parseSse(rest.trimStart());
      const { error, ...envelope } = JSON.parse(last?.data ?? '{}');
      expect(envelope).to.deep.equal({ type: 'error' });
      expect(error.type).to.equal(type);
      expect(error.message).to.match(message);
      expect(response.body.includes('message_stop')).to.equal(false);
    });
  }

  const endsAfter = (sent: string) =>
    provider.respondOnce(async ({ reply }) => {
      await reply.head(200, { 'content-type': 'text/event-stream' });
      await reply.body(sent);
      await reply.end();
    });

  test('a stream that ends without message_stop: an error event', async () => {
    const sent = 'event: message_start\ndata: {"type":"message_start","message":{}}\n\n';
    endsAfter(sent);
    const text = (await stream()).body.toString();
    expect(text.slice(0, sent.length)).to.equal(sent);
    const events = parseSse(text.slice(sent.length));
    expect(events).to.have.length(1);
    const { type, error } = JSON.parse(events[0]?.data ?? '{}');
    expect([events[0]?.event, type, error.type]).to.deep.equal(['error', 'error', 'api_error']);
    expect(error.message).to.match(/^The provider's stream ended before its last event/);
  });

  test('a stream without a single event: 502, for nothing has left yet', async () => {
    endsAfter('');
    const message = /^The provider's stream ended before its last event/;
    expectApiError(await stream(), { status: 502, type: 'api_error', message });
  });

  test("a provider's own error event passes untouched, and none is added", async () => {
    choose('sse-error', { errorMessage: 'Overloaded, ünd sorry' });
    const { body } = await stream();
    expect(body.equals(provider.requests[0]?.sentBody ?? Buffer.alloc(0))).to.equal(true);
    expect(parseSse(body).filter(({ event }) => event === 'error')).to.have.length(1);
  });

  test('a stream that is slow but never silent for long passes whole, however long it takes', async () => {
    choose('slow', { delayMs: 120 });
    const startedAt = performance.now();
    const { body } = await stream();
    expect(performance.now() - startedAt, 'longer than the limit of silence').to.be.above(IDLE_MS + FIRST_BYTE_MS);
    expect(body.equals(provider.requests[0]?.sentBody ?? Buffer.alloc(0))).to.equal(true);
    expect(markersIn(textOf(parseSse(body))).map(({ number }) => number)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  for (const how of ['fin', 'reset', 'silence'] as const) {
    for (const framing of ['length', 'chunked'] as const) {
      test(`a whole answer (${framing}) that breaks off by ${how}: cut, never taken for complete`, async () => {
        provider.respondOnce(async ({ request, reply }) => {
          const length = framing === 'length' ? { 'content-length': 1000 } : {};
          await reply.head(200, { 'content-type': 'application/json', ...length }, framing);
          await reply.body('{"id":"msg_half",');
          if (how === 'silence') await reply.untilGone();
          await reply.whileThere(request.released);
          if (how === 'fin') reply.fin();
          else reply.reset();
        });
        const client = await RawClient.connect(proxy);
        await client.send(messageBytes());
        const seen = await provider.nextRequest();
        const head = await client.readHead();
        expect(head.status).to.equal(200);
        seen.release();
        const rest = (await client.readToEnd()).toString();
        expect(rest).to.contain('{"id":"msg_half",').and.not.to.contain('\r\n0\r\n');
        expect(rest).not.to.contain('event: error');
      });
    }
  }

  test('a compressed stream that breaks off is cut: an event cannot be added to it', async () => {
    choose('gzip', { hold: true });
    const client = await RawClient.connect(proxy);
    await client.send(messageBytes({ 'accept-encoding': 'gzip' }, goodBody({ stream: true })));
    await client.readHead();
    await provider.nextRequest();
    provider.dropConnections();
    const broken = await client.readToEnd();
    expect(broken.includes('\r\n0\r\n\r\n')).to.equal(false);
  });

  test('40 failures of all kinds side by side: each client gets its own', async () => {
    const one = async (i: number) => {
      const [name = 'silent', status] = BEFORE_FIRST_BYTE[i % BEFORE_FIRST_BYTE.length] ?? [];
      const response = await postMessage(proxy, { headers: { 'x-mock-scenario': name } });
      expect(response.status, name).to.equal(status);
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => one(i)));
    expect((await postMessage(proxy)).status).to.equal(200);
  });

  test('a kept connection that the provider closed meanwhile does no harm', async () => {
    for (let i = 0; i < 5; i++) {
      choose('text', { close: i % 2 === 0 });
      const outcome = await postMessage(proxy).catch((error: unknown) => error);
      expect(outcome).not.to.be.instanceOf(ConnectionEnded);
      expect(outcome).to.have.property('status', 200);
    }
  });
});
