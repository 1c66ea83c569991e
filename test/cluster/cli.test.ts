/** The command line, run as its users run it: what it prints, and what it exits with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { isAlive, membersOfGroup } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';
import { CLI, CLIENT_KEY, type CommandResult, freePort, MODEL, mockConfig, PROVIDER_KEY, runCommand } from './cluster';

/** A machine with nothing on it, in which the command runs. */
class Machine {
  readonly home = mkdtempSync(join(tmpdir(), 'ccproxy-cli-'));

  ccproxy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const { CCPROXY_ENGINE } = process.env;
    const clean = { PATH: process.env['PATH'], HOME: this.home, ...(CCPROXY_ENGINE ? { CCPROXY_ENGINE } : {}) };
    return runCommand(process.execPath, [CLI, ...args], { cwd: this.home, env: { ...clean, ...env } });
  }

  write(name: string, content: string | object): string {
    const path = join(this.home, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return path;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

describe('cluster: the command line', () => {
  let machine: Machine;
  let provider: MockProvider;
  before(async () => {
    provider = await startMockProvider();
  });
  after(() => provider?.close());
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  describe('says who it is', () => {
    it('version', async () => {
      const { code, stdout } = await machine.ccproxy(['version']);
      expect(code).to.equal(0);
      expect(stdout).to.match(
        /^ccproxy \d+\.\d+\.\d+ \(commit \S+, built \d{4}-\d\d-\d\dT\S+Z, Node \d+\.\d+\.\d+\)\n$/,
      );
      const short = await machine.ccproxy(['--version']);
      expect(short).to.deep.include({ code: 0 });
      expect(stdout).to.include(` ${short.stdout.trim()} `);
    });

    it('help, with every command, examples and exit codes', async () => {
      const { code, stdout } = await machine.ccproxy(['help']);
      expect(code).to.equal(0);
      for (const command of ['start', 'check', 'status', 'stop', 'code', 'version']) {
        expect(stdout).to.match(new RegExp(`^  ${command}\\b`, 'm'));
      }
      expect(stdout)
        .to.match(/Examples:/)
        .and.to.match(/Exit codes:/);
      expect(await machine.ccproxy(['help', 'start'])).to.include({ code: 0 });
    });
  });

  for (const args of [['strat'], ['start', '--prot', '1'], ['status', 'now'], ['start', '--config'], []]) {
    it(`exits 2 at wrong usage: ccproxy ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await machine.ccproxy(args);
      expect(code).to.equal(2);
      expect(stdout).to.equal('');
      expect(stderr).not.to.equal('');
    });
  }

  describe('check', () => {
    it('tells what the configuration means, without a secret', async () => {
      const proxy_url = 'http://operator:pr0xy-passw0rd@127.0.0.1:9';
      const file = machine.write('ccproxy.json', mockConfig(provider, { workers: 3, port: 4567, proxy_url }));
      const { code, stdout, stderr } = await machine.ccproxy(['check', '--config', file]);
      expect(code).to.equal(0);
      expect(stderr).to.equal('');
      expect(stdout).to.include(file).and.to.include('127.0.0.1:4567, 3 workers');
      expect(stdout)
        .to.match(/mock \(anthropic/)
        .and.to.match(new RegExp(`default -> mock, ${MODEL}`));
      for (const secret of [CLIENT_KEY, PROVIDER_KEY, 'pr0xy-passw0rd']) expect(stdout).not.to.include(secret);
    });

    it('lists every mistake in one go with its place, without a secret, and exits 1', async () => {
      const api_key = 'ck-not-a\nkey';
      const file = machine.write('bad.json', { ...mockConfig(provider), porviders: [], port: 'http', api_key });
      const { code, stdout, stderr } = await machine.ccproxy(['check', '--config', file]);
      expect(code).to.equal(1);
      expect(stdout).to.equal('');
      expect(stderr).to.match(/bad\.json:\d+: .*porviders.*did you mean "providers"/);
      expect(stderr)
        .to.match(/port/)
        .and.to.match(/api_key/)
        .and.to.match(/3 mistakes/);
      for (const secret of ['ck-not-a', PROVIDER_KEY]) expect(stderr).not.to.include(secret);
    });

    it('exits 1 for a file that is not there', async () => {
      const { code, stderr } = await machine.ccproxy(['check', '--config', 'nowhere.json']);
      expect(code).to.equal(1);
      expect(stderr).to.match(/nowhere\.json/);
    });
  });

  describe('with nothing running', () => {
    it('status says stopped and exits 3', async () => {
      const args = ['--port', String(await freePort())];
      expect(await machine.ccproxy(['status', ...args])).to.deep.equal({ code: 3, stdout: 'stopped\n', stderr: '' });
      const json = await machine.ccproxy(['status', '--json', ...args]);
      expect(json).to.deep.equal({ code: 3, stdout: '{"service":"CCProxy","status":"stopped"}\n', stderr: '' });
    });

    it('stop says so and exits 0', async () => {
      const { code, stdout } = await machine.ccproxy(['stop', '--port', String(await freePort())]);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'not running\n' });
    });

    it('stop does not kill another process of which a stale PID file speaks', async () => {
      const port = await freePort();
      const stranger: ChildProcess = spawn('sleep', ['60'], { stdio: 'ignore' });
      try {
        mkdirSync(join(machine.home, '.ccproxy', 'run'), { recursive: true });
        machine.write(`.ccproxy/run/${port}.json`, { pid: stranger.pid, host: '127.0.0.1', port });
        const { code, stdout } = await machine.ccproxy(['stop', '--port', String(port)]);
        expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'not running\n' });
        expect(isAlive(stranger.pid ?? 0)).to.equal(true);
        expect((await machine.ccproxy(['status', '--port', String(port)])).code).to.equal(3);
      } finally {
        stranger.kill('SIGKILL');
      }
    });
  });

  describe('with a proxy running', () => {
    let proxy: RunningProxy;
    let env: NodeJS.ProcessEnv;
    let withConfig: string[];
    beforeEach(async () => {
      proxy = await startProxy({ config: mockConfig(provider) });
      env = { CCPROXY_PID_FILE: proxy.pidFile };
      withConfig = ['--config', proxy.configFile];
    });
    afterEach(() => proxy?.stop());

    it('status --json prints the document as it is, and status the same for humans', async () => {
      const json = await machine.ccproxy(['status', '--json', ...withConfig], env);
      expect(json).to.include({ code: 0, stderr: '' });
      const document = JSON.parse(json.stdout);
      expect(Object.keys(document).slice(0, 5)).to.deep.equal(['service', 'version', 'status', 'uptime', 'pid']);
      expect(document).to.include({ status: 'running', pid: proxy.pid, port: proxy.port });

      const human = await machine.ccproxy(['status', ...withConfig], env);
      expect(human).to.include({ code: 0, stderr: '' });
      expect(human.stdout).to.match(new RegExp(`is running.* on 127\\.0\\.0\\.1:${proxy.port}`));
      for (const { pid } of document.workers.list) expect(human.stdout).to.include(`PID ${pid}`);
      expect(human.stdout)
        .to.match(/mock: active/)
        .and.to.match(/2 of 2 ready/);
    });

    it('stop drains it, and waits for its end', async () => {
      const { code, stdout } = await machine.ccproxy(['stop', ...withConfig], env);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `stopped (PID ${proxy.pid})\n` });
      expect(isAlive(proxy.pid)).to.equal(false);
      expect((await proxy.exit).code).to.equal(0);
      expect(existsSync(proxy.pidFile)).to.equal(false);
      expect((await machine.ccproxy(['status', ...withConfig], env)).code).to.equal(3);
    });

    it('code starts Claude Code with the address and the key, the arguments as they are, and its exit code', async () => {
      const { bin, said } = fakeClaude(machine, 7);
      const own = { ...env, PATH: `${bin}:${process.env['PATH']}`, ANTHROPIC_API_KEY: 'sk-ant-of-the-user' };
      const args = ['--model', 'opus', '-p', 'two words', '--', '*'];
      const { code, stderr } = await machine.ccproxy(['code', ...withConfig, '--', ...args], own);
      expect({ code, stderr }).to.deep.equal({ code: 7, stderr: '' });
      expect(said()).to.deep.equal({ args, url: proxy.url, token: CLIENT_KEY, key: null });
      expect((await proxy.status()).pid).to.equal(proxy.pid);
    });
  });

  describe('code with nothing running', () => {
    it('starts a proxy in the background first, which status finds and stop ends', async () => {
      const { bin, said } = fakeClaude(machine, 0);
      const port = await freePort();
      const env = { PATH: `${bin}:${process.env['PATH']}`, CCPROXY_WORKERS: '1' };
      const flags = ['--port', String(port)];
      let pid = 0;
      try {
        const first = await machine.ccproxy(['code', ...flags, '--', 'hello'], env);
        pid = Number(/PID (\d+)/.exec(first.stderr)?.[1]);
        expect(first.code).to.equal(0);
        expect(said()).to.deep.equal({ args: ['hello'], url: `http://127.0.0.1:${port}`, token: 'ccproxy', key: null });
        const json = await machine.ccproxy(['status', '--json', ...flags], env);
        expect(JSON.parse(json.stdout)).to.include({ pid, port });

        const second = await machine.ccproxy(['code', ...flags, '--', 'again'], env);
        expect(second).to.deep.equal({ code: 0, stdout: '', stderr: '' });
        const stopped = await machine.ccproxy(['stop', ...flags], env);
        expect(stopped).to.include({ code: 0, stdout: `stopped (PID ${pid})\n` });
        await eventually(() => membersOfGroup(pid).length === 0, { timeoutMs: 2000, what: 'no process being left' });
      } finally {
        if (pid > 0 && membersOfGroup(pid).length > 0) process.kill(-pid, 'SIGKILL');
      }
    });

    it('says where the reason is when that proxy cannot start', async () => {
      const { bin } = fakeClaude(machine, 0);
      const env = { PATH: `${bin}:${process.env['PATH']}`, CCPROXY_ENGINE: '20.99', CCPROXY_WORKERS: '1' };
      const { code, stderr } = await machine.ccproxy(['code', '--port', String(await freePort()), '--', 'x'], env);
      expect(code).to.equal(1);
      const log = /(\/\S+\.log)/.exec(stderr)?.[1] ?? '';
      expect(readFileSync(log, 'utf8')).to.match(/cannot start: CCPROXY_ENGINE=20\.99/);
    });
  });
});

/** A `claude` that writes down what it was given. */
function fakeClaude(machine: Machine, exitCode: number): { bin: string; said: () => unknown } {
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  const output = join(machine.home, 'claude.json');
  const script = `#!${process.execPath}
const { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: token, ANTHROPIC_API_KEY: key = null } = process.env;
const said = { args: process.argv.slice(2), url, token, key };
require('node:fs').writeFileSync(${JSON.stringify(output)}, JSON.stringify(said));
process.exit(${exitCode});
`;
  writeFileSync(join(bin, 'claude'), script);
  chmodSync(join(bin, 'claude'), 0o755);
  return { bin, said: () => JSON.parse(readFileSync(output, 'utf8')) };
}
