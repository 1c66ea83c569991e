/** Planned changes that something comes in the way of: the end of the service, another change, a worker that dies. */
import { expect } from 'chai';
import { openStream, request } from '../support/http';
import { sabotage, sabotageBoots } from '../support/saboteur';
import { eventually } from '../support/wait';
import { CLI, runCommand } from './cluster';
import { pidsOf, type Steady, type SteadyOptions, startSteady, statusUntil, streamRequest } from './steady';

describe('cluster: a change is interrupted', function () {
  this.timeout(60_000);
  let steady: Steady;
  afterEach(() => steady?.stop());
  const begin = async (options: SteadyOptions) => {
    steady = await startSteady(options);
    return steady;
  };

  it('by the end of the service: who waits for it is told at once, and it ends at once', async () => {
    const { proxy, sabotageDir } = await begin({ workers: 1 });
    sabotageBoots(sabotageDir, { do: 'hang' });
    const answer = request({ url: `${proxy.url}/-/scale?workers=4`, method: 'POST', timeoutMs: 30_000 });
    await statusUntil(proxy, 'workers that boot', ({ workers }) => workers.desired === 4);
    const from = performance.now();
    proxy.signal('SIGTERM');
    const { status, text } = await answer;
    expect(status).to.equal(422);
    expect(text).to.include('the service drains');
    // Those that hang while they boot cannot drain: that alone may take the time.
    await proxy.exit;
    expect(proxy.output()).not.to.include('not all workers could be started');
    expect(performance.now() - from).to.be.below(40_000);
  });

  it('by a step: it is one more than what comes of the reload', async () => {
    const { proxy, config } = await begin({ workers: 2 });
    proxy.writeConfig(config({ workers: 4 }));
    proxy.signal('SIGHUP');
    await statusUntil(proxy, 'a reload under way', ({ supervisor }) => supervisor.state === 'reloading');
    proxy.signal('SIGTTIN');
    await statusUntil(proxy, '5 workers', ({ workers }) => workers.desired === 5 && workers.ready === 5);
  });

  it('by the end of the worker that was asked: ccproxy reload sees the outcome all the same', async () => {
    const { proxy } = await begin({ workers: 3, more: { reload_drain_timeout: '1s' } });
    const env = { ...process.env, HOME: proxy.dir, CCPROXY_PID_FILE: proxy.pidFile };
    const all = [CLI, 'reload', '--config', proxy.configFile, '--port', '0'];
    const before = pidsOf(await proxy.status());
    const outcome = runCommand(process.execPath, all, { env, cwd: proxy.dir });
    await statusUntil(proxy, 'a reload under way', ({ supervisor }) => supervisor.state === 'reloading');
    for (const pid of before) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was replaced before.
      }
    }
    const { code, stdout, stderr } = await outcome;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(/reloaded: generation 2\n$/);
  });

  it('by the end of the worker that serves while its replacement hangs: another one serves', async () => {
    const { proxy, sabotageDir } = await begin({ workers: 1 });
    sabotageBoots(sabotageDir, { do: 'hang', times: 1 });
    const [serving = 0] = pidsOf(await proxy.status());
    proxy.signal('SIGHUP');
    await statusUntil(proxy, 'a replacement that boots', (now) => pidsOf(now, 'booting').length === 1);
    process.kill(serving, 'SIGKILL');
    const from = performance.now();
    await eventually(() => request({ url: `${proxy.url}/livez`, timeoutMs: 1000 }), { what: 'somebody who serves' });
    // The hanging one is given up after 10 s.
    expect(performance.now() - from).to.be.below(8000);
    await statusUntil(
      proxy,
      'the end of the reload',
      ({ supervisor, workers }) => supervisor.generation === 2 && workers.ready === 1,
      30_000,
    );
  });

  it('by a death in its first replacement: the sandbox that the reload brought in is there', async () => {
    const { proxy, sabotageDir } = await begin({ workers: 1 });
    sabotageBoots(sabotageDir, { do: 'exit', times: 1 });
    proxy.writeConfig({ workers: 1 });
    proxy.signal('SIGHUP');
    await statusUntil(proxy, 'the new configuration', ({ supervisor }) => supervisor.generation === 2, 30_000);
    const body = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] };
    expect((await request({ url: `${proxy.url}/v1/messages`, body })).status).to.equal(200);
  });

  it('a worker is not recycled while its predecessor drains', async () => {
    const { proxy, provider, sabotageDir } = await begin({ workers: 1, more: { max_worker_memory: '256mb' } });
    const bloat = (pid: number) => sabotage(sabotageDir, pid, { do: 'bloat', bytes: 300 * 1024 ** 2 });
    const stream = await openStream(streamRequest(proxy, 'long', 5));
    await stream.next();
    provider.hold = true;
    const [first = 0] = pidsOf(await proxy.status());
    bloat(first);
    const replaced = await statusUntil(proxy, 'the first replacement', (now) => !pidsOf(now).includes(first), 30_000);
    const [second = 0] = pidsOf(replaced);
    bloat(second);
    // By then it is old enough to be recycled.
    const aged = await statusUntil(
      proxy,
      'a successor of 14 s',
      ({ workers }) => workers.list.some(({ pid, uptime_seconds }) => pid === second && uptime_seconds >= 14),
      30_000,
    );
    expect(aged.workers.list.map(({ pid }) => pid)).to.have.members([first, second]);
    provider.hold = false;
    await stream.rest();
    await statusUntil(proxy, 'the next replacement', (now) => !pidsOf(now).includes(second), 30_000);
  });
});
