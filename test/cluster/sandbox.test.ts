/** Without any key the embedded sandbox serves, as a real upstream that is kept alive (spec/config.md). */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { request } from '../support/http';
import { childrenOf, commandLine, isAlive, openFiles } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';
import { messageRequest, only } from './cluster';

function sandboxOf(proxy: RunningProxy): number {
  return only(childrenOf(proxy.pid).filter((pid) => commandLine(pid).includes('sandbox')));
}

/** TCP ports that the process listens on (IPv4). */
function listeningPorts(pid: number): number[] {
  const inodes = new Set(openFiles(pid).map((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1]));
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === '0A' && inodes.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
  });
}

describe('cluster: the sandbox provider', () => {
  let proxy: RunningProxy;
  let client: Anthropic;
  before(async () => {
    proxy = await startProxy({ config: null, env: { CCPROXY_SANDBOX_TOKENS_PER_SECOND: '500' } });
    client = new Anthropic({ baseURL: proxy.url, apiKey: 'anything', maxRetries: 0, timeout: 10_000 });
  });
  after(() => proxy?.stop());

  const say = (content: string) =>
    client.messages.stream({ model: 'sandbox-model', max_tokens: 200, messages: [{ role: 'user', content }] });

  it('is the only active one, named in /status and in the log', async () => {
    const { providers } = await proxy.status();
    expect(providers).to.deep.include({ count: 1, active: ['sandbox'] });
    expect(only(providers.details)).to.include({ name: 'sandbox', dialect: 'anthropic', state: 'active' });
    expect(proxy.output()).to.match(/sandbox/);
  });

  it('streams to the official SDK', async () => {
    const stream = say('Hello');
    let deltas = '';
    stream.on('text', (text) => {
      deltas += text;
    });
    const { content, stop_reason, usage } = await stream.finalMessage();
    expect(content.map((block) => (block.type === 'text' ? block.text : '')).join('')).to.equal(deltas);
    expect(deltas.toLowerCase()).to.include('sandbox');
    expect(stop_reason).to.equal('end_turn');
    expect(usage.input_tokens).to.be.above(0);
    expect(usage.output_tokens).to.be.above(0);
  });

  it('is started again on the same port when it is killed, and serves again', async () => {
    const killed = sandboxOf(proxy);
    const port = only(listeningPorts(killed));
    const before = await proxy.status();
    process.kill(killed, 'SIGKILL');
    await eventually(() => !isAlive(killed), { what: 'its end' });

    const answered = async () => (await request(messageRequest(proxy, {}, {}))).status === 200;
    await eventually(answered, { timeoutMs: 5000, what: 'an answer from the sandbox' });
    const again = sandboxOf(proxy);
    expect(again).not.to.equal(killed);
    expect(listeningPorts(again)).to.deep.equal([port]);
    expect((await say('Once more').finalMessage()).stop_reason).to.equal('end_turn');

    const recovered = async () => only((await proxy.status()).providers.details).state === 'active';
    await eventually(recovered, { what: 'an active provider' });
    const pids = (document: typeof before) => document.workers.list.map(({ pid }) => pid);
    expect(pids(await proxy.status())).to.deep.equal(pids(before));
  });

  it('is started again when it was killed while a stream ran, which ends with an error', async () => {
    // The whole answer would take a minute.
    const slow = await startProxy({ config: null, env: { CCPROXY_SANDBOX_TOKENS_PER_SECOND: '1' } });
    try {
      const stream = new Anthropic({ baseURL: slow.url, apiKey: 'anything', maxRetries: 0 }).messages.stream({
        model: 'sandbox-model',
        max_tokens: 4000,
        messages: [{ role: 'user', content: 'word '.repeat(2000) }],
      });
      const outcome = stream.finalMessage().then(
        ({ stop_reason }) => stop_reason,
        (error: unknown) => error,
      );
      stream.once('streamEvent', () => process.kill(sandboxOf(slow), 'SIGKILL'));
      expect(await outcome).to.be.instanceOf(Error);
      const answered = async () => (await request(messageRequest(slow, {}, {}))).status === 200;
      await eventually(answered, { timeoutMs: 5000, what: 'an answer from the sandbox' });
    } finally {
      await slow.stop();
    }
  });
});
