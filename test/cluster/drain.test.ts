/** SIGTERM and SIGINT: what is in flight is finished, nothing new is taken, exit 0 (spec/supervision.md, 11). */
import { expect } from 'chai';
import { openStream, request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { childrenOf, hasPendingSignals, isAlive } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient, slowReader } from '../support/raw-client';
import { eventually } from '../support/wait';
import {
  connectToEach,
  messageBytes,
  messageRequest,
  mockConfig,
  STATUS_BYTES,
  statusOn,
  UNAVAILABLE_BODY,
} from './cluster';

describe('cluster: drain', function () {
  this.timeout(30_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  before(async () => {
    provider = await startMockProvider();
  });
  after(() => provider?.close());
  afterEach(() => proxy?.stop('SIGKILL'));

  const start = async (more: Record<string, unknown> = {}, workers = 1) => {
    provider.reset();
    proxy = await startProxy({ config: mockConfig(provider, more), workers });
  };

  /** A stream that waits in the middle until the provider's request is released. */
  const heldStream = async () => {
    provider.respondOnce({ scenario: 'text', params: { hold: true, afterEvents: 3, deltas: 40 } });
    const stream = await openStream(messageRequest(proxy, { stream: true }));
    const upstream = await provider.nextRequest();
    await stream.readUntil('content_block_start');
    return { stream, upstream };
  };

  it('finishes a stream byte for byte, refuses new connections and says 503 meanwhile, and exits 0', async () => {
    await start();
    const kept = await RawClient.connect(proxy);
    await statusOn(kept);
    const { stream, upstream } = await heldStream();

    proxy.signal('SIGTERM');
    await proxy.waitForLine(/SIGTERM: draining/);
    const refused = async () => {
      const client = await RawClient.connect(proxy).catch((error: NodeJS.ErrnoException) => error);
      if (client instanceof RawClient) client.destroy();
      else expect(client.code).to.equal('ECONNREFUSED');
      return !(client instanceof RawClient);
    };
    await eventually(refused, { timeoutMs: 3000, what: 'new connections being refused' });
    const draining = await kept.roundTrip(STATUS_BYTES);
    expect({ status: draining.status, body: draining.body.toString() }).to.deep.equal({
      status: 503,
      body: UNAVAILABLE_BODY,
    });
    expect(draining.headers['connection']).to.equal('close');
    expect(await kept.ended()).to.equal('fin');

    expect(isAlive(proxy.pid)).to.equal(true);
    upstream.release();
    const received = await stream.rest();
    expect(received.equals(upstream.sentBody), 'the stream equals what the provider sent').to.equal(true);
    const { code, signal, output } = await proxy.exit;
    expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
    expect(output.split('\n').at(-1)).to.include('CCProxy has ended');
  });

  it('ends at once when nothing is in flight, idle keep-alive connections or not', async () => {
    await start({}, 2);
    const clients = await connectToEach(proxy);
    const children = childrenOf(proxy.pid);
    const signalledAt = performance.now();
    proxy.signal('SIGINT');
    expect((await proxy.exit).code).to.equal(0);
    expect(performance.now() - signalledAt, 'ms').to.be.below(2000);
    expect(children.filter(isAlive)).to.deep.equal([]);
    for (const client of clients.values()) await client.ended();
  });

  it('waits for a slow reader to take the whole of its answer', async () => {
    await start();
    const sizeBytes = 24 * 1024 * 1024;
    provider.respondOnce({ scenario: 'large', params: { sizeBytes } });
    const client = await slowReader(proxy, messageBytes());
    const upstream = await provider.nextRequest();
    await eventually(() => upstream.sentBytes > 0);
    proxy.signal('SIGTERM');
    await proxy.waitForLine(/SIGTERM: draining/);
    const { status, body } = await client.readResponse();
    expect(status).to.equal(200);
    expect(body.equals(upstream.sentBody), 'the answer equals what the provider sent').to.equal(true);
    client.destroy();
    expect((await proxy.exit).code).to.equal(0);
  });

  it('cuts what is left after shutdown_timeout, and still exits 0', async () => {
    await start({ shutdown_timeout: '400ms' });
    const { stream, upstream } = await heldStream();
    const signalledAt = performance.now();
    proxy.signal('SIGTERM');
    const cut = await stream.rest().then(
      (bytes) => bytes.toString(),
      (error: unknown) => error,
    );
    if (typeof cut === 'string') expect(cut, 'neither cut nor ended with an error').to.match(/event: error/);
    const { code, signal, output } = await proxy.exit;
    expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
    expect(performance.now() - signalledAt, 'ms').to.be.within(400, 2500);
    expect(output).to.match(/1 requests? (?:is|are) cut/);
    await upstream.aborted;
  });

  it('kills a worker that is stopped, and still exits 0', async () => {
    await start({ shutdown_timeout: '200ms' }, 2);
    const [stopped = 0] = childrenOf(proxy.pid);
    process.kill(stopped, 'SIGSTOP');
    const signalledAt = performance.now();
    proxy.signal('SIGTERM');
    expect((await proxy.exit).code).to.equal(0);
    expect(performance.now() - signalledAt, 'ms').to.be.below(4500);
    expect(isAlive(stopped)).to.equal(false);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends at once with ${code} at a second ${signal} half a second later`, async () => {
      await start({}, 2);
      const { stream } = await heldStream();
      const children = childrenOf(proxy.pid);
      const signalledAt = performance.now();
      proxy.signal(signal);
      await proxy.waitForLine(new RegExp(`${signal}: draining`));
      await eventually(() => performance.now() - signalledAt >= 650, { what: 'the time of a second wish' });
      expect(isAlive(proxy.pid)).to.equal(true);
      const secondAt = performance.now();
      proxy.signal(signal);
      const ended = await proxy.exit;
      expect({ code: ended.code, signal: ended.signal }).to.deep.equal({ code, signal: null });
      expect(performance.now() - secondAt, 'ms').to.be.below(1500);
      await eventually(() => !children.some(isAlive), { timeoutMs: 1000, what: 'the end of the workers' });
      stream.destroy();
    });
  }

  it('takes the same signal twice in a moment for one wish: npm and the terminal both send it', async () => {
    await start();
    const { stream, upstream } = await heldStream();
    proxy.signal('SIGINT');
    // At once, but not before the first is taken: two that wait for a process are one.
    while (hasPendingSignals(proxy.pid));
    proxy.signal('SIGINT');
    await proxy.waitForLine(/SIGINT: draining/);
    await eventually(() => !hasPendingSignals(proxy.pid), { what: 'the second signal being taken' });
    upstream.release();
    expect((await stream.rest()).equals(upstream.sentBody)).to.equal(true);
    expect((await proxy.exit).code).to.equal(0);
  });

  it('is no matter for a worker by itself: SIGTERM and SIGINT sent to it are ignored', async () => {
    await start({}, 2);
    const clients = await connectToEach(proxy);
    const before = await proxy.status();
    for (const pid of clients.keys()) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(pid, signal);
    const later = async () => {
      const { list } = (await proxy.status()).workers;
      const beats = (slot: number) => before.workers.list.find((worker) => worker.slot === slot)?.uptime_seconds ?? 0;
      return list.every(({ slot, uptime_seconds }) => uptime_seconds > beats(slot) + 1);
    };
    await eventually(later, { what: 'workers that are older' });
    for (const [pid, client] of clients) {
      const { served_by, workers } = await statusOn(client);
      expect(served_by.pid).to.equal(pid);
      expect(workers.list.map((worker) => [worker.pid, worker.state, worker.restarts])).to.deep.equal(
        before.workers.list.map((worker) => [worker.pid, 'ready', 0]),
      );
      expect((await client.roundTrip(messageBytes())).status).to.equal(200);
      client.destroy();
    }
    expect((await request(messageRequest(proxy))).status).to.equal(200);
  });
});
