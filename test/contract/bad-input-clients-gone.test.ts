/** Clients that stop in the middle: silent, gone while they send, while they wait, while they read; and impatient ones. */

import { expect } from 'chai';
import { loadEngine } from '../../worker/http/engine';
import { goodBody, messageBytes, mockConfig, scenario, survivor } from '../support/aftermath';
import { parseSse } from '../support/anthropic-wire';
import { chunk } from '../support/chunked';
import { closeAll } from '../support/close-all';
import { openStream } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { ConnectionEnded, halfRequest, RawClient, requestBytes } from '../support/raw-client';
import { deadline, eventually } from '../support/wait';

/** The engine ends a connection that says nothing for this long, to the tick of its clock: 20.30 after 12 s, 20.57 after 32 s. */
const ENGINE_IDLE_MS = loadEngine().name.includes('20.57') ? 30_000 : 10_000;
const IDLE_SLACK_MS = 5000;
/** "At once". */
const AT_ONCE_MS = 1000;

const DECLARED = requestBytes('POST', '/v1/messages', { 'content-length': 1000 });
const HALF_REQUESTS: [string, Buffer | string][] = [
  ['half a request line', 'POST /v1/mess'],
  ['half a head', 'GET /status HTTP/1.1\r\nHost: local'],
  ['a head without its body', DECLARED],
  ['half a body', Buffer.concat([DECLARED, Buffer.from('{"model":"m1"')])],
  [
    'half a chunked body',
    Buffer.concat([requestBytes('POST', '/v1/messages', { 'transfer-encoding': 'chunked' }), chunk(Buffer.from('{'))]),
  ],
  ['no header at all', 'GET /status HTTP/1.1\r\n\r\n'],
  ['HTTP/1.0', 'GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n'],
  ['a NUL in a header', 'GET /status HTTP/1.1\r\nHost: localhost\r\nx: a\0b\r\n\r\n'],
  ['a folded header', 'GET /status HTTP/1.1\r\nHost: localhost\r\nx: a\r\n b\r\n\r\n'],
  ['bare line feeds', 'GET /status HTTP/1.1\nHost: localhost\n\n'],
  ['the beginning of TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  ['nonsense', Buffer.from('\x01\x02\xff\xfe nonsense\r\n\r\n', 'latin1')],
];

describe('bad input: clients that stop', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));
  /** They wait for the engine's clock while the other tests run. */
  let silent: Promise<{ title: string; ms: number; status: string }[]>;

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 1 });
    const watch = async ([title, bytes]: [string, Buffer | string]) => {
      const client = await halfRequest(proxy, bytes);
      const startedAt = performance.now();
      const ended = client.readToEnd(ENGINE_IDLE_MS + IDLE_SLACK_MS);
      const answer = await ended.catch(() => Buffer.from('never closed'));
      client.destroy();
      return { title, ms: performance.now() - startedAt, status: answer.toString('latin1').slice(0, 12).trim() };
    };
    silent = Promise.all(HALF_REQUESTS.map(watch));
    silent.catch(() => {}); // It is heard of in the last test.
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  const streamBytes = (name: string, params: Record<string, unknown> = {}) =>
    messageBytes(scenario(name, params), goodBody({ stream: true }));

  for (const leave of ['reset', 'halfClose', 'destroy'] as const) {
    // The half requests above are in flight until the engine ends them: at rest comes later, with the last test.
    it(`gone in mid-upload (${leave}): nothing reaches the provider`, async () => {
      const aborts = async () =>
        proxy.metric(await proxy.metrics(), 'ccproxy_client_aborts_total', { phase: 'request' });
      const before = await aborts();
      const declared = await halfRequest(proxy, Buffer.concat([DECLARED, Buffer.alloc(500, ' ')]));
      const chunked = await halfRequest(proxy, HALF_REQUESTS[4]?.[1] ?? '');
      await eventually(async () => expect((await proxy.status()).workers.list[0]?.in_flight).to.be.at.least(2));
      declared[leave]();
      chunked[leave]();
      await eventually(async () => expect(await aborts()).to.be.at.least(before + 2));
      expect(provider.requests).to.be.empty;
      declared.destroy();
      chunked.destroy();
    });

    it(`gone while it waits (${leave}): the provider's request is ended at once`, async () => {
      const client = await halfRequest(proxy, streamBytes('silent'));
      const seen = await provider.nextRequest();
      await seen.received;
      client[leave]();
      await deadline(seen.aborted, AT_ONCE_MS, "the end of the provider's request");
      client.destroy();
    });

    it(`gone in mid-stream (${leave}): the provider's request is ended at once`, async () => {
      const client = await halfRequest(proxy, streamBytes('text', { hold: true, afterEvents: 2 }));
      await client.readHead();
      const seen = await provider.nextRequest();
      client[leave]();
      await deadline(seen.aborted, AT_ONCE_MS, "the end of the provider's request");
      client.destroy();
    });
  }

  it('gone in the middle of a flood that it does not read: the provider stops too', async () => {
    const client = await halfRequest(proxy, streamBytes('endless'));
    await client.readHead();
    client.pause();
    const seen = await provider.nextRequest();
    client.reset();
    await deadline(seen.aborted, AT_ONCE_MS, "the end of the provider's request");
  });

  it('50 gone in mid-stream together: none of the others is touched', async () => {
    const params = { hold: true, afterEvents: 2 };
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => halfRequest(proxy, streamBytes('text', params))),
    );
    await Promise.all(clients.map((client) => client.readHead()));
    const options = { body: goodBody({ stream: true }), headers: scenario('text', { ...params, marker: 'stays' }) };
    const stays = await openStream({ url: `${proxy.url}/v1/messages`, ...options });
    const requests = await provider.waitForRequests(51);
    for (const client of clients) client.reset();
    const gone = requests.filter((seen) => seen.marker !== 'stays');
    await deadline(Promise.all(gone.map((seen) => seen.aborted)), 2 * AT_ONCE_MS, 'the end of all requests');
    const kept = requests.find((seen) => seen.marker === 'stays');
    kept?.release();
    const body = await stays.rest();
    expect(body.equals(kept?.sentBody ?? Buffer.alloc(0))).to.equal(true);
    expect(parseSse(body).at(-1)?.event).to.equal('message_stop');
  });

  it('a second request before the first answer: both in order, or the connection is closed; never mixed up', async () => {
    const client = await RawClient.connect(proxy);
    await client.send(
      Buffer.concat([
        messageBytes(scenario('text', { marker: 'one' })),
        messageBytes(scenario('text', { marker: 'two' })),
      ]),
    );
    const received: string[] = [];
    const read = async () => {
      for (const _ of ['one', 'two']) received.push((await client.readResponse()).body.toString());
    };
    await read().catch((error: unknown) => {
      if (!(error instanceof ConnectionEnded)) throw error;
    });
    client.destroy();
    for (const [i, marker] of ['one', 'two'].entries())
      if (received[i] !== undefined) expect(received[i]).to.contain(`msg_${marker}`);
  });

  it('the same while the first one streams', async () => {
    const client = await halfRequest(proxy, streamBytes('text', { hold: true, afterEvents: 2 }));
    await client.readHead();
    const seen = await provider.nextRequest();
    await client.send(requestBytes('GET', '/livez', { connection: 'close' }));
    seen.release();
    const rest = String(await client.readToEnd().catch(() => ''));
    client.destroy();
    if (rest.includes('"alive"')) expect(rest.indexOf('message_stop')).to.be.within(0, rest.indexOf('"alive"'));
  });

  test('half a request and silence: refused, or closed in about 10 s; whoever was heard is at rest after it', async function () {
    this.timeout(ENGINE_IDLE_MS + 2 * IDLE_SLACK_MS);
    const outcomes = await silent;
    const unclosed = outcomes.filter(({ status }) => status === 'never closed').map(({ title }) => title);
    expect(unclosed, `still open after ${ENGINE_IDLE_MS + IDLE_SLACK_MS} ms`).to.deep.equal([]);
    for (const { title, ms, status } of outcomes) {
      expect(status, title).to.match(/^$|^HTTP\/1\.1 (400|431|505)$/);
      if (title.startsWith('half') && status === '') expect(ms, title).to.be.above(ENGINE_IDLE_MS / 2);
    }
  });
});
