import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { asSandboxMessage } from '../../shared/protocol';

const ENTRY = join(__dirname, '..', '..', 'worker', 'sandbox', 'main.js');

describe('sandbox process', () => {
  const children: ChildProcess[] = [];

  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  async function start(port: number): Promise<{ child: ChildProcess; port: number }> {
    const child = fork(ENTRY, [String(port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.push(child);
    const [message] = await once(child, 'message');
    const ready = asSandboxMessage(message);
    if (ready === null) throw new Error('expected sandbox_ready');
    return { child, port: ready.port };
  }

  async function isServing(port: number): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${port}/v1/models`)).ok;
  }

  it('ends when the port that it is asked for is taken: the workers know no other', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const taken = (blocker.address() as AddressInfo).port; // It listens on TCP, so it has one.
    const child = fork(ENTRY, [String(taken)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    children.push(child);
    const [code] = await once(child, 'exit');
    blocker.close();
    expect(code).to.equal(1);
  });

  it('takes a free port, ignores signals, ends when its parent lets go, and takes that port again', async () => {
    const { child, port } = await start(0);

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      child.kill(signal);
      expect(await isServing(port)).to.equal(true);
    }
    expect(child.exitCode).to.equal(null);

    const exited = once(child, 'exit');
    child.disconnect();
    expect(await exited).to.deep.equal([0, null]);

    const second = await start(port);
    expect(second.port).to.equal(port);
  });

  it('refuses to run without a parent', async () => {
    const child = spawn(process.execPath, [ENTRY, '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(said).to.match(/child of the supervisor/);
    expect(code).to.equal(1);
  });
});
