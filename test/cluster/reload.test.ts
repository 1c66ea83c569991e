/** SIGHUP under load: no request fails, streams finish on the old workers, and the new configuration is in force. */
import { expect } from 'chai';
import { openStream } from '../support/http';
import { isAlive } from '../support/processes';
import type { StatusDocument } from '../support/status-document';
import { streamEvents } from '../support/steady-provider';
import { eventually } from '../support/wait';
import {
  expectUnharmed,
  pidsOf,
  reloadBySignal,
  type Steady,
  startSteady,
  statusUntil,
  steadyLoad,
  streamRequest,
} from './steady';
import { Watch } from './watch';

const RELOADS = 5;
const DELTAS = 60;

describe('cluster: reload under load', function () {
  this.timeout(60_000);
  let steady: Steady;
  let first: StatusDocument;
  let streamPid: number;
  const outcomes: StatusDocument[] = [];
  let watch: Watch;

  before(async () => {
    steady = await startSteady({ more: { shutdown_timeout: '1s' } });
  });
  after(() => steady?.stop());

  it(`fails no request in ${RELOADS} in a row, and a stream begun before finishes byte for byte`, async () => {
    const { proxy, provider, config } = steady;
    first = await proxy.status();
    const load = await steadyLoad(proxy);
    const stream = await openStream(streamRequest(proxy, 'long', DELTAS));
    await stream.readUntil('content_block_delta');
    // It takes longer than the reloads, and than `shutdown_timeout`, which is no limit for them.
    provider.hold = true;
    watch = new Watch(proxy);
    for (let i = 1; i <= RELOADS; i++) {
      provider.variants.clear();
      proxy.writeConfig(config({}, { headers: { 'x-variant': `v${i}` } }));
      outcomes.push(await reloadBySignal(proxy));
      // What was under way keeps the old one.
      await eventually(() => provider.variants.has(`v${i}`), { what: 'requests with the new configuration' });
    }
    await watch.end();
    const left = await statusUntil(
      proxy,
      'the old worker with the stream alone',
      (now) => pidsOf(now, 'draining').length === 1,
    );
    [streamPid = 0] = pidsOf(left, 'draining');
    expect(pidsOf(first)).to.include(streamPid);
    provider.hold = false;
    // On a slow machine it stood still long enough for a ping.
    const received = (await stream.rest()).toString('utf8').replaceAll('event: ping\ndata: {"type": "ping"}\n\n', '');
    expect(received).to.equal(streamEvents('long', DELTAS).join(''));
    expectUnharmed(await load.stop());
  });

  it('replaces every worker each time, and never serves with fewer', () => {
    const generations = [first, ...outcomes];
    const pids = generations.flatMap((document) => pidsOf(document));
    expect(new Set(pids).size).to.equal(2 * (RELOADS + 1));
    const reloading = watch.statuses.filter(({ supervisor }) => supervisor.state === 'reloading');
    expect(reloading.length, 'looks while workers were replaced').to.be.at.least(RELOADS);
    expect(watch.fewestReady).to.equal(2);
  });

  it('lets no counter and no histogram fall', () => {
    expect(watch.scrapes).to.be.at.least(RELOADS);
    expect(watch.fallen).to.deep.equal([]);
  });

  it('tells it in /status, in the log and in the metrics', async () => {
    const { proxy } = steady;
    for (const [i, { supervisor, workers }] of outcomes.entries()) {
      expect(supervisor).to.deep.include({ generation: i + 2, state: 'running' });
      expect(supervisor.reload).to.include({ in_progress: false, last_result: 'success', last_error: null });
      const serving = workers.list.filter(({ state }) => state === 'ready');
      expect(new Set(serving.map(({ generation }) => generation))).to.deep.equal(new Set([i + 2]));
    }
    expect(new Set(outcomes.map(({ supervisor }) => supervisor.config_hash)).size).to.equal(RELOADS);
    expect(proxy.output().match(/"message":"reload: done"/g)).to.have.length(RELOADS);
    const text = await proxy.metrics();
    expect(proxy.metric(text, 'ccproxy_reloads_total', { result: 'success' })).to.equal(RELOADS);
    expect(proxy.metric(text, 'ccproxy_reloads_total', { result: 'failure' })).to.equal(0);
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason: 'reload' })).to.equal(2 * RELOADS);
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total')).to.equal(2 * RELOADS);
  });

  it('ends the old workers when they have nothing to do any more', async () => {
    await eventually(() => !isAlive(streamPid), { what: 'the end of the worker that had the stream' });
    const { workers } = await statusUntil(steady.proxy, 'nobody draining', ({ workers: now }) => now.draining === 0);
    for (const worker of workers.list) expect(worker.last_exit).to.include({ code: 0, signal: null, reason: 'reload' });
  });
});
