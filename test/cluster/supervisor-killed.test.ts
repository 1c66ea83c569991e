/** kill -9 of the supervisor: nobody is left behind, and the address is free (spec/supervision.md, 5). */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { openStream } from '../support/http';
import { childrenOf, commandLine, endingOf, isStopped } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { sabotage } from '../support/saboteur';
import { eventually } from '../support/wait';
import { messageRequest } from './cluster';
import { pidsOf, startSteady } from './steady';

/** From the end of the supervisor to the end of the last of its processes. */
const LIMIT_MS = 1000;

describe('cluster: kill -9 of the supervisor', () => {
  let proxy: RunningProxy;
  let next: RunningProxy | null = null;
  before(async () => {
    proxy = await startProxy({ config: null, env: { CCPROXY_SANDBOX_TOKENS_PER_SECOND: '20' } });
  });
  after(() =>
    closeAll(
      () => next?.stop(),
      () => proxy?.stop('SIGKILL'),
    ),
  );

  /** Kills the supervisor; for how long one of its children was seen to run after that, milliseconds. */
  const lifeAfter = async (killed: RunningProxy, children: readonly number[]): Promise<number> => {
    const killedAt = performance.now();
    killed.signal('SIGKILL');
    const { aliveAtMs } = await endingOf([killed.pid, ...children]);
    return aliveAtMs - killedAt;
  };

  it('takes the workers and the sandbox with it within a second, also with a stream in flight', async () => {
    const children = childrenOf(proxy.pid);
    expect(children.map(commandLine).filter((line) => line.startsWith('ccproxy: worker'))).to.have.length(2);
    expect(children.map(commandLine).filter((line) => line.includes('sandbox'))).to.have.length(1);
    const stream = await openStream(messageRequest(proxy, { stream: true }, {}));
    await stream.readUntil('message_start');

    expect(await lifeAfter(proxy, children), 'ms').to.be.below(LIMIT_MS);
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
      expect(await lifeAfter(proxy, children), 'ms').to.be.below(LIMIT_MS);
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
