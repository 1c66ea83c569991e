/** The operator's pages: their shapes, headers and methods (spec/status.md and spec/gateway.md, "Endpoints"). */
import { expect } from 'chai';
import { expectPageError, expectUsable, mockConfig, postMessage, survivor } from '../support/aftermath';
import { closeAll } from '../support/close-all';
import { type HttpResponse, request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { childrenOf } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient, requestBytes } from '../support/raw-client';

const TEN = [
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
const ADDITIVE = ['supervisor', 'workers', 'served_by'];
const PAGES = ['/', '/api/hello', '/livez', '/readyz', '/health', '/status', '/metrics'];
const JSON_TYPE = 'application/json; charset=utf-8';

describe('access: pages', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));
  const get = (path: string, headers = {}): Promise<HttpResponse> => request({ url: proxy.url + path, headers });

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 2 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  test('/status: the ten fields, in order, with their types', async () => {
    const response = await get('/status');
    expect(response.status).to.equal(200);
    const status = response.json();
    expect(Object.keys(status).slice(0, 10)).to.deep.equal(TEN);
    expect(Object.keys(status)).to.include.members(ADDITIVE);
    const { version, uptime, build, providers, ...rest } = status as Record<string, Record<string, unknown>>;
    expect(version).to.match(/^\d+\.\d+\.\d+/);
    expect(uptime).to.match(/^\d+h [1-5]?\dm [1-5]?\ds$/);
    expect(rest).to.deep.include({ service: 'CCProxy', status: 'running', pid: proxy.pid, host: '127.0.0.1' });
    expect(rest).to.deep.include({ port: proxy.port, api_key_configured: false });
    expect(Object.keys(providers ?? {}).slice(0, 2)).to.deep.equal(['count', 'active']);
    expect(providers).to.deep.include({ count: 1, active: ['mock'] });
    expect(Object.keys(build ?? {})).to.deep.equal(['version', 'commit', 'date']);
    expect(build?.['version']).to.equal(version);
    expect(build?.['commit']).to.match(/^([0-9a-f]{7,12}|unknown)$/);
    expect(build?.['date']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
  });

  test('/status: what comes after the ten', async () => {
    const { supervisor, workers, providers, served_by } = await proxy.status();
    expect(supervisor).to.include({ pid: proxy.pid, generation: 1, state: 'running' });
    expect(workers).to.include({ desired: 2, ready: 2, draining: 0 });
    expect(workers.list.map(({ slot }) => slot)).to.deep.equal([1, 2]);
    expect(workers.list.map(({ pid }) => pid)).to.have.members(childrenOf(proxy.pid));
    expect(providers.details).to.have.length(1);
    expect(providers.details[0]).to.include({ name: 'mock', dialect: 'anthropic', state: 'active', errors: 0 });
    expect(workers.list.map(({ pid }) => pid)).to.include(served_by.pid);
  });

  test('/status: snapshot_age_ms stands beside served_by', async () => {
    const status = await proxy.status();
    expect(status, 'as status.md lists it').to.have.property('snapshot_age_ms').that.is.a('number');
    expect(status.served_by).to.have.all.keys('slot', 'pid');
  });

  test('/status ignores a query', async () => {
    for (const query of ['?', '?x=1', '?pretty&api_key=nonsense', `?${'q'.repeat(2000)}`]) {
      expect(Object.keys((await get(`/status${query}`)).json()).slice(0, 10)).to.deep.equal(TEN);
    }
  });

  test('types and caching', async () => {
    for (const path of ['/status', '/health', '/livez', '/readyz']) {
      const { status, headers } = await get(path);
      expect(status, path).to.equal(200);
      expect(headers, path).to.include({ 'content-type': JSON_TYPE, 'cache-control': 'no-store' });
    }
    const metrics = await get('/metrics');
    expect(metrics.headers).to.include({ 'cache-control': 'no-store' });
    expect(metrics.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    const openMetrics = await get('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(openMetrics.headers['content-type']).to.match(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(openMetrics.text).to.match(/\n# EOF\n$/);
  });

  test('/, /api/hello, /livez, /readyz', async () => {
    const { version } = await proxy.status();
    expect((await get('/')).text).to.equal(JSON.stringify({ message: 'CCProxy', version }));
    expect((await get('/api/hello')).text).to.equal('{}');
    expect((await get('/livez')).text).to.equal('{"status":"alive"}');
    expect((await get('/readyz')).text).to.equal('{"status":"ready"}');
  });

  test('/health with access: figures of the cluster', async () => {
    await postMessage(proxy);
    const health = (await get('/health')).json<Record<string, unknown>>();
    const members = ['status', 'timestamp', 'uptime', 'version', 'config', 'performance'];
    expect(Object.keys(health)).to.deep.equal(members);
    expect(health['status']).to.equal('healthy');
    expect(health['uptime']).to.be.a('number').above(1e6);
    expect(health['performance']).to.have.all.keys('memory', 'requests', 'latency_ms');
  });

  for (const path of PAGES) {
    test(`HEAD ${path} answers like GET, without a body`, async () => {
      const whole = await get(path);
      const client = await RawClient.connect(proxy);
      const head = await client.roundTrip(requestBytes('HEAD', path), { isHead: true });
      expect(head.status).to.equal(200);
      for (const name of ['content-type', 'cache-control']) expect(head.headers[name]).to.equal(whole.headers[name]);
      await expectUsable(client); // Not a byte of a body stands before its answer.
      client.destroy();
    });

    test(`other methods on ${path}: 405 with Allow`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const body = method === 'POST' ? { body: '{}' } : {};
        const response = await request({ url: proxy.url + path, method, ...body });
        const message = 'Method not allowed; use GET, HEAD';
        expectPageError(response, { status: 405, type: 'method_not_allowed_error', message });
        expect(response.headers['allow']).to.equal('GET, HEAD');
      }
    });
  }

  test('HEAD /status of a remote reader: 401 without a body', async () => {
    const client = await RawClient.connect(proxy);
    const bytes = requestBytes('HEAD', '/status', { via: '1.1 proxy' });
    expect((await client.roundTrip(bytes, { isHead: true })).status).to.equal(401);
    await expectUsable(client);
    client.destroy();
  });

  test('every answer of the API has a request-id of its own', async () => {
    const ids = new Set<string>();
    const calls = ['/v1/models', '/v1/models/m1', '/v1/models/none', '/v1/messages', '/v1/none'];
    for (const path of calls) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const response = await request({ url: proxy.url + path, method, ...(method === 'POST' ? { body: '{}' } : {}) });
        ids.add(response.headers['request-id'] ?? '');
      }
    }
    expect(ids.size).to.equal(calls.length * 3);
    for (const id of ids) expect(id).to.match(/^req_\w{24,}$/);
  });
});
