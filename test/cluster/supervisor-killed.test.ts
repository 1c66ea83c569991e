/** kill -9 of the supervisor: nobody is left behind, and the address is free (spec/supervision.md, 5). */
import { expect } from 'chai';
import { openStream } from '../support/http';
import { childrenOf, commandLine, isAlive, isStopped } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { sabotage } from '../support/saboteur';
import { eventually } from '../support/wait';
import { messageRequest } from './cluster';
import { pidsOf, startSteady } from './steady';

describe('cluster: kill -9 of the supervisor', () => {
  let proxy: RunningProxy;
  let next: RunningProxy | null = null;
  before(async () => {
    proxy = await startProxy({ config: null, env: { CCPROXY_SANDBOX_TOKENS_PER_SECOND: '20' } });
  });
  after(async () => {
    await next?.stop();
    await proxy?.stop('SIGKILL');
  });

  it('takes the workers and the sandbox with it within a second or so, also with a stream in flight', async () => {
    const children = childrenOf(proxy.pid);
    expect(children.map(commandLine).filter((line) => line.startsWith('ccproxy: worker'))).to.have.length(2);
    expect(children.map(commandLine).filter((line) => line.includes('sandbox'))).to.have.length(1);
    const stream = await openStream(messageRequest(proxy, { stream: true }, {}));
    await stream.readUntil('message_start');

    proxy.signal('SIGKILL');
    await eventually(() => !isAlive(proxy.pid), { timeoutMs: 2000, what: 'the end of the supervisor' });
    await eventually(() => !children.some(isAlive), { timeoutMs: 2000, what: 'the end of its children' });
    stream.destroy();
  });

  it('takes a worker with it that is stopped, and one whose event loop is blocked', async () => {
    const steady = await startSteady({ workers: 3 });
    try {
      const { proxy, sabotageDir } = steady;
      const [stopped = 0, blocked = 0] = pidsOf(await proxy.status());
      const children = childrenOf(proxy.pid);
      process.kill(stopped, 'SIGSTOP');
      sabotage(sabotageDir, blocked, { do: 'block' });
      await eventually(() => isStopped(stopped), { what: 'the worker being stopped' });
      proxy.signal('SIGKILL');
      await eventually(() => !children.some(isAlive), { timeoutMs: 2000, what: 'the end of its children' });
    } finally {
      await steady.stop();
    }
  });

  it('leaves the port free for the next start', async () => {
    const startedAt = performance.now();
    next = await startProxy({ config: null, port: proxy.port });
    expect(next.port).to.equal(proxy.port);
    expect(performance.now() - startedAt).to.be.below(10_000);
    expect((await next.status()).pid).to.equal(next.pid);
  });
});
