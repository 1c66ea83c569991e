/** SIGHUP from a terminal that was closed ends the proxy; the same signal from an operator reloads it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { descendantsOf, isAlive } from '../support/processes';
import { eventually } from '../support/wait';
import { CLI } from './cluster';

describe('cluster: a terminal is closed', function () {
  this.timeout(30_000);

  it('and nothing goes on behind it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ccproxy-terminal-'));
    // util-linux' script gives it a terminal of its own, and takes that away when it ends.
    const command = `${process.execPath} ${CLI} start --port 0 --workers 1`;
    const { NODE_OPTIONS: _, ...env } = process.env;
    const terminal = spawn('script', ['-qfec', command, join(dir, 'typescript')], {
      cwd: dir,
      env: { ...env, HOME: dir },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    terminal.stdout.on('data', (text) => {
      output += text;
    });
    let family: number[] = [];
    try {
      await eventually(() => output.includes('listening on'), { timeoutMs: 20_000, what: 'a start' });
      family = descendantsOf(terminal.pid ?? 0);
      expect(family.length).to.be.at.least(3);
      terminal.kill('SIGKILL');
      await eventually(() => !family.some(isAlive), { timeoutMs: 10_000, what: 'the end of all that ran in it' });
    } finally {
      for (const pid of family) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
