/** `Type=notify` of systemd: it hears at the right moment that the service is ready, alive, reloading and stopping. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { isStopped } from '../support/processes';
import { type SpawnedProxy, spawnProxy } from '../support/proxy';
import { restoreBoots, sabotageBoots, sabotageEnv } from '../support/saboteur';
import { eventually } from '../support/wait';

const missing = ['systemd-notify', 'perl'].filter((program) => spawnSync(program, ['-v']).error !== undefined);
const WATCHDOG_MS = 3000;
/** Node cannot receive such datagrams. `recv` drops the file descriptor whose closing systemd-notify waits for. */
const RECEIVER = `socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])) or die; $| = 1;
while (defined recv(S, $text, 65536, 0)) { print "$text\\n" }`;

if (missing.length > 0 && process.env['CCPROXY_TEST_REQUIRE_ALL'] !== '1') {
  console.log(`service-notify.test: left out, there is no ${missing.join(' and no ')} here`);
} else {
  describe('cluster: systemd is told', function () {
    this.timeout(60_000);
    let dir: string;
    let receiver: ChildProcess;
    /** All datagrams, a line end after each. */
    let heard = '';
    /** Unix time in milliseconds of the first READY=1. */
    let readyHeardAt: number | null = null;
    let proxy: SpawnedProxy;

    before(async () => {
      expect(missing, 'programs that are missing').to.deep.equal([]);
      dir = mkdtempSync(join(tmpdir(), 'ccproxy-notify-'));
      const socket = join(dir, 'notify');
      receiver = spawn('perl', ['-MSocket', '-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
      receiver.stdout?.on('data', (text) => {
        heard += text;
        if (times('READY=1') > 0) readyHeardAt ??= Date.now();
      });
      await eventually(() => existsSync(socket), { what: 'a socket to be told at' });
      sabotageBoots(dir, { do: 'hang', times: 1 });
      const env = { ...sabotageEnv(dir), NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) };
      proxy = spawnProxy({ config: null, env });
    });
    after(() =>
      closeAll(
        () => proxy?.stop('SIGKILL'),
        () => receiver?.kill('SIGKILL'),
        () => rmSync(dir, { recursive: true, force: true }),
      ),
    );

    const times = (what: string) => heard.split(what).length - 1;

    it('READY=1 when every worker is ready, not before', async () => {
      await proxy.lines.waitFor(/worker \d is ready/, 20_000);
      restoreBoots(dir);
      await proxy.lines.waitFor(/listening on/, 30_000);
      await eventually(() => times('READY=1') === 1, { what: 'READY=1' });
      const readyLines = proxy.lines.lines.filter((line) => /worker \d is ready/.test(line));
      expect(readyLines).to.have.length(2);
      const readyAt = readyLines.map((line) => Date.parse(JSON.parse(line).timestamp));
      expect(readyHeardAt, 'READY=1 by the clock of the log').to.be.at.least(Math.max(...readyAt));
      expect(heard).to.match(/STATUS=listening on http:\/\/127\.0\.0\.1:\d+/);
    });

    it('WATCHDOG=1 again and again, and not by a supervisor that hangs', async () => {
      await eventually(() => times('WATCHDOG=1') >= 3, { timeoutMs: 20_000, what: 'three signs of life' });
      process.kill(proxy.pid, 'SIGSTOP');
      await eventually(() => isStopped(proxy.pid), { what: 'the supervisor being stopped' });
      const [stoppedAt, before] = [performance.now(), times('WATCHDOG=1')];
      await eventually(() => performance.now() - stoppedAt > WATCHDOG_MS, { what: 'the time of the watchdog' });
      // One may have been under way.
      expect(times('WATCHDOG=1')).to.be.at.most(before + 1);
      process.kill(proxy.pid, 'SIGCONT');
      await eventually(() => times('WATCHDOG=1') > before + 1, { what: 'a sign of life' });
    });

    it('RELOADING=1 with the time, and READY=1 after it', async () => {
      process.kill(proxy.pid, 'SIGHUP');
      await eventually(() => times('READY=1') === 2, { timeoutMs: 20_000, what: 'the second READY=1' });
      expect(heard).to.match(/RELOADING=1\nMONOTONIC_USEC=\d{6,}\n/);
      expect(heard.indexOf('RELOADING=1')).to.be.below(heard.lastIndexOf('READY=1'));
    });

    it('STOPPING=1 when it drains; no worker says anything', async () => {
      process.kill(proxy.pid, 'SIGTERM');
      expect((await proxy.exit).code).to.equal(0);
      await eventually(() => times('STOPPING=1') === 1, { what: 'STOPPING=1' });
      expect(proxy.lines.text()).not.to.include('systemd cannot be told');
    });
  });
}
