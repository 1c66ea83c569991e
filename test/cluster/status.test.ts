/** Any worker answers `/status` for the whole (spec/status.md; spec/supervision.md, 14). */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { type HttpResponse, request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { childrenOf } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';
import { connectToEach, freePort, mockConfig, statusOn } from './cluster';

const WORKERS = 3;
const ANSWERS = 100;

const TEN_FIELDS = [
  ...['service', 'version', 'status', 'uptime', 'pid', 'host', 'port', 'api_key_configured', 'providers'],
  'build',
];

/** Everything but who answered: the snapshot as the supervisor pushed it. */
function snapshotOf({ text }: HttpResponse): string {
  const end = text.lastIndexOf(',"served_by":');
  if (end < 0) throw new Error(`no served_by: ${text}`);
  return text.slice(0, end);
}

/** Without what moves by itself from one snapshot to the next while nothing happens: clocks and figures of each beat. */
function atRest({ json }: HttpResponse): Record<string, unknown> {
  const {
    served_by: _,
    snapshot_age_ms: _age,
    uptime: _uptime,
    supervisor,
    workers,
    ...rest
  } = json<StatusDocument & { served_by: unknown }>();
  const { uptime_seconds: _seconds, ...supervisorAtRest } = supervisor;
  const list = workers.list.map(({ slot, pid, generation, state, started_at, restarts, last_exit }) => {
    return { slot, pid, generation, state, started_at, restarts, last_exit };
  });
  return { ...rest, supervisor: supervisorAtRest, workers: { ...workers, list } };
}

describe('cluster: /status', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  let answers: HttpResponse[];
  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: WORKERS });
    answers = await Promise.all(Array.from({ length: ANSWERS }, () => request({ url: `${proxy.url}/status` })));
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  it('comes from all workers on new connections, and every answer names a worker', async () => {
    const pids = (await proxy.status()).workers.list.map(({ pid }) => pid);
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(ANSWERS).fill(200));
    const served = new Set(answers.map((answer) => answer.json<StatusDocument>().served_by.pid));
    expect([...served]).to.have.members(pids);
    const slots = new Map(
      answers.map((answer) => answer.json<StatusDocument>().served_by).map((by) => [by.pid, by.slot]),
    );
    expect([...slots.values()].sort()).to.deep.equal([1, 2, 3]);
  });

  it('differs between workers in nothing but served_by, byte for byte within one snapshot', () => {
    const workersBySnapshot = new Map<string, Set<number>>();
    for (const answer of answers) {
      const workers = workersBySnapshot.get(snapshotOf(answer)) ?? new Set();
      workersBySnapshot.set(snapshotOf(answer), workers.add(answer.json<StatusDocument>().served_by.pid));
    }
    const shared = [...workersBySnapshot.values()].map((workers) => workers.size);
    expect(Math.max(...shared), 'workers that gave the same snapshot').to.equal(WORKERS);
    expect(workersBySnapshot.size, 'snapshots in 100 quick answers').to.be.below(10);
    for (const answer of answers) {
      const { served_by, snapshot_age_ms } = answer.json<StatusDocument>();
      expect(Object.keys(served_by)).to.deep.equal(['slot', 'pid']);
      expect(snapshot_age_ms).to.be.within(0, 5000);
    }
  });

  it('stays the same but for clocks from one snapshot to the next', () => {
    const [first, ...others] = answers.map(atRest);
    for (const other of others) expect(other).to.deep.equal(first);
  });

  it('begins with the ten fields in order, and has the words of the contract', () => {
    for (const answer of answers) {
      const document = answer.json<StatusDocument>();
      expect(Object.keys(document).slice(0, 10)).to.deep.equal(TEN_FIELDS);
      expect(document).to.include({
        service: 'CCProxy',
        status: 'running',
        host: '127.0.0.1',
        api_key_configured: true,
      });
      expect(document.uptime).to.match(/^\d+h \d{1,2}m \d{1,2}s$/);
      expect(document.providers).to.deep.include({ count: 1, active: ['mock'] });
      expect(Object.keys(document.build)).to.deep.equal(['version', 'commit', 'date']);
    }
  });

  it('tells the true PIDs of the supervisor and of every worker, and the real port when 0 was asked for', async () => {
    // The figures of a worker come with its first beat, which follows its being ready.
    const document = await eventually(async () => {
      const current = await proxy.status();
      for (const worker of current.workers.list) expect(worker.rss_bytes).to.be.above(2 ** 20);
      return current;
    });
    expect(document.pid).to.equal(proxy.pid);
    expect(document.supervisor).to.include({ pid: proxy.pid, generation: 1, state: 'running' });
    expect(document.port).to.equal(proxy.port).and.to.be.above(0);
    expect(document.workers).to.include({ desired: WORKERS, ready: WORKERS, draining: 0 });
    expect(document.workers.list.map(({ slot }) => slot)).to.deep.equal([1, 2, 3]);
    expect(document.workers.list.map(({ pid }) => pid)).to.have.members(childrenOf(proxy.pid));
    for (const worker of document.workers.list) {
      expect(worker).to.include({ generation: 1, state: 'ready', restarts: 0, last_exit: null });
      expect(worker.last_heartbeat_age_ms).to.be.within(0, 5000);
    }
  });

  it('tells a port that was asked for as it is', async () => {
    const port = await freePort();
    const second = await startProxy({ config: mockConfig(provider), port, workers: 1 });
    try {
      expect((await second.status()).port).to.equal(port);
    } finally {
      await second.stop();
    }
  });

  it('counts a provider’s requests once for the whole, whichever worker is asked', async () => {
    const clients = await connectToEach(proxy);
    try {
      const sums = await Promise.all([...clients.values()].map(async (client) => (await statusOn(client)).providers));
      for (const { details } of sums)
        expect(details.map(({ name, requests }) => [name, requests])).to.deep.equal([['mock', 0]]);
    } finally {
      for (const client of clients.values()) client.destroy();
    }
  });
});
