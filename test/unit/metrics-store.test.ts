import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import { METRICS } from '../../shared/metrics';
import { MetricsStore, type SupervisorGauges } from '../../supervisor/metrics-store';
import { WorkerMetrics } from '../../worker/worker-metrics';

const OWN: SupervisorGauges = {
  build: { version: '1.0.0', commit: 'abc1234', node: 'v20.20.2', engine: '20.57 "quoted"' },
  startedAtMs: 1_700_000_000_500,
  workers: { ready: 2, draining: 1 },
  restarts: { crash: 3 },
  reloads: {},
  providersUp: { p0: true, p1: false },
  slots: [
    { slot: 0, startedAtMs: 1_700_000_001_000, lastHeartbeatAtMs: 1, rssBytes: 1, eventLoopLagMs: 1 },
    { slot: 0, startedAtMs: 1_700_000_002_000, lastHeartbeatAtMs: null, rssBytes: 1000, eventLoopLagMs: 1.5 },
  ],
};

function newWorker(): WorkerMetrics {
  const config = {
    providers: ['p0', 'p1'].map((name) => ({ name, models: ['m0', 'm1'], enabled: true })),
    routes: {},
    performance: { metricsEnabled: true },
  };
  // The class reads no other part of the configuration.
  return new WorkerMetrics(config as unknown as Config);
}

/** Deterministic stand-in for Math.random (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function end(worker: WorkerMetrics, random: () => number): void {
  worker.requestStarted();
  worker.requestEnded({
    route: 'direct',
    provider: `p${Math.floor(random() * 2)}`,
    model: `m${Math.floor(random() * 2)}`,
    code: random() < 0.8 ? 200 : 529,
    durationSeconds: random() * 3,
    overheadSeconds: random() / 1000,
    ttftSeconds: random(),
    secondsPerOutputToken: random() / 10,
    tokens: { input: Math.floor(random() * 1000), output: 1, cacheRead: 0, cacheCreation: 0 },
    streamBytes: Math.floor(random() * 10000),
  });
}

/** Sample name with labels → value, of counters and of the parts of histograms. */
async function monotonic(store: MetricsStore): Promise<Map<string, number>> {
  const samples = new Map<string, number>();
  for (const line of (await store.render(false, OWN)).body.split('\n')) {
    const match = /^(\w+(?:_total|_bucket|_sum|_count)(?:\{.*\})?) (\S+)$/.exec(line);
    if (match !== null) samples.set(`${match[1]}`, Number(match[2]));
  }
  return samples;
}

describe('metrics of the cluster', () => {
  it('never lets a counter fall, whatever the order in which workers push and end', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const store = new MetricsStore();
      const live: { identity: { slot: number; incarnation: number }; worker: WorkerMetrics }[] = [];
      let ended = 0;
      let before = new Map<string, number>();
      for (let step = 1; step <= 60; step++) {
        if (live.length < 4) live.push({ identity: { slot: step % 4, incarnation: step }, worker: newWorker() });
        const index = Math.floor(random() * live.length);
        const chosen = live[index];
        if (chosen === undefined) continue;
        for (let i = 0; i < 5; i++, ended++) end(chosen.worker, random);
        store.update(chosen.identity, await chosen.worker.snapshot());
        if (random() < 0.4) {
          store.end(chosen.identity);
          live.splice(index, 1);
        }
        const after = await monotonic(store);
        const fallen = [...before].filter(([sample, count]) => !((after.get(sample) ?? -1) >= count));
        expect(fallen, `seed ${seed}, step ${step}`).to.deep.equal([]);
        before = after;
      }
      expect(store.counterSum('ccproxy_requests_total'), `seed ${seed}`).to.equal(ended);
      const total = [...before].filter(([sample]) => sample.startsWith('ccproxy_requests_total{'));
      expect(total.reduce((sum, [, count]) => sum + count, 0)).to.equal(ended);
    }
  });

  it('shows the very same sums before and after each worker ends, in any order', async () => {
    const random = seeded(99);
    const store = new MetricsStore();
    const identities = Array.from({ length: 8 }, (_, i) => ({ slot: i, incarnation: i + 1 }));
    for (const identity of identities) {
      const worker = newWorker();
      for (let i = 0; i < 200; i++) end(worker, random);
      store.update(identity, await worker.snapshot());
    }
    const before = await monotonic(store);
    expect(before.size).to.be.greaterThan(100);
    for (const identity of identities.sort(() => random() - 0.5)) {
      store.end(identity);
      expect(await monotonic(store)).to.deep.equal(before);
    }
  });

  it('ignores what arrives after the end, and a second end', async () => {
    const store = new MetricsStore();
    const worker = newWorker();
    const identity = { slot: 0, incarnation: 7 };
    worker.clientAbort('waiting');
    store.update(identity, await worker.snapshot());
    store.end(identity);
    worker.clientAbort('waiting');
    store.update(identity, await worker.snapshot());
    store.end(identity);
    store.end({ slot: 1, incarnation: 8 });
    expect(store.counterSum('ccproxy_client_aborts_total')).to.equal(1);
  });

  it('drops the gauges of a worker with it', async () => {
    const store = new MetricsStore();
    for (const incarnation of [1, 2]) {
      const worker = newWorker();
      worker.requestStarted();
      worker.connections('p0', 'active', 5);
      store.update({ slot: incarnation, incarnation }, await worker.snapshot());
    }
    expect(store.counterSum('ccproxy_requests_in_flight')).to.equal(2);
    store.end({ slot: 1, incarnation: 1 });
    const { body } = await store.render(false, OWN);
    expect(body).to.include('\nccproxy_requests_in_flight 1\n');
    expect(body).to.include('ccproxy_upstream_connections{provider="p0",state="active"} 5\n');
    expect(body).to.not.include('ccproxy_metrics_snapshot_age_seconds{slot="1"}');
    store.end({ slot: 2, incarnation: 2 });
    expect((await store.render(false, OWN)).body).to.not.match(/^ccproxy_(requests_in_flight|upstream_connections)/m);
  });

  it('answers sums, means and quantiles of all workers', async () => {
    const store = new MetricsStore();
    expect(store.histogramMean('ccproxy_request_duration_seconds')).to.equal(null);
    expect(store.histogramQuantiles('ccproxy_request_duration_seconds', {}, [0.5])).to.equal(null);
    const request = {
      route: '',
      model: '',
      overheadSeconds: 0,
      ttftSeconds: null,
      secondsPerOutputToken: null,
      tokens: null,
      streamBytes: 0,
    };
    for (const incarnation of [1, 2]) {
      const worker = newWorker();
      worker.requestEnded({ ...request, provider: 'p0', code: 200, durationSeconds: 0.0625 });
      worker.requestEnded({ ...request, provider: 'p0', code: 500, durationSeconds: 0.1875 });
      worker.requestEnded({ ...request, provider: 'p1', code: 404, durationSeconds: 50 });
      store.update({ slot: 0, incarnation }, await worker.snapshot());
    }
    store.end({ slot: 0, incarnation: 1 });
    expect(store.counterSum('ccproxy_requests_total')).to.equal(6);
    expect(store.counterSum('ccproxy_requests_total', { provider: 'p0' })).to.equal(4);
    expect(store.counterSum('ccproxy_requests_total', { code: /^[45]/ })).to.equal(4);
    expect(store.counterSum('ccproxy_requests_total', { provider: 'p0', code: /^[45]/ })).to.equal(2);
    expect(store.counterSum('ccproxy_requests_total', { nothing: 'p0' })).to.equal(0);
    const duration = 'ccproxy_request_duration_seconds';
    expect(store.histogramMean(duration, { provider: 'p0' })).to.equal(0.125);
    expect(store.histogramQuantiles(duration, { provider: 'p0' }, [0.5, 1])).to.deep.equal([0.08, 0.32]);
    expect(store.histogramQuantiles(duration, { provider: 'p9' }, [0.5])).to.equal(null);
  });
});

describe('metrics page', () => {
  async function page(openMetrics: boolean) {
    let now = 1000;
    const store = new MetricsStore(() => now);
    for (const incarnation of [1, 2, 3]) {
      const worker = newWorker();
      for (let i = 0; i < 20; i++) end(worker, seeded(i + 1));
      worker.connections('p0', 'idle', 1);
      store.update({ slot: incarnation % 2, incarnation }, await worker.snapshot());
      now += 500;
    }
    store.end({ slot: 0, incarnation: 2 });
    return store.render(openMetrics, OWN);
  }

  it('has every metric with its help and type', async () => {
    const { contentType, body } = await page(false);
    expect(contentType).to.equal('text/plain; version=0.0.4; charset=utf-8');
    const names = Object.entries(METRICS);
    const heads = names.map(([name, { help, type }]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    for (const [index, head] of heads.entries()) {
      expect(body).to.include(head);
      expect(body.split(`# TYPE ${names[index]?.[0]} `), names[index]?.[0]).to.have.length(2);
    }
  });

  it("has the supervisor's own values, counters at 0 included", async () => {
    const { body } = await page(false);
    for (const line of [
      'ccproxy_build_info{version="1.0.0",commit="abc1234",node="v20.20.2",engine="20.57 \\"quoted\\""} 1',
      'ccproxy_workers{state="draining"} 1',
      'ccproxy_worker_restarts_total{reason="crash"} 3',
      'ccproxy_worker_restarts_total{reason="scale"} 0',
      'ccproxy_reloads_total{result="success"} 0',
      'ccproxy_reloads_total{result="failure"} 0',
      'ccproxy_provider_up{provider="p1"} 0',
      'ccproxy_worker_start_time_seconds{slot="0"} 1700000002',
      'ccproxy_worker_resident_memory_bytes{slot="0"} 1000',
      'ccproxy_worker_event_loop_lag_seconds{slot="0"} 0.0015',
      'ccproxy_supervisor_start_time_seconds 1700000000.5',
      'ccproxy_metrics_snapshot_age_seconds{slot="1"} 0.5',
    ]) {
      expect(body.split('\n')).to.include(line);
    }
    expect(body).to.not.match(/^ccproxy_worker_last_heartbeat_timestamp_seconds\{/m);
  });

  it('is OpenMetrics when asked for', async () => {
    const [open, plain] = await Promise.all([page(true), page(false)]);
    expect(open.contentType).to.equal('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.body).to.match(/\n# EOF\n$/);
    expect(open.body).to.not.include('\n\n');
    expect(open.body).to.include('# TYPE ccproxy_requests counter\nccproxy_requests_total{');
    expect(open.body).to.not.match(/^# \w+ \w+_total /m);
    expect(open.body).to.not.include('_total_total');
    const samples = (body: string) => body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples(open.body)).to.deep.equal(samples(plain.body));
  });

  if (spawnSync('promtool', ['--version']).error === undefined) {
    it('passes `promtool check metrics` without a word', async () => {
      const { body } = await page(false);
      const result = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
      expect(`${result.stdout}${result.stderr}`).to.equal('');
      expect(result.status).to.equal(0);
    });
  } else {
    console.log('      promtool is not installed (Debian: prometheus): its check is left out');
  }
});
