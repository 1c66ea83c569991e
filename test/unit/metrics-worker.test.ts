import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import type { MetricName, MetricObject } from '../../shared/metrics';
import { type EndedRequest, WorkerMetrics } from '../../worker/worker-metrics';

const provider = (name: string, models: string[], enabled = true) => ({ name, models, enabled });

function config(metricsEnabled = true): Config {
  const partial = {
    providers: [provider('anthropic', ['claude-a']), provider('off', ['hidden'], false)],
    routes: { default: { provider: 'anthropic', model: 'claude-route', parameters: {} } },
    performance: { metricsEnabled },
  };
  // The class reads no other part of the configuration.
  return partial as unknown as Config;
}

const ENDED: EndedRequest = {
  route: 'default',
  provider: 'anthropic',
  model: 'claude-a',
  code: 200,
  durationSeconds: 0.3,
  overheadSeconds: 0.00004,
  ttftSeconds: 0.02,
  secondsPerOutputToken: 1,
  tokens: { input: 10, output: 20, cacheRead: 30, cacheCreation: 0 },
  streamBytes: 4096,
};

function value(series: MetricObject[], name: MetricName, labels: Record<string, string>, part?: string) {
  const metric = series.find((candidate) => candidate.name === name);
  const found = metric?.values.filter(
    (sample) =>
      sample.metricName === part && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  );
  expect(found, `${name} ${JSON.stringify(labels)}`).to.have.length(1);
  return found?.[0]?.value;
}

describe('metrics of a worker', () => {
  it('counts a request in every metric that it concerns', async () => {
    const metrics = new WorkerMetrics(config());
    metrics.requestStarted();
    metrics.requestStarted();
    metrics.requestEnded(ENDED);
    const series = await metrics.snapshot();
    const to = { provider: 'anthropic', model: 'claude-a' };
    expect(value(series, 'ccproxy_requests_total', { ...to, route: 'default', code: '200' })).to.equal(1);
    expect(value(series, 'ccproxy_tokens_total', { ...to, type: 'input' })).to.equal(10);
    expect(value(series, 'ccproxy_tokens_total', { ...to, type: 'output' })).to.equal(20);
    expect(value(series, 'ccproxy_tokens_total', { ...to, type: 'cache_read' })).to.equal(30);
    expect(value(series, 'ccproxy_tokens_total', { ...to, type: 'cache_creation' })).to.equal(0);
    expect(value(series, 'ccproxy_stream_bytes_total', { provider: 'anthropic' })).to.equal(4096);
    expect(value(series, 'ccproxy_requests_in_flight', {})).to.equal(1);

    const duration = 'ccproxy_request_duration_seconds';
    expect(value(series, duration, { le: '0.16' }, `${duration}_bucket`)).to.equal(0);
    expect(value(series, duration, { le: '0.32' }, `${duration}_bucket`)).to.equal(1);
    expect(value(series, duration, { le: '+Inf' }, `${duration}_bucket`)).to.equal(1);
    expect(value(series, duration, {}, `${duration}_count`)).to.equal(1);
    expect(value(series, duration, {}, `${duration}_sum`)).to.be.closeTo(0.3, 2 ** -17);
    const ttft = 'ccproxy_time_to_first_token_seconds';
    expect(value(series, ttft, { ...to, le: '0.02' }, `${ttft}_bucket`), 'a bound is inclusive').to.equal(1);
    const overhead = 'ccproxy_proxy_overhead_seconds';
    expect(value(series, overhead, { route: 'default', le: '2e-05' }, `${overhead}_bucket`)).to.equal(0);
    expect(value(series, overhead, { route: 'default', le: '5e-05' }, `${overhead}_bucket`)).to.equal(1);
    const perToken = 'ccproxy_time_per_output_token_seconds';
    expect(value(series, perToken, { ...to, le: '1.0' }, `${perToken}_bucket`)).to.equal(1);
  });

  it('lets no client create a series', async () => {
    const metrics = new WorkerMetrics(config());
    for (let i = 0; i < 50; i++) {
      metrics.requestEnded({ ...ENDED, route: `r${i}`, provider: `p${i}`, model: `m${i}\n`, code: i * 1e6 });
      metrics.requestEnded({ ...ENDED, model: 'hidden' });
      metrics.upstreamRetry(`p${i}`);
    }
    metrics.requestEnded({ ...ENDED, model: 'claude-route' });
    metrics.requestEnded({ ...ENDED, route: '', provider: '', model: '', code: 401 });
    const requests = (await metrics.snapshot()).find((metric) => metric.name === 'ccproxy_requests_total');
    const rows = requests?.values.map(({ labels, value: count }) => [...Object.values(labels), count].join(' '));
    expect(rows).to.have.members([
      'other other other other 50',
      'default anthropic other 200 50',
      'default anthropic claude-route 200 1',
      'none none none 401 1',
    ]);
  });

  it('makes no histogram of tokens for requests that had none', async () => {
    const metrics = new WorkerMetrics(config());
    metrics.requestEnded({ ...ENDED, ttftSeconds: null, secondsPerOutputToken: null, tokens: null, streamBytes: 0 });
    for (const metric of await metrics.snapshot()) {
      if (/token/.test(metric.name)) expect(metric.values, metric.name).to.deep.equal([]);
    }
  });

  it('has what can be named in advance at 0, and counts it', async () => {
    const metrics = new WorkerMetrics(config());
    const before = await metrics.snapshot();
    metrics.upstreamError('anthropic', 'refused');
    metrics.upstreamError('anthropic', '529');
    metrics.upstreamError('anthropic', '123456');
    metrics.upstreamRetry('anthropic');
    metrics.clientAbort('response');
    metrics.rejected('rate_limit_error');
    metrics.connections('anthropic', 'idle', 7);
    metrics.connections('anthropic', 'idle', 3);
    const after = await metrics.snapshot();
    const on = { provider: 'anthropic' };
    const cases: [MetricName, Record<string, string>][] = [
      ['ccproxy_upstream_errors_total', { ...on, reason: 'refused' }],
      ['ccproxy_upstream_errors_total', { ...on, reason: 'other' }],
      ['ccproxy_upstream_retries_total', on],
      ['ccproxy_client_aborts_total', { phase: 'response' }],
      ['ccproxy_requests_rejected_total', { reason: 'rate_limit_error' }],
    ];
    for (const [name, labels] of cases) {
      expect(value(before, name, labels)).to.equal(0);
      expect(value(after, name, labels)).to.equal(1);
    }
    expect(value(after, 'ccproxy_upstream_errors_total', { ...on, reason: '529' })).to.equal(1);
    expect(value(after, 'ccproxy_upstream_connections', { ...on, state: 'idle' })).to.equal(3);
  });

  it('takes no nonsense from providers and clocks', async () => {
    const metrics = new WorkerMetrics(config());
    metrics.requestEnded(ENDED);
    metrics.requestEnded({
      ...ENDED,
      durationSeconds: Number.NaN,
      overheadSeconds: -1,
      tokens: { input: -5, output: 1e300, cacheRead: 0.5, cacheCreation: Number.NaN },
    });
    const series = await metrics.snapshot();
    expect(value(series, 'ccproxy_tokens_total', { type: 'input' })).to.equal(10);
    expect(value(series, 'ccproxy_tokens_total', { type: 'output' })).to.equal(20);
    expect(value(series, 'ccproxy_tokens_total', { type: 'cache_read' })).to.equal(30);
    const name = 'ccproxy_request_duration_seconds';
    expect(value(series, name, {}, `${name}_count`)).to.equal(1);
    const overhead = 'ccproxy_proxy_overhead_seconds';
    expect(value(series, overhead, { le: '1e-05' }, `${overhead}_bucket`)).to.equal(1);
  });

  it('does nothing when metrics are off', async () => {
    const metrics = new WorkerMetrics(config(false));
    metrics.requestStarted();
    metrics.requestEnded(ENDED);
    metrics.rejected('rate_limit_error');
    metrics.connections('anthropic', 'idle', 3);
    expect(await metrics.snapshot()).to.deep.equal([]);
  });

  it('gives snapshots that later requests do not change', async () => {
    const metrics = new WorkerMetrics(config());
    metrics.requestEnded(ENDED);
    const first = await metrics.snapshot();
    const copy = structuredClone(first);
    metrics.requestEnded(ENDED);
    metrics.connections('anthropic', 'active', 1);
    expect(first).to.deep.equal(copy);
    expect(await metrics.snapshot()).to.not.deep.equal(copy);
  });
});
