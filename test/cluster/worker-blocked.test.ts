/** A worker whose event loop stands still is killed and replaced; one that is slow, or drains for long, is not. */
import { expect } from 'chai';
import { openStream } from '../support/http';
import { endingOf } from '../support/processes';
import { RawClient } from '../support/raw-client';
import { sabotage } from '../support/saboteur';
import { streamEvents } from '../support/steady-provider';
import { eventually } from '../support/wait';
import { connectToEach, STATUS_BYTES } from './cluster';
import { pidsOf, reloadBySignal, type Steady, startSteady, statusUntil, streamRequest } from './steady';

describe('cluster: a blocked worker', function () {
  this.timeout(60_000);
  let steady: Steady;
  beforeEach(async () => {
    steady = await startSteady();
  });
  afterEach(() => steady?.stop());

  it('is killed within the heartbeat time-out and replaced, with the reason', async () => {
    const { proxy, sabotageDir } = steady;
    const [victim = 0] = pidsOf(await proxy.status());
    const clients = await connectToEach(proxy);
    const blockedAt = performance.now();
    sabotage(sabotageDir, victim, { do: 'block' });
    const { aliveAtMs, goneAtMs } = await endingOf([victim], 15_000);
    expect(goneAtMs - blockedAt, 'ms until it was killed').to.be.above(3500);
    expect(aliveAtMs - blockedAt, 'ms until it was killed').to.be.below(7000);
    const other = [...clients].find(([pid]) => pid !== victim)?.[1];
    const whole = async () => {
      const answer = JSON.parse(((await other?.roundTrip(STATUS_BYTES))?.body ?? '{}').toString());
      const { list, ready } = answer.workers;
      return ready === 2 && list.some((worker: { restarts: number }) => worker.restarts === 1) && answer;
    };
    const { workers } = await eventually(whole, { what: 'a replacement' });
    const replaced = workers.list.find((worker: { restarts: number }) => worker.restarts === 1);
    expect(replaced.last_exit).to.include({ reason: 'hung', signal: 'SIGKILL' });
    for (const client of clients.values()) client.destroy();
  });

  it('is left alone when it goes on after 3 s', async () => {
    const { proxy, sabotageDir } = steady;
    const before = await proxy.status();
    const [victim = 0] = pidsOf(before);
    const client = await connectTo(victim);
    sabotage(sabotageDir, victim, { do: 'block', ms: 3000 });
    const beganAt = performance.now();
    // Whether or not this comes in before the block, the one after it must wait for its end.
    const late = async () => {
      await client.roundTrip(STATUS_BYTES);
      return performance.now() - beganAt > 2500;
    };
    await eventually(late, { what: 'an answer after the block' });
    const ticked = ({ supervisor }: typeof before) => supervisor.uptime_seconds >= before.supervisor.uptime_seconds + 5;
    const after = await statusUntil(proxy, 'two more ticks', ticked);
    expect(pidsOf(after)).to.have.members(pidsOf(before));
    for (const worker of after.workers.list) expect(worker).to.include({ restarts: 0, last_exit: null });
    client.destroy();
  });

  it('is not what a draining one is, which beats on as long as its stream takes', async () => {
    const { proxy } = steady;
    const deltas = 160; // 8 s: longer than the heartbeat time-out and its tick.
    const stream = await openStream(streamRequest(proxy, 'long', deltas));
    await stream.readUntil('content_block_delta');
    await reloadBySignal(proxy);
    let highestAgeMs = 0;
    const whole = stream.rest(30_000);
    let isOver = false;
    void whole.finally(() => {
      isOver = true;
    });
    const watched = async () => {
      const { workers } = await proxy.status();
      for (const worker of workers.list) {
        if (worker.state === 'draining') highestAgeMs = Math.max(highestAgeMs, worker.last_heartbeat_age_ms);
      }
      return isOver;
    };
    await eventually(watched, { timeoutMs: 30_000, intervalMs: 100, what: 'the end of the stream' });
    expect((await whole).toString()).to.equal(streamEvents('long', deltas).join(''));
    expect(highestAgeMs).to.be.within(1, 4000);
  });

  /** A connection to that worker. */
  async function connectTo(pid: number): Promise<RawClient> {
    const clients = await connectToEach(steady.proxy);
    const wanted = clients.get(pid);
    for (const client of clients.values()) if (client !== wanted) client.destroy();
    return wanted ?? RawClient.connect(steady.proxy);
  }
});
