/** A reader that takes nothing slows its provider down, and nobody else; when it goes, its request ends. */
import { expect } from 'chai';
import { markersIn } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { openStream, request, type StreamingResponse } from '../support/http';
import { type MockProvider, type MockRequest, type ScenarioName, startMockProvider } from '../support/mock-provider';
import { rssBytes } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { requestBytes, slowReader } from '../support/raw-client';
import { deadline, eventually } from '../support/wait';

const MIB = 1024 * 1024;
/** What kernel and processes on the way may hold of a stream that nobody reads. */
const ON_THE_WAY_BYTES = 64 * MIB;
/** An unbounded proxy would take all of it; the test then fails instead of filling the machine's memory. */
const MAX_BYTES = 256 * MIB;
/** Nothing but the client's going away ends a request so soon. */
const AT_ONCE_MS = 5000;
const KEY = { 'x-api-key': 'proxy-key' };
const BODY = { model: 'm', max_tokens: 500, stream: true, messages: [{ role: 'user', content: 'Hi' }] };

describe('streams: backpressure', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  let workers: number[];
  /** Whatever a test leaves open. */
  let open: { destroy(): void }[] = [];

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key' }],
        routes: { default: 'mock,m' },
      },
    });
    workers = (await proxy.status(KEY)).workers.list.map(({ pid }) => pid);
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());
  afterEach(async () => {
    for (const stream of open) stream.destroy();
    open = [];
    await eventually(async () => {
      const page = await proxy.metrics(KEY);
      expect(proxy.metric(page, 'ccproxy_requests_in_flight')).to.equal(0);
      expect(proxy.metric(page, 'ccproxy_upstream_connections', { state: 'active' })).to.equal(0);
    });
  });

  function scenario(name: ScenarioName, params = {}) {
    return { ...KEY, 'x-mock-scenario': name, 'x-mock-params': JSON.stringify(params) };
  }

  /** A stream that is not read. */
  async function unread(maxBytes = MAX_BYTES): Promise<[StreamingResponse, MockRequest]> {
    const headers = scenario('endless', { maxBytes });
    const stream = await openStream({ url: `${proxy.url}/v1/messages`, headers, body: BODY });
    open.push(stream);
    return [stream, await provider.nextRequest()];
  }

  /** One stream of somebody else, whole and in order. */
  async function other(marker: string): Promise<void> {
    const headers = scenario('text', { marker, deltas: 20 });
    const { body } = await request({ url: `${proxy.url}/v1/messages`, headers, body: BODY, timeoutMs: 5000 });
    expect(markersIn(body.toString())).to.deep.equal(Array.from({ length: 20 }, (_, number) => ({ marker, number })));
  }

  /** Resolves when the provider can send no more: as much as before, after 20 streams of others came through. */
  async function untilHeldBack(stalled: MockRequest, limit = ON_THE_WAY_BYTES): Promise<void> {
    let before = -1;
    for (let round = 0; before !== stalled.sentBytes; round++) {
      before = stalled.sentBytes;
      await Promise.all(Array.from({ length: 20 }, (_, i) => other(`r${round}-${i}`)));
      expect(stalled.sentBytes).to.be.below(limit);
    }
  }

  it('the provider is held back, the worker stays small, others go on, and its going away ends the request', async () => {
    const before = workers.map(rssBytes);
    const streams = [await unread(), await unread(), await unread(), await unread()];
    for (const [, seen] of streams) await untilHeldBack(seen);
    for (const [i, pid] of workers.entries()) {
      expect((rssBytes(pid) - (before[i] ?? 0)) / MIB, 'growth in MiB').to.be.below(100);
    }
    for (const [stream, seen] of streams) {
      expect(seen.isAborted, 'before the reader goes').to.equal(false);
      stream.destroy();
      await deadline(seen.aborted, AT_ONCE_MS, 'the end of the request at the provider');
      expect(seen.sentBytes).to.be.below(ON_THE_WAY_BYTES);
    }
    await eventually(async () => {
      const page = await proxy.metrics(KEY);
      expect(proxy.metric(page, 'ccproxy_client_aborts_total', { phase: 'response' })).to.equal(4);
    });
  });

  for (const [how, leave] of [
    ['with a reset', 'reset'],
    ['with a FIN', 'halfClose'],
  ] as const) {
    it(`a reader that takes nothing and goes ${how} ends the request at once`, async () => {
      const bytes = requestBytes('POST', '/v1/messages', scenario('endless', { maxBytes: MAX_BYTES }), BODY);
      const client = await slowReader(proxy, bytes);
      open.push(client);
      const seen = await provider.nextRequest();
      await untilHeldBack(seen);
      client[leave]();
      await deadline(seen.aborted, AT_ONCE_MS, 'the end of the request at the provider');
    });
  }

  it('a reader that goes away while the provider says nothing ends the request at once', async () => {
    for (const name of ['silent', 'silent-after-head', 'silent-mid-event'] as const) {
      const client = await slowReader(proxy, requestBytes('POST', '/v1/messages', scenario(name), BODY));
      const seen = await provider.nextRequest();
      await seen.received;
      client.destroy();
      await deadline(seen.aborted, AT_ONCE_MS, `the end of the request at the provider: ${name}`);
    }
  });

  it('a reader that stops and goes on gets everything, in order', async () => {
    const [stream, seen] = await unread(48 * MIB);
    for (const upTo of [1, 4, 8]) {
      await untilHeldBack(seen, Number.POSITIVE_INFINITY); // Kernels give a reader that was fast larger buffers.
      let read = 0;
      while (read < upTo * MIB) read += (await stream.next())?.length ?? Number.POSITIVE_INFINITY;
    }
    const text = (await stream.rest()).toString();
    expect(text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')).to.equal(true);
    const numbers = markersIn(text);
    expect(numbers.every(({ number }, i) => number === i)).to.equal(true);
    expect(numbers.length).to.be.above(10_000);
    expect(seen.isAborted).to.equal(false);
  });
});
