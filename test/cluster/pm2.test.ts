/** The real pm2, a daemon of its own: start, ready, /status, stop with a stream in flight (issue 2, point 9). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { openStream, request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { descendantsOf, isAlive } from '../support/processes';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';
import { freePort, messageRequest, mockConfig, only, REPOSITORY, runCommand } from './cluster';

interface Pm2Process {
  name: string;
  pid: number;
  pm2_env: { status: string; exit_code?: number; restart_time: number; pm_out_log_path: string };
}

describe('cluster: pm2', function () {
  this.timeout(60_000);
  let dir: string;
  let env: NodeJS.ProcessEnv;
  let port: number;
  let url: string;
  let gate: string;
  let provider: MockProvider;

  before(async () => {
    provider = await startMockProvider();
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    dir = mkdtempSync(join(tmpdir(), 'ccproxy-pm2-'));
    const config = join(dir, 'ccproxy.json');
    writeFileSync(config, JSON.stringify(mockConfig(provider, { workers: 2, api_key: undefined })));
    // pm2 looks for `node` in the PATH: it must be the one that runs the tests.
    mkdirSync(join(dir, 'bin'));
    symlinkSync(process.execPath, join(dir, 'bin', 'node'));
    // Workers wait at this gate before they boot, so that there is a time in which the proxy runs and is not ready.
    gate = join(dir, 'gate');
    const preload = join(dir, 'wait-at-gate.js');
    writeFileSync(
      preload,
      `const pause = new Int32Array(new SharedArrayBuffer(4));
if (process.argv[1]?.endsWith('/worker/main.js')) {
  for (let i = 0; i < 400 && !require('node:fs').existsSync(${JSON.stringify(gate)}); i++) Atomics.wait(pause, 0, 0, 20);
}
`,
    );
    const { CCPROXY_ENGINE } = process.env;
    env = {
      PATH: `${join(dir, 'bin')}:${process.env['PATH']}`,
      HOME: dir,
      PM2_HOME: join(dir, '.pm2'),
      CCPROXY_CONFIG: config,
      CCPROXY_PORT: String(port),
      NODE_OPTIONS: `--require ${preload}`,
      ...(CCPROXY_ENGINE ? { CCPROXY_ENGINE } : {}),
    };
  });
  after(() =>
    closeAll(
      endDaemon,
      () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
      () => provider.close(),
    ),
  );

  const endDaemon = async () => {
    const daemon = Number(readFileSync(join(dir, '.pm2', 'pm2.pid'), 'utf8'));
    const family = [daemon, ...descendantsOf(daemon)];
    try {
      await pm2('kill');
      await eventually(() => !family.some(isAlive), { what: 'the end of pm2 and all that it ran' });
    } finally {
      for (const pid of family) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  };

  const pm2 = async (...args: string[]) => {
    const bin = join(REPOSITORY, 'node_modules', '.bin', 'pm2');
    const result = await runCommand(process.execPath, [bin, ...args], { cwd: REPOSITORY, env });
    if (result.code !== 0) throw new Error(`pm2 ${args[0]}: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
    return result.stdout;
  };

  /** The app as pm2 sees it, or null when it has none. */
  const app = async (): Promise<Pm2Process | null> => {
    const text = await pm2('jlist');
    const list: Pm2Process[] = JSON.parse(
      text.slice(text.indexOf('[{') < 0 ? text.lastIndexOf('[') : text.indexOf('[{')),
    );
    return list.length === 0 ? null : only(list);
  };

  const status = async (): Promise<StatusDocument> => {
    const answer = await request({ url: `${url}/status` });
    expect(answer.status).to.equal(200);
    return answer.json<StatusDocument & Record<string, unknown>>();
  };

  it('has it online only when it is ready, and /status tells pm2’s PID', async () => {
    // First a command alone: of two at once each would start a daemon.
    expect(await app()).to.equal(null);
    let isStarted = false;
    const starting = pm2('start', 'ecosystem.config.js').then(() => {
      isStarted = true;
    });
    const launching = await eventually(app, { what: 'pm2 having a process', intervalMs: 100 });
    expect(launching.pm2_env.status).to.equal('launching');
    expect(launching.name).to.equal('ccproxy');
    expect(isStarted, 'pm2 start returned before the proxy was ready').to.equal(false);

    writeFileSync(gate, '');
    await starting;
    const { workers, pid } = await status();
    expect(workers).to.include({ desired: 2, ready: 2 });
    const online = await app();
    expect(online?.pm2_env).to.include({ status: 'online', restart_time: 0 });
    expect(online?.pid).to.equal(pid);
  });

  it('reloads it by a signal: other workers, the same supervisor', async () => {
    const before = await status();
    await pm2('sendSignal', 'SIGHUP', 'ccproxy');
    const after = await eventually(async () => {
      const now = await status();
      return now.supervisor.generation === 2 && !now.supervisor.reload.in_progress && now;
    });
    expect(after.pid).to.equal(before.pid);
    const serving = after.workers.list.filter(({ state }) => state === 'ready').map(({ pid }) => pid);
    expect(serving).to.have.length(2);
    expect(serving.filter((pid) => before.workers.list.some((worker) => worker.pid === pid))).to.deep.equal([]);
    expect((await app())?.pm2_env).to.include({ status: 'online', restart_time: 0 });
  });

  it('stops it with a stream in flight, which finishes, with exit code 0 and no process left', async () => {
    const before = await status();
    const pids = [before.pid, ...before.workers.list.map(({ pid }) => pid)];
    provider.respondOnce({ scenario: 'text', params: { hold: true, afterEvents: 3, deltas: 40 } });
    const stream = await openStream(messageRequest({ url }, { stream: true }, {}));
    const upstream = await provider.nextRequest();
    const log = (await app())?.pm2_env.pm_out_log_path ?? '';

    const stopping = pm2('stop', 'ccproxy');
    const draining = () => readFileSync(log, 'utf8').includes('SIGINT: draining');
    await eventually(draining, { what: 'the drain that pm2’s signal begins' });
    upstream.release();
    const received = await stream.rest();
    expect(received.equals(upstream.sentBody), 'the stream equals what the provider sent').to.equal(true);
    await stopping;

    expect((await app())?.pm2_env).to.include({ status: 'stopped', exit_code: 0, restart_time: 0 });
    expect(pids.filter(isAlive)).to.deep.equal([]);
    expect(readFileSync(log, 'utf8')).to.match(/CCProxy has ended/);
  });
});
