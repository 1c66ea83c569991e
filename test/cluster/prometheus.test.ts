/** /metrics as Prometheus' own programs see it: promtool, and a server that scrapes (spec/metrics.md). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { openStream, request } from '../support/http';
import { type MockProvider, type ScenarioChoice, startMockProvider } from '../support/mock-provider';
import { parseMetrics } from '../support/prometheus';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';
import { AUTHORISED, CLIENT_KEY, freePort, messageRequest, mockConfig, only, runCommand } from './cluster';

const missing = ['prometheus', 'promtool'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const isRequired = process.env['CCPROXY_TEST_REQUIRE_ALL'] === '1';

if (missing.length > 0 && !isRequired) {
  console.log(
    `left out: tests with a real Prometheus (${missing.join(' and ')} not installed; apt-get install prometheus)`,
  );
} else {
  describe('cluster: Prometheus', function () {
    this.timeout(40_000);
    let provider: MockProvider;
    let proxy: RunningProxy;
    let made = 0;
    before(async () => {
      if (missing.length > 0) throw new Error(`${missing.join(' and ')} not installed: apt-get install prometheus`);
      provider = await startMockProvider();
      proxy = await startProxy({ config: mockConfig(provider) });
      made = await realTraffic(proxy, provider);
    });
    after(() =>
      closeAll(
        () => proxy?.stop(),
        () => provider?.close(),
      ),
    );

    /** The page when every worker has reported all that was asked of it. */
    const wholePage = (headers: Record<string, string> = {}) =>
      eventually(async () => {
        const page = await request({ url: `${proxy.url}/metrics`, headers: { ...AUTHORISED, ...headers } });
        expect(page.status).to.equal(200);
        expect(proxy.metric(page.text, 'ccproxy_requests_total')).to.equal(made);
        return page;
      });

    const promtool = (page: string) =>
      runCommand('promtool', ['check', 'metrics'], { cwd: tmpdir(), env: process.env, stdin: page });

    it('promtool has nothing to say about the page after real traffic, errors and streams among it', async () => {
      const { headers, text } = await wholePage();
      expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
      expect(await promtool(text)).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      for (const code of ['200', '401', '400', '529']) {
        expect(proxy.metric(text, 'ccproxy_requests_total', { code }), `requests with ${code}`).to.be.above(0);
      }
      expect(parseMetrics(text).filter(({ name }) => name.endsWith('_bucket')).length).to.be.above(20);
    });

    it('promtool would have: the check can fail', async () => {
      const { code, stderr, stdout } = await promtool('bad-name 1\n');
      expect(code).not.to.equal(0);
      expect(stderr + stdout).not.to.equal('');
    });

    it('OpenMetrics comes when it is asked for, with the same numbers', async () => {
      const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
      const { headers, text } = await wholePage({ accept });
      expect(headers['content-type']).to.match(/^application\/openmetrics-text; version=1\.0\.0/);
      expect(text.endsWith('# EOF\n')).to.equal(true);
      expect(text)
        .to.match(/^# TYPE ccproxy_requests counter$/m)
        .and.to.match(/^ccproxy_requests_total\{/m);
      expect(text).not.to.match(/_total_total/);
    });

    it('a server that scrapes with the key answers PromQL over the counters of the whole cluster', async () => {
      const server = await startPrometheus(proxy);
      try {
        const sum = () => server.query('sum(ccproxy_requests_total)');
        await eventually(async () => expect(await sum()).to.equal(made), { timeoutMs: 20_000, what: 'the sum' });
        expect(await server.query('up{job="ccproxy"}')).to.equal(1);
        expect(await server.query('sum(ccproxy_requests_total{code="529"})')).to.equal(2);
        expect(await server.query('count(ccproxy_worker_start_time_seconds)')).to.equal(2);
        expect(
          await server.query('histogram_quantile(0.5, sum by (le) (ccproxy_request_duration_seconds_bucket))'),
        ).to.be.above(0);
        const more = await realTraffic(proxy, provider);
        made += more;
        await eventually(async () => expect(await sum()).to.equal(made), { timeoutMs: 10_000, what: 'the new sum' });
      } finally {
        await server.stop();
      }
    });
  });
}

/** Answers of every kind. Resolves to how many requests were made. */
async function realTraffic(proxy: RunningProxy, provider: MockProvider): Promise<number> {
  const choices: ScenarioChoice[] = [
    { scenario: 'text' },
    { scenario: 'tools' },
    { scenario: 'error', params: { status: 529 } },
    { scenario: 'error', params: { status: 529 } },
    { scenario: 'reset-before-head' },
    { scenario: 'close-mid-stream' },
  ];
  let made = 0;
  for (const choice of choices) {
    provider.respondOnce(choice);
    const stream = await openStream(messageRequest(proxy, { stream: true }));
    await stream.rest().catch(() => {}); // Some break off, as they should.
    made++;
  }
  for (let i = 0; i < 20; i++) {
    await request(messageRequest(proxy, { stream: i % 2 === 0 }));
    made++;
  }
  await request(messageRequest(proxy, {}, { 'x-api-key': 'wrong' }));
  await request({ ...messageRequest(proxy), body: 'no JSON' });
  await request({ ...messageRequest(proxy), url: `${proxy.url}/v1/messages/count_tokens` });
  await request(messageRequest(proxy, { model: 'a "strange"\n\\model{}' }));
  return made + 4;
}

interface PrometheusServer {
  /** The value of an expression that has one. @throws Error when it has none or several */
  query(expression: string): Promise<number>;
  stop(): Promise<void>;
}

async function startPrometheus(proxy: RunningProxy): Promise<PrometheusServer> {
  const dir = mkdtempSync(join(tmpdir(), 'ccproxy-prometheus-'));
  const config = join(dir, 'prometheus.yml');
  writeFileSync(
    config,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: ccproxy
    authorization: {credentials: ${CLIENT_KEY}}
    static_configs: [{targets: ['${proxy.host}:${proxy.port}']}]
`,
  );
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const child: ChildProcess = spawn('prometheus', args, { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) {
      kill();
      await once(child, 'exit');
    }
    rmSync(dir, { recursive: true, force: true });
  };
  const ready = async () => (await request({ url: `http://${address}/-/ready` })).status === 200;
  await eventually(ready, { timeoutMs: 15_000, what: 'Prometheus being ready' }).catch(async (error) => {
    await stop();
    throw error;
  });
  const query = async (expression: string) => {
    const answer = await request({ url: `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}` });
    const { data } = answer.json<{ data: { result: { value: [number, string] }[] } } & Record<string, unknown>>();
    return Number(only(data.result).value[1]);
  };
  return { query, stop };
}
