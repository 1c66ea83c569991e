/** The log of a running cluster: one whole line for each request, and never a secret (issue 2, point 8). */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type HttpResponse, request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, type SpawnedProxy, spawnProxy, startProxy } from '../support/proxy';
import { deadline, eventually } from '../support/wait';
import { AUTHORISED, CLIENT_KEY, freePort, MODEL, messageRequest, mockConfig, only, PROVIDER_KEY } from './cluster';

type Line = Record<string, unknown>;

const parsed = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as Line;
      } catch {
        throw new Error(`no JSON: ${line.slice(0, 300)}`);
      }
    });
const accessLines = (text: string) => parsed(text).filter(({ message }) => message === 'request');

describe('cluster: log', function () {
  this.timeout(30_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  before(async () => {
    provider = await startMockProvider();
  });
  after(() => provider?.close());
  afterEach(() => proxy?.stop());

  /** The output of the whole run, when the proxy has ended and so has written everything. */
  const outputOfAll = async () => (await proxy.stop()).output;

  it('has one line for each request, with the id of the answer, where it went, and the tokens', async () => {
    proxy = await startProxy({ config: mockConfig(provider, { log: true }) });
    const usage = { input_tokens: 31, output_tokens: 17, cache_read_input_tokens: 5, cache_creation_input_tokens: 3 };
    provider.respondOnce({ scenario: 'text', params: { usage } });
    const stream = await request(
      messageRequest(proxy, { stream: true }, { ...AUTHORISED, 'x-claude-code-session-id': 's-1' }),
    );
    provider.respondOnce({ scenario: 'error', params: { status: 529 } });
    const overloaded = await request(messageRequest(proxy));
    const refused = await request(messageRequest(proxy, {}, { 'x-api-key': 'wrong' }));
    const invalid = await request({ ...messageRequest(proxy), body: '{' });
    const lines = accessLines(await outputOfAll());

    const lineOf = ({ headers }: HttpResponse) => only(lines.filter(({ id }) => id === headers['request-id']));
    expect(lines).to.have.length(4);
    const common = { level: 'info', client: '127.0.0.1', method: 'POST', path: '/v1/messages' };
    const routed = { model: MODEL, provider: 'mock', route: 'default' };
    const whole = lineOf(stream);
    expect(whole).to.include({ ...common, ...routed, session: 's-1', status: 200, failure: '' });
    expect(whole).to.include({ input_tokens: 31, output_tokens: 17 });
    expect(whole['process']).to.match(/^worker [12]$/);
    expect(Date.now() - Date.parse(String(whole['timestamp']))).to.be.within(0, 30_000);
    expect(whole['ttfb_ms']).to.be.a('number');
    expect(whole['duration_ms']).to.be.a('number').and.to.be.at.least(Number(whole['ttfb_ms']));
    expect(lineOf(overloaded)).to.include({
      ...common,
      ...routed,
      status: 529,
      input_tokens: null,
      output_tokens: null,
    });
    expect(lineOf(refused)).to.include({ ...common, status: 401, failure: 'authentication_error', ttfb_ms: null });
    expect(lineOf(invalid)).to.include({ ...common, status: 400, failure: 'invalid_request_error', provider: '' });
  });

  it('has none of them without "log", but tells of its life', async () => {
    proxy = await startProxy({ config: mockConfig(provider) });
    await request(messageRequest(proxy));
    const messages = parsed(await outputOfAll()).map(({ message }) => String(message));
    expect(messages).not.to.include('request');
    for (const wanted of [
      /^CCProxy .* starts$/,
      /^worker 1 is ready$/,
      /^listening on http:/,
      /^SIGTERM: draining/,
      /^CCProxy has ended$/,
    ]) {
      expect(
        messages.filter((message) => wanted.test(message)),
        String(wanted),
      ).to.have.length(1);
    }
  });

  /** Models whose names are long and not ASCII: a batch of their lines has more bytes than characters. */
  it('never mixes the lines of several workers, also when nobody reads them for a while', async () => {
    const port = await freePort();
    const spawned: SpawnedProxy = spawnProxy({ config: mockConfig(provider, { log: true }), port, workers: 3 });
    try {
      await spawned.lines.waitFor(/listening on/, 15_000);
      const target = { url: `http://127.0.0.1:${port}` };
      const ids: string[] = [];
      const client = async (which: number) => {
        for (let turn = 0; turn < 20; turn++) {
          // Nobody serves it, but the name is in the line.
          const model = `mock,${'東京'.repeat(90)}-${which}-${turn}`;
          const { status, headers } = await request(messageRequest(target, { model }));
          expect(status).to.equal(404);
          ids.push(headers['request-id'] ?? '');
        }
      };
      const written = () => spawned.lines.lines.filter((line) => line.includes('"message":"request"')).length;
      for (let round = 0; round < 4; round++) {
        // The pipe fills up: from then on the workers compete for the room in it.
        spawned.child.stdout?.pause();
        await Promise.all(Array.from({ length: 32 }, (_, which) => client(which)));
        spawned.child.stdout?.resume();
        await eventually(() => written() >= ids.length, { timeoutMs: 2000, what: 'all lines' }).catch(() => {});
        // Mixed lines are no JSON, or are missing.
        expect(accessLines(spawned.lines.lines.join('\n')).map(({ id }) => id)).to.have.members(ids);
      }
    } finally {
      spawned.child.stdout?.resume();
      await spawned.stop();
    }
  });

  describe('shows no secret, not even at debug level', () => {
    const password = 'pr0xy-passw0rd-4c1';
    const bearer = 'bearer-of-the-upstream-91d';
    const secrets = [CLIENT_KEY, PROVIDER_KEY, bearer, password];

    const startTalkative = async () => {
      const config = mockConfig(provider, {
        log: true,
        log_level: 'debug',
        proxy_url: `http://operator:${password}@127.0.0.1:9`,
      });
      const own = { dialect: 'anthropic', api_key: PROVIDER_KEY, headers: { authorization: `Bearer ${bearer}` } };
      const providers = [
        { ...own, name: 'mock', api_base_url: provider.url, models: [MODEL] },
        // Not loopback, so that proxy_url is used, where nobody listens; and one that refuses.
        { ...own, name: 'far', api_base_url: 'https://far.example.com' },
        { ...own, name: 'closed', api_base_url: 'http://127.0.0.1:9' },
      ];
      proxy = await startProxy({ config: { ...config, providers } });
    };

    it('of the configuration: keys, header tokens, the password of proxy_url', async () => {
      await startTalkative();
      expect((await request(messageRequest(proxy))).status).to.equal(200);
      expect((await request(messageRequest(proxy, {}, { authorization: `Bearer ${CLIENT_KEY}` }))).status).to.equal(
        200,
      );
      for (const name of ['far', 'closed']) {
        const { status, text } = await request(messageRequest(proxy, { model: `${name},${MODEL}` }));
        expect(status, text).to.equal(502);
        for (const secret of secrets) expect(text).not.to.include(secret);
      }
      provider.respondOnce({
        scenario: 'error',
        params: { status: 500, errorMessage: `your key ${PROVIDER_KEY} is bad` },
      });
      expect((await request(messageRequest(proxy))).status).to.equal(500);
      const { text } = await request({ url: `${proxy.url}/status` });
      const metrics = await proxy.metrics();
      const output = await outputOfAll();
      expect(output, 'debug lines').to.match(/"level":"debug"/);
      expect(accessLines(output)).to.have.length(5);
      for (const secret of secrets) expect(`${output}\n${text}\n${metrics}`).not.to.include(secret);
    });

    it('that a client put into the wrong field: the model, the session', async () => {
      await startTalkative();
      const headers = { ...AUTHORISED, 'x-claude-code-session-id': PROVIDER_KEY };
      await request(messageRequest(proxy, { model: CLIENT_KEY }, headers));
      await request(messageRequest(proxy, { model: `nobody,${CLIENT_KEY}` }));
      const output = await outputOfAll();
      expect(accessLines(output)).to.have.length(2);
      for (const secret of secrets) expect(output).not.to.include(secret);
    });
  });

  describe('in a file', () => {
    let dir: string;
    before(() => {
      dir = mkdtempSync(join(tmpdir(), 'ccproxy-log-'));
    });
    after(() => rmSync(dir, { recursive: true, force: true }));

    it('log_file gets it all as JSON lines, access lines of every worker too, and standard output nothing', async () => {
      const log_file = join(dir, 'ccproxy.log');
      proxy = await startProxy({ config: mockConfig(provider, { log: true, log_file }) });
      const ids = await Promise.all(
        Array.from({ length: 30 }, async () => (await request(messageRequest(proxy))).headers['request-id']),
      );
      expect(await outputOfAll()).to.equal('');
      const text = readFileSync(log_file, 'utf8');
      expect(accessLines(text).map(({ id }) => id)).to.have.members(ids);
      expect(parsed(text).map(({ message }) => message)).to.include('CCProxy has ended');
      expect(statSync(log_file).mode & 0o007, 'rights of others').to.equal(0);
    });

    it('a start that fails says why on standard error too, where somebody looks', async () => {
      const log_file = join(dir, 'failed.log');
      const env = { CCPROXY_ENGINE: '20.99' };
      const spawned = spawnProxy({ config: mockConfig(provider, { log_file }), workers: 1, env });
      try {
        const { code, output } = await deadline(spawned.exit, 10_000);
        expect(code).to.equal(1);
        expect(readFileSync(log_file, 'utf8')).to.match(/cannot start/);
        expect(output).to.match(/cannot start: CCPROXY_ENGINE=20\.99/);
      } finally {
        await spawned.stop('SIGKILL');
      }
    });
  });
});
