/** A hung supervisor: nobody presents old data as current, traffic goes on, and nobody is killed for it afterwards. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type LoadReport, runLoad } from '../support/load';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { isStopped } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import type { RawClient } from '../support/raw-client';
import { deferred, eventually } from '../support/wait';
import { connectToEach, messageBytes, messageRequest, mockConfig, STATUS_BYTES, UNAVAILABLE_BODY } from './cluster';

/** Far beyond the heartbeat time-out: a supervisor that counted its own sleep would kill everybody. */
const STOPPED_MS = 30_000;

describe('cluster: the supervisor is stopped and goes on', function () {
  this.timeout(60_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  let clients: Map<number, RawClient>;
  let load: LoadReport<number>;
  before(async () => {
    provider = await startMockProvider({ record: false });
    proxy = await startProxy({ config: mockConfig(provider) });
    clients = await connectToEach(proxy);
  });
  after(() =>
    closeAll(
      () =>
        clients?.forEach((client) => {
          client.destroy();
        }),
      () => proxy?.signal('SIGCONT'),
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  it('answers /status with 503 within 6 s, from every worker and with the exact body, while messages go on', async () => {
    const woken = deferred();
    const stoppedAt = performance.now();
    proxy.signal('SIGSTOP');
    await eventually(() => isStopped(proxy.pid), { what: 'the supervisor being stopped' });
    const running = runLoad({
      clients: 2,
      until: woken.promise,
      requestFn: async () => (await request(messageRequest(proxy))).status,
    });
    try {
      for (const client of clients.values()) {
        const refused = async () => {
          const answer = await client.roundTrip(STATUS_BYTES);
          return answer.status !== 200 && answer;
        };
        const answer = await eventually(refused, { timeoutMs: 10_000, intervalMs: 50, what: '503' });
        const { status, body, headers } = answer;
        expect({ status, body: body.toString('utf8') }).to.deep.equal({ status: 503, body: UNAVAILABLE_BODY });
        expect(headers['content-type']).to.equal('application/json; charset=utf-8');
      }
      expect(performance.now() - stoppedAt, 'until all say 503, ms').to.be.below(6000);
      for (const [pid, client] of clients) {
        const { status } = await client.roundTrip(messageBytes());
        expect(status, `/v1/messages from worker ${pid}`).to.equal(200);
      }
      // The workers can serve: an orchestrator must not take them away.
      const health = await request({ url: `${proxy.url}/health` });
      expect([health.status, health.json()['status']]).to.deep.equal([200, 'degraded']);
      expect((await request({ url: `${proxy.url}/readyz` })).status).to.equal(200);
      expect((await request({ url: `${proxy.url}/livez` })).status).to.equal(200);
      await eventually(() => performance.now() - stoppedAt >= STOPPED_MS, {
        what: 'a long enough stop',
        timeoutMs: STOPPED_MS + 1000,
      });
    } finally {
      woken.resolve();
      load = await running;
    }
    expect(load.failureSummary()).to.equal('');
    expect(new Set(load.results)).to.deep.equal(new Set([200]));
    expect(load.results.length).to.be.above(20);
  });

  it('answers 200 again after SIGCONT, and no worker was killed', async () => {
    proxy.signal('SIGCONT');
    // Kept connections that were idle for so long are closed by now.
    const reached = await eventually(() => connectToEach(proxy), {
      timeoutMs: 5000,
      what: '/status from every worker',
    });
    for (const client of reached.values()) client.destroy();
    expect([...reached.keys()]).to.have.members([...clients.keys()]);
    // Two ticks of the supervisor later it has judged everybody by its own clock.
    const judged = async () => {
      const document = await proxy.status();
      return document.workers.list.every((worker) => worker.last_heartbeat_age_ms < 2000) && document;
    };
    const beforeTicks = (await eventually(judged)).supervisor.uptime_seconds;
    const later = async () => (await proxy.status()).supervisor.uptime_seconds >= beforeTicks + 2;
    await eventually(later, { what: 'two more ticks of the supervisor' });
    const { workers } = await proxy.status();
    expect(workers.list.map(({ pid }) => pid)).to.have.members([...clients.keys()]);
    for (const worker of workers.list) expect(worker).to.include({ restarts: 0, last_exit: null, state: 'ready' });
    expect(proxy.output()).not.to.match(/is replaced/);
  });
});
