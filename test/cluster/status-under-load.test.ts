/** /status while requests flow, and while workers come and go: the same from every worker, and what /proc says. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { childrenOf, rssBytes } from '../support/processes';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';
import { connectToEach, STATUS_BYTES } from './cluster';
import { pidsOf, type Steady, startSteady, statusUntil, steadyLoad } from './steady';

const SNAPSHOTS = 6;
/** A snapshot that one worker gave so often has come to the others too. */
const LASTING = 10;

describe('cluster: /status under load', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady({ workers: 3 });
  });
  after(() => steady?.stop());

  it('is byte for byte the same from every worker for the same snapshot, but for who served it', async () => {
    const { proxy } = steady;
    const load = await steadyLoad(proxy, 200, 0);
    const clients = await connectToEach(proxy);
    /** How often each worker gave each snapshot. */
    const given = Array.from(clients, () => new Map<string, number>());
    const shared = () => [...(given[0]?.keys() ?? [])].filter((head) => given.every((heads) => heads.has(head)));
    const rounds: string[][] = [];
    const askAll = async () => {
      const answers = await Promise.all([...clients.values()].map((client) => client.roundTrip(STATUS_BYTES)));
      const round = answers.map(({ body }) => body.toString('utf8').split(',"served_by"')[0] ?? '');
      for (const [i, head] of round.entries()) given[i]?.set(head, (given[i]?.get(head) ?? 0) + 1);
      rounds.push(round);
      return shared().length >= SNAPSHOTS;
    };
    await eventually(askAll, { timeoutMs: 30_000, intervalMs: 5, what: `${SNAPSHOTS} snapshots from every worker` });
    // The first and the last may not have come from everybody, nor one that the next one followed at once.
    const atTheEnds = new Set([...(rounds[0] ?? []), ...(rounds.at(-1) ?? [])]);
    const lasting = given.flatMap((heads) => Array.from(heads, ([head, times]) => (times >= LASTING ? head : '')));
    const inside = [...new Set(lasting)].filter((head) => head !== '' && !atTheEnds.has(head));
    expect(inside.length).to.be.above(1);
    expect(shared()).to.include.members(inside);
    for (const client of clients.values()) client.destroy();
    await load.stop();
  });

  it('tells PIDs, memory and start times as /proc does, before and after a worker is killed', async () => {
    const { proxy } = steady;
    const load = await steadyLoad(proxy, 200, 0);
    const before = await proxy.status();
    expectTrue(before, proxy.pid);
    const [victim = 0] = pidsOf(before);
    process.kill(victim, 'SIGKILL');
    const after = await statusUntil(
      proxy,
      'a replacement',
      (now) => !now.workers.list.some(({ pid }) => pid === victim) && now.workers.ready === 3,
    );
    // Its first heartbeat tells its memory.
    await statusUntil(proxy, 'its figures', ({ workers }) => workers.list.every(({ rss_bytes }) => rss_bytes > 0));
    expectTrue(await proxy.status(), proxy.pid);
    expect(after.workers.list.map(({ slot }) => slot)).to.deep.equal([1, 2, 3]);
    await load.stop();
  });
});

function expectTrue({ pid, workers }: StatusDocument, supervisor: number): void {
  expect(pid).to.equal(supervisor);
  expect(workers.list.map((worker) => worker.pid).sort((a, b) => a - b)).to.deep.equal(childrenOf(supervisor));
  for (const worker of workers.list) {
    expect(worker.rss_bytes / rssBytes(worker.pid), 'memory told by memory found').to.be.within(0.5, 2);
    const startedMs = Date.parse(worker.started_at);
    expect(Math.abs(startedMs - startOf(worker.pid)), 'start told and start found, ms apart').to.be.below(1500);
  }
}

/** Unix time in milliseconds at which the process began, by the kernel. */
function startOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  const bootedSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
  return bootedSeconds * 1000 + ticks * 10;
}
