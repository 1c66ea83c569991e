/** More and fewer workers while requests flow: SIGTTIN, SIGTTOU, `ccproxy scale`, `POST /-/scale`. */
import { expect } from 'chai';
import { request } from '../support/http';
import { isAlive } from '../support/processes';
import { eventually } from '../support/wait';
import { CLI, runCommand } from './cluster';
import { expectUnharmed, pidsOf, reloadBySignal, type Steady, startSteady, statusUntil, steadyLoad } from './steady';

describe('cluster: scaling', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady();
  });
  after(() => steady?.stop());

  const workersAre = (count: number) =>
    statusUntil(
      steady.proxy,
      `${count} workers`,
      ({ workers }) => workers.desired === count && workers.ready === count,
    );
  const command = (...args: string[]) => {
    const { proxy } = steady;
    const env = { ...process.env, HOME: proxy.dir, CCPROXY_PID_FILE: proxy.pidFile };
    const all = [CLI, ...args, '--config', proxy.configFile, '--port', '0'];
    return runCommand(process.execPath, all, { env, cwd: proxy.dir });
  };

  it('by signals, one at a time, and one always stays; no request fails', async () => {
    const { proxy } = steady;
    const first = pidsOf(await proxy.status());
    const load = await steadyLoad(proxy);
    proxy.signal('SIGTTIN');
    await workersAre(3);
    proxy.signal('SIGTTOU');
    expect(pidsOf(await workersAre(2))).to.have.members(first);
    proxy.signal('SIGTTOU');
    const [last] = pidsOf(await workersAre(1));
    expect(first).to.include(last);
    const { uptime_seconds } = (await proxy.status()).supervisor;
    proxy.signal('SIGTTOU');
    const later = await statusUntil(proxy, 'time', ({ supervisor: now }) => now.uptime_seconds >= uptime_seconds + 2);
    expect(later.workers).to.include({ desired: 1, ready: 1 });
    proxy.signal('SIGTTIN');
    const two = await workersAre(2);
    expect(pidsOf(two)).to.include(last);
    expectUnharmed(await load.stop());
    await eventually(() => first.filter(isAlive).length === 1, { what: 'the end of those taken away' });
    const text = await proxy.metrics();
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total', { reason: 'scale' })).to.equal(2);
    expect(proxy.metric(text, 'ccproxy_worker_restarts_total')).to.equal(2);
  });

  it('by ccproxy scale N, which waits, and tells', async () => {
    const up = await command('scale', '4');
    expect(up).to.include({ code: 0, stderr: '' });
    expect(up.stdout)
      .to.match(/worker 3: PID none -> \d+\n/)
      .and.to.match(/scaled: 4 workers\n$/);
    expect((await steady.proxy.status()).workers).to.include({ desired: 4, ready: 4 });
    const down = await command('scale', '2');
    expect(down.code).to.equal(0);
    expect(down.stdout).to.match(/worker 4: PID \d+ -> none\n/);
    expect((await steady.proxy.status()).workers).to.include({ desired: 2, ready: 2 });
    for (const wrong of ['0', '1025', 'two', '1.5']) {
      const refused = await command('scale', wrong);
      expect(refused.code, wrong).to.equal(2);
      expect(refused.stderr).to.include(`from 1 to 1024, got "${wrong}"`);
    }
  });

  it('by POST /-/scale', async () => {
    const scale = (query: string) => request({ url: `${steady.proxy.url}/-/scale${query}`, method: 'POST' });
    const three = await scale('?workers=3');
    expect([three.status, three.json()]).to.deep.equal([200, { result: 'success', workers: 3 }]);
    for (const query of ['', '?workers=', '?workers=0', '?workers=1025', '?workers=many', '?workers=99999']) {
      const refused = await scale(query);
      expect(refused.status, query).to.equal(400);
      expect(refused.text).to.include('from 1 to 1024');
    }
    await workersAre(3);
  });

  it('stays what it is at a reload, unless the configuration has another number than before', async () => {
    const { proxy, config } = steady;
    expect((await reloadBySignal(proxy)).workers).to.include({ desired: 3, ready: 3 });
    proxy.writeConfig(config({ workers: 1 }));
    expect((await reloadBySignal(proxy)).workers).to.include({ desired: 1, ready: 1 });
    proxy.writeConfig(config({ workers: 2 }));
    expect((await reloadBySignal(proxy)).workers).to.include({ desired: 2, ready: 2 });
  });
});
