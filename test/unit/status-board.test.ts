import { expect } from 'chai';
import type { ProviderState } from '../../supervisor/provider-board';
import {
  formatUptime,
  healthTail,
  judgeHealth,
  type StatusInput,
  statusHead,
  type WorkerView,
} from '../../supervisor/status-board';

const NOW = new Date('2030-05-06T07:08:09.500Z');

const worker = (more: Partial<WorkerView> = {}): WorkerView => ({
  slot: 1,
  pid: 4001,
  generation: 1,
  state: 'ready',
  startedAt: new Date(NOW.getTime() - 61_700),
  lastHeartbeatAgeMs: 123.6,
  inFlight: 4,
  connections: 9,
  rssBytes: 50_000_000,
  eventLoopLagMs: 0.25,
  restarts: 0,
  lastExit: null,
  ...more,
});

const provider = (name: string, state: ProviderState) => ({
  name,
  dialect: 'anthropic',
  state,
  reason: '',
  in_flight: 1,
  requests: 10,
  errors: 2,
  last_error: null,
  latency: { p50: 0.25, p95: null },
});

const input = (more: Partial<StatusInput> = {}): StatusInput => ({
  build: { version: '1.2.3', commit: 'abc1234', date: '2030-01-01T00:00:00.000Z' },
  now: NOW,
  startedAt: new Date(NOW.getTime() - 8_130_900),
  pid: 4000,
  host: '127.0.0.1',
  port: 3456,
  apiKeyConfigured: true,
  state: 'running',
  generation: 3,
  configHash: 'feedc0ffee12',
  reload: { inProgress: false, lastResult: 'failure', lastAt: '2030-05-06T00:00:00.000Z', lastError: 'why' },
  desiredWorkers: 2,
  workers: [worker(), worker({ slot: 2, pid: 4002, state: 'draining' })],
  providers: [
    provider('a', 'active'),
    provider('b', 'unavailable'),
    provider('c', 'disabled'),
    provider('d', 'degraded'),
  ],
  ...more,
});

const documentOf = (more: Partial<StatusInput> = {}) => JSON.parse(`${statusHead(input(more))}}`);

describe('status board', () => {
  const uptimes: [seconds: number, text: string][] = [
    [0, '0h 0m 0s'],
    [59, '0h 0m 59s'],
    [60, '0h 1m 0s'],
    [3599, '0h 59m 59s'],
    [3600, '1h 0m 0s'],
    [8130, '2h 15m 30s'],
    [86_400, '24h 0m 0s'],
    [1_000_000, '277h 46m 40s'],
  ];
  for (const [seconds, text] of uptimes) {
    it(`writes an uptime of ${seconds} s as ${text}`, () => {
      expect(formatUptime(seconds)).to.equal(text);
    });
  }

  it('begins with the ten fields in order, followed by the others', () => {
    const ten = [
      'service',
      'version',
      'status',
      'uptime',
      'pid',
      'host',
      'port',
      'api_key_configured',
      'providers',
      'build',
    ];
    expect(Object.keys(documentOf())).to.deep.equal([...ten, 'supervisor', 'workers']);
  });

  it('is open at its end, so that a worker adds its own member', () => {
    const text = `${statusHead(input())},"served_by":{"slot":1}}`;
    expect(JSON.parse(text).served_by).to.deep.equal({ slot: 1 });
  });

  it('has the values of the contract', () => {
    expect(documentOf()).to.deep.include({
      service: 'CCProxy',
      version: '1.2.3',
      status: 'running',
      uptime: '2h 15m 30s',
      pid: 4000,
      host: '127.0.0.1',
      port: 3456,
      api_key_configured: true,
      build: { version: '1.2.3', commit: 'abc1234', date: '2030-01-01T00:00:00.000Z' },
    });
    expect(documentOf().supervisor).to.deep.equal({
      pid: 4000,
      started_at: '2030-05-06T04:52:38.600Z',
      uptime_seconds: 8130,
      generation: 3,
      state: 'running',
      config_hash: 'feedc0ffee12',
      reload: { in_progress: false, last_result: 'failure', last_at: '2030-05-06T00:00:00.000Z', last_error: 'why' },
    });
  });

  it('says running in every state of the supervisor: there is no third word', () => {
    for (const state of ['starting', 'running', 'reloading', 'draining'] as const) {
      expect(documentOf({ state }).status).to.equal('running');
      expect(documentOf({ state }).supervisor.state).to.equal(state);
    }
  });

  it('counts enabled providers, and names those that can serve in the order of the configuration', () => {
    const { providers } = documentOf();
    expect(providers).to.deep.include({ count: 3, active: ['a', 'd'] });
    expect(providers.details.map(({ name }: { name: string }) => name)).to.deep.equal(['a', 'b', 'c', 'd']);
    const members = [
      'name',
      'dialect',
      'state',
      'reason',
      'in_flight',
      'requests',
      'errors',
      'last_error',
      'latency_ms',
    ];
    expect(Object.keys(providers.details[0])).to.deep.equal(members);
    expect(providers.details[0].latency_ms).to.deep.equal({ p50: 250, p95: null });
  });

  it('tells of every worker, and of its last exit without inner words', () => {
    const at = '2030-05-06T07:00:00.000Z';
    const lastExit = { code: null, signal: 'SIGKILL', reason: 'hung', at, message: 'inner' } as const;
    const { workers } = documentOf({
      workers: [worker({ restarts: 2, lastExit }), worker({ slot: 2, state: 'draining' })],
    });
    expect(workers).to.include({ desired: 2, ready: 1, draining: 1 });
    expect(workers.list[0]).to.deep.equal({
      ...{
        slot: 1,
        pid: 4001,
        generation: 1,
        state: 'ready',
        started_at: '2030-05-06T07:07:07.800Z',
        uptime_seconds: 61,
      },
      ...{ last_heartbeat_age_ms: 124, in_flight: 4, connections: 9, rss_bytes: 50_000_000, event_loop_lag_ms: 0.25 },
      ...{ restarts: 2, last_exit: { code: null, signal: 'SIGKILL', reason: 'hung', at } },
    });
    expect(workers.list[1].last_exit).to.equal(null);
  });

  it('has no negative uptime when the clock was set back', () => {
    const { uptime, supervisor, workers } = documentOf({ now: new Date(0) });
    expect(uptime).to.equal('0h 0m 0s');
    expect(supervisor.uptime_seconds).to.equal(0);
    expect(workers.list[0].uptime_seconds).to.equal(0);
  });

  describe('judges the health', () => {
    const table: [what: string, more: Partial<StatusInput>, health: string][] = [
      [
        'all workers and providers are there',
        { workers: [worker(), worker()], providers: [provider('a', 'active')] },
        'healthy',
      ],
      [
        'a disabled provider is no matter',
        { workers: [worker(), worker()], providers: [provider('a', 'active'), provider('c', 'disabled')] },
        'healthy',
      ],
      ['a worker is missing', { workers: [worker()], providers: [provider('a', 'active')] }, 'degraded'],
      ['a provider is degraded', { workers: [worker(), worker()], providers: [provider('a', 'degraded')] }, 'degraded'],
      [
        'one of two providers is unavailable',
        { workers: [worker(), worker()], providers: [provider('a', 'active'), provider('b', 'unavailable')] },
        'degraded',
      ],
      [
        'every provider is unavailable',
        { workers: [worker(), worker()], providers: [provider('b', 'unavailable')] },
        'unhealthy',
      ],
      [
        'no worker is ready',
        { workers: [worker({ state: 'booting' })], providers: [provider('a', 'active')] },
        'unhealthy',
      ],
    ];
    for (const [what, more, health] of table) {
      it(`${health}: ${what}`, () => {
        expect(judgeHealth(input(more))).to.equal(health);
      });
    }
  });

  it('gives the figures of /health', () => {
    const figures = {
      requestsTotal: 10,
      requestsFailed: 3,
      latency: { avg: 0.0123456, p50: 0.1, p95: null, p99: 2 },
      configFile: '/etc/ccproxy.json',
    };
    const tail = JSON.parse(`{"status":"healthy"${healthTail(input(), figures)}}`);
    expect(Object.keys(tail)).to.deep.equal(['status', 'uptime', 'version', 'config', 'performance']);
    expect(tail.uptime).to.equal(8_130_900_000_000);
    expect(tail.config).to.deep.include({
      file: '/etc/ccproxy.json',
      hash: 'feedc0ffee12',
      providers: ['a', 'b', 'c', 'd'],
    });
    expect(tail.performance.requests).to.deep.equal({ total: 10, success: 7, failed: 3 });
    expect(tail.performance.latency_ms).to.deep.equal({ avg: 12.35, p50: 100, p95: null, p99: 2000 });
    expect(tail.performance.memory.rss_bytes).to.be.above(100_000_000);
  });
});
