/** The other ways to a reload, `POST /-/reload` and `ccproxy reload`, and what may come in its way. */
import { expect } from 'chai';
import { request } from '../support/http';
import type { HeaderInput } from '../support/http-head';
import { membersOfGroup } from '../support/processes';
import { restoreBoots, sabotageBoots } from '../support/saboteur';
import { eventually } from '../support/wait';
import { CLI, CLIENT_KEY, runCommand } from './cluster';
import { pidsOf, type Steady, startSteady, statusUntil } from './steady';

describe('cluster: commands to reload', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady({ more: { api_key: CLIENT_KEY } });
  });
  after(() => steady?.stop());

  const post = (headers: HeaderInput = {}, method = 'POST') =>
    request({ url: `${steady.proxy.url}/-/reload`, method, headers, timeoutMs: 30_000 });
  const generation = async () => (await steady.proxy.status()).supervisor.generation;
  const command = (...args: string[]) => {
    const { proxy } = steady;
    const env = { ...process.env, HOME: proxy.dir, CCPROXY_PID_FILE: proxy.pidFile };
    const all = [CLI, ...args, '--config', proxy.configFile, '--port', '0'];
    return runCommand(process.execPath, all, { env, cwd: proxy.dir });
  };

  it('POST /-/reload answers when it is done', async () => {
    const before = pidsOf(await steady.proxy.status());
    const { status, text } = await post();
    expect([status, text]).to.deep.equal([200, '{"result":"success","generation":2}']);
    const after = await statusUntil(steady.proxy, 'generation 2', (now) => now.supervisor.generation === 2);
    expect(pidsOf(after)).to.have.length(2);
    expect(pidsOf(after).filter((pid) => before.includes(pid))).to.deep.equal([]);
  });

  const FOREIGN: [string, HeaderInput][] = [
    ['from behind a proxy', { 'x-forwarded-for': '10.0.0.1' }],
    ['from behind a proxy that claims to be here', { 'x-forwarded-for': '127.0.0.1' }],
    ['under a foreign name', { host: 'evil.example' }],
    ['from a foreign page', { origin: 'http://evil.example' }],
    ['from a foreign site', { 'sec-fetch-site': 'cross-site' }],
    ['with a wrong key', { 'x-forwarded-for': '10.0.0.1', 'x-api-key': 'wrong' }],
  ];
  for (const [name, headers] of FOREIGN) {
    it(`is refused ${name}`, async () => {
      for (const path of ['/-/reload', '/-/scale?workers=1']) {
        const { status, text } = await request({ url: steady.proxy.url + path, method: 'POST', headers });
        expect(status).to.equal(401);
        expect(text).to.equal('{"error":{"type":"authentication_error","message":"Invalid or missing API key"}}');
      }
      expect(await generation()).to.equal(2);
    });
  }

  it('is allowed from elsewhere with the key, and only by POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, headers } = await post({}, method);
      expect([status, headers['allow']]).to.deep.equal([405, 'POST']);
    }
    const { status } = await post({ 'x-forwarded-for': '10.0.0.1', authorization: `Bearer ${CLIENT_KEY}` });
    expect(status).to.equal(200);
    await statusUntil(steady.proxy, 'generation 3', (now) => now.supervisor.generation === 3);
  });

  it('is one reload for all who ask while another is under way', async () => {
    const before = await generation();
    const answers = await Promise.all(Array.from({ length: 12 }, () => post()));
    const generations = answers.map((answer) => answer.json()['generation']);
    expect(new Set(generations)).to.deep.equal(new Set([before + 1, before + 2]));
  });

  it('tells why it failed', async () => {
    const { proxy, config } = steady;
    proxy.writeConfig({ ...config(), porviders: [] });
    const { status, text } = await post();
    expect(status).to.equal(422);
    expect(JSON.parse(text).error.type).to.equal('operation_failed_error');
    expect(JSON.parse(text).error.message).to.match(/porviders: unknown key/);
    const failed = await command('reload');
    expect(failed.code).to.equal(1);
    expect(failed.stderr).to.match(/porviders: unknown key/);
    proxy.writeConfig(config());

    sabotageBoots(steady.sabotageDir, { do: 'exit' });
    const unborn = await command('reload');
    restoreBoots(steady.sabotageDir);
    expect(unborn.code).to.equal(1);
    expect(unborn.stderr).to.match(/a worker ended while it started/);
  });

  it('ccproxy reload waits, and shows each worker', async () => {
    const before = await steady.proxy.status();
    const { code, stdout, stderr } = await command('reload');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const after = await steady.proxy.status();
    const [one = 0, two = 0] = pidsOf(before);
    const [newOne = 0, newTwo = 0] = pidsOf(after);
    expect(stdout).to.equal(
      `worker 1: PID ${one} -> ${newOne}\nworker 2: PID ${two} -> ${newTwo}\nreloaded: generation ${after.supervisor.generation}\n`,
    );
  });

  it('a worker that is killed meanwhile changes nothing about the outcome', async () => {
    const before = await steady.proxy.status();
    const answer = post();
    // A connection to the victim would take the answer with it: whoever dies, the reload is seen in /status.
    answer.catch(() => {});
    await statusUntil(steady.proxy, 'a reload under way', (now) => now.supervisor.state === 'reloading');
    for (const pid of pidsOf(before)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was faster.
      }
    }
    const after = await statusUntil(
      steady.proxy,
      'the end of the reload',
      ({ supervisor, workers }) =>
        supervisor.generation === before.supervisor.generation + 1 &&
        workers.ready === 2 &&
        supervisor.state === 'running',
    );
    expect(after.workers).to.include({ desired: 2, ready: 2 });
    expect(after.supervisor.reload.last_result).to.equal('success');
    const generations = after.workers.list.filter(({ state }) => state === 'ready').map((worker) => worker.generation);
    expect(new Set(generations)).to.deep.equal(new Set([after.supervisor.generation]));
  });

  it('SIGTERM during a reload ends everything with 0', async () => {
    const { proxy } = steady;
    const answer = post();
    answer.catch(() => {}); // Its worker may end before it can tell.
    await statusUntil(proxy, 'a reload under way', (now) => now.supervisor.state === 'reloading');
    proxy.signal('SIGTERM');
    expect((await proxy.exit).code).to.equal(0);
    await eventually(() => membersOfGroup(proxy.pid).length === 0, { what: 'no process left' });
  });

  it('ccproxy reload and scale say that nothing runs, and exit 3', async () => {
    for (const args of [['reload'], ['scale', '2']]) {
      const { code, stdout } = await command(...args);
      expect({ code, stdout }).to.deep.equal({ code: 3, stdout: 'not running\n' });
    }
  });
});
