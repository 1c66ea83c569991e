import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import type { Logger } from '../../shared/logger';
import { AccessLog } from '../../worker/gateway/access-log';
import { Accounting } from '../../worker/gateway/accounting';
import { ProviderObserver } from '../../worker/gateway/provider-observer';
import { WorkerMetrics } from '../../worker/worker-metrics';
import { exchangeRecord } from '../support/exchange-record';

const config = {
  providers: [{ name: 'mock', models: ['claude-x'], enabled: true }],
  routes: {},
  performance: { metricsEnabled: true },
} as unknown as Config; // Nothing else of it is read.

const silent: Logger = { error() {}, warn() {}, info() {}, debug() {}, isDebugEnabled: () => false };

describe('accounting', () => {
  let lines: string[];
  let reportsDue: number;
  let observer: ProviderObserver;
  let metrics: WorkerMetrics;
  let accounting: Accounting;

  beforeEach(() => {
    lines = [];
    reportsDue = 0;
    observer = new ProviderObserver(() => reportsDue++);
    metrics = new WorkerMetrics(config);
    const write = (text: string) => lines.push(...text.trimEnd().split('\n'));
    const accessLog = new AccessLog({ write, redact: (text) => text, pretty: false }, 'worker 1');
    accounting = new Accounting({ metrics, accessLog, observer, logger: silent });
  });

  function end(more: Parameters<typeof exchangeRecord>[0] = {}): void {
    const record = exchangeRecord(more);
    accounting.started();
    accounting.sent(record);
    accounting.ended(record);
  }

  const ids = () => lines.map((line) => JSON.parse(line).id);

  async function counted(): Promise<unknown> {
    const requests = (await metrics.snapshot()).find(({ name }) => name === 'ccproxy_requests_total');
    return requests?.values.reduce((sum, { value }) => sum + value, 0);
  }

  it('has all that ended in metrics, log and report once it is settled, in their order and once', async () => {
    for (let i = 0; i < 10; i++) end({ requestId: `req_${i}` });
    expect(lines, 'done one by one').to.deep.equal([]);
    for (let times = 0; times < 2; times++) {
      accounting.settle();
      expect(ids()).to.deep.equal(Array.from({ length: 10 }, (_, i) => `req_${i}`));
      expect(await counted()).to.equal(10);
    }
    expect(observer.take()).to.deep.include({
      ...{ name: 'mock', inFlight: 0, requests: 10, successes: 10, errors: 0, trailingErrors: 0, lastError: null },
    });
  });

  it('loses none but the one that meets a bug', async () => {
    const requestEnded = metrics.requestEnded.bind(metrics);
    let calls = 0;
    metrics.requestEnded = (request) => {
      if (++calls === 3) throw new Error('a bug');
      requestEnded(request);
    };
    for (let i = 0; i < 10; i++) end({ requestId: `req_${i}` });
    expect(() => accounting.settle()).to.throw('a bug');
    accounting.settle();
    expect(ids()).to.deep.equal(Array.from({ length: 10 }, (_, i) => `req_${i}`));
    expect(await counted()).to.equal(9);
  });

  it('settles by itself soon, again and again', async function () {
    this.timeout(2000);
    for (const id of ['req_1', 'req_2']) {
      lines = [];
      end({ requestId: id });
      while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(ids()).to.deep.equal([id]);
    }
  });

  it('lets no more than 64 wait', () => {
    for (let i = 0; i < 200; i++) end();
    expect(lines.length).to.be.within(200 - 63, 200);
    accounting.settle();
    expect(lines).to.have.length(200);
  });

  for (const [what, more] of [
    ['a provider that fails', { failure: 'reset', status: 502 }],
    ['one that fails in mid-stream', { failure: 'reset', status: 200 }],
    ['one that answers 529', { status: 529 }],
  ] as const) {
    it(`lets nobody wait to hear of ${what}`, () => {
      end({ requestId: 'req_before' });
      expect(reportsDue).to.equal(0);
      end({ requestId: 'req_failed', ...more });
      expect(reportsDue).to.equal(1);
      expect(ids()).to.deep.equal(['req_before', 'req_failed']);
    });
  }
});
