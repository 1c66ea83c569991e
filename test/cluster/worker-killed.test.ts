/** kill -9 of a worker under load (spec/supervision.md, 1, 15 and 16). */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type LoadReport, runLoad } from '../support/load';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { isAlive } from '../support/processes';
import { counters, fallenCounters } from '../support/prometheus';
import { type RunningProxy, startProxy } from '../support/proxy';
import type { RawClient } from '../support/raw-client';
import type { StatusWorker } from '../support/status-document';
import { deferred, eventually } from '../support/wait';
import { connectToEach, messageBytes, messageRequest, mockConfig, statusOn } from './cluster';

const CLIENTS = 4;
const REPORTED_MS = 2500;

describe('cluster: kill -9 of a worker', function () {
  this.timeout(40_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  let clients: Map<number, RawClient>;
  let victim: number;
  let survivor: RawClient;
  let survivorPid: number;
  let load: LoadReport<number>;
  let replacement: StatusWorker;
  let killedAt: number;
  let killedAtTime: number;
  const scrapes: string[] = [];
  const scrapeStatuses = new Set<number>();

  before(async () => {
    provider = await startMockProvider({ record: false });
    proxy = await startProxy({ config: mockConfig(provider) });
    clients = await connectToEach(proxy);
    const [[killed], [lives, client]] = [...clients] as [[number, RawClient], [number, RawClient]]; // Two workers.
    victim = killed;
    survivor = client;
    survivorPid = lives;

    const done = deferred();
    const loadedAt = performance.now();
    const running = runLoad({
      clients: CLIENTS,
      until: done.promise,
      requestFn: async ({ turn }) => (await request(messageRequest(proxy, { stream: turn % 2 === 0 }))).status,
    });
    const scrape = async () => {
      const { status, body } = await survivor.roundTrip('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n');
      scrapeStatuses.add(status);
      scrapes.push(body.toString('utf8'));
      return proxy.metric(body.toString('utf8'), 'ccproxy_requests_total');
    };
    try {
      // Every worker reports once a second: by then what the victim counted is known, and could be lost.
      const isReported = async () => (await scrape()) >= 50 && performance.now() - loadedAt > REPORTED_MS;
      await eventually(isReported, { what: '50 requests counted, of both workers' });
      process.kill(victim, 'SIGKILL');
      [killedAt, killedAtTime] = [performance.now(), Date.now()];
      const replaced = async () => {
        await scrape();
        const { workers } = await statusOn(survivor);
        return workers.list.find(({ restarts, state }) => restarts === 1 && state === 'ready') ?? false;
      };
      replacement = await eventually(replaced, { what: 'a replacement that is ready' });
      // The newcomer has counted something too.
      const last = await scrape();
      await eventually(async () => (await scrape()) >= last + 50, { what: '50 more requests counted' });
    } finally {
      done.resolve();
      load = await running;
    }
    await scrape();
  });
  after(() =>
    closeAll(
      () =>
        clients?.forEach((client) => {
          client.destroy();
        }),
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  it('is followed by a replacement in the same slot, with the reason', async () => {
    expect(isAlive(victim)).to.equal(false);
    expect(replacement.pid).not.to.equal(victim);
    expect(isAlive(replacement.pid)).to.equal(true);
    const { at, ...exit } = replacement.last_exit ?? { at: '' };
    expect(exit).to.deep.equal({ code: null, signal: 'SIGKILL', reason: 'signal' });
    expect(Date.now() - Date.parse(at)).to.be.within(0, 30_000);
    // Its boot comes on top, and takes as long as the machine needs.
    expect(Date.parse(replacement.started_at) - killedAtTime, 'kill until forked, ms').to.be.within(0, 1000);
    const { workers, pid } = await proxy.status();
    expect(pid).to.equal(proxy.pid);
    expect(workers.list.map((worker) => worker.pid)).to.have.members([survivorPid, replacement.pid]);
    expect(workers).to.include({ desired: 2, ready: 2 });
  });

  it('is served by the replacement on new connections', async () => {
    const after = await connectToEach(proxy);
    try {
      expect([...after.keys()]).to.have.members([survivorPid, replacement.pid]);
      for (const client of after.values()) expect((await client.roundTrip(messageBytes())).status).to.equal(200);
    } finally {
      for (const client of after.values()) client.destroy();
    }
  });

  it('fails only what that worker had accepted, and leaves the connections of the other alone', async () => {
    // A client may meet the dying process twice: it closes its connections one by one, the listening socket among them.
    expect(load.failures.length, load.failureSummary()).to.be.at.most(2 * CLIENTS);
    for (const { endedAt } of load.failures)
      expect(endedAt - killedAt, 'failed after the kill, ms').to.be.within(0, 500);
    expect(new Set(load.results)).to.deep.equal(new Set([200]));
    expect((await survivor.roundTrip(messageBytes())).status).to.equal(200);
  });

  it('lets no counter and no histogram fall, from one scrape to the next', () => {
    expect([...scrapeStatuses]).to.deep.equal([200]);
    expect(scrapes.length).to.be.above(3);
    for (const [i, text] of scrapes.entries())
      if (i > 0) expect(fallenCounters(scrapes[i - 1] ?? '', text)).to.deep.equal([]);
    expect(counters(scrapes.at(-1) ?? '').size).to.be.above(50);
  });

  it('is counted as a restart by signal, once', async () => {
    const text = await proxy.metrics();
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason: 'signal' })).to.equal(1);
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total')).to.equal(1);
  });
});
