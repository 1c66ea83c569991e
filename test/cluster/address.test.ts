/** One proxy at a time has an address: SO_REUSEPORT would let two share it (spec/supervision.md, 17). */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import {
  type ExitInfo,
  type ProxyOptions,
  type RunningProxy,
  type SpawnedProxy,
  spawnProxy,
  startProxy,
} from '../support/proxy';
import { deadline } from '../support/wait';
import { freePort, messageRequest, mockConfig } from './cluster';

/** Starts, and expects it to fail soon. */
async function failedStart(options: ProxyOptions): Promise<ExitInfo> {
  const spawned = spawnProxy(options);
  try {
    return await deadline(spawned.exit, 5000, 'a start that fails');
  } finally {
    await spawned.stop('SIGKILL');
  }
}

const lastLine = ({ output }: ExitInfo) => output.split('\n').at(-1) ?? '';

describe('cluster: an address that is taken', () => {
  let provider: MockProvider;
  let first: RunningProxy;
  before(async () => {
    provider = await startMockProvider();
    first = await startProxy({ config: mockConfig(provider) });
  });
  after(() =>
    closeAll(
      () => first?.stop(),
      () => provider?.close(),
    ),
  );

  it('fails a second start at once, with the PID of the first, which is not disturbed', async () => {
    const before = await first.status();
    const pidFile = readFileSync(first.pidFile, 'utf8');
    const env = { CCPROXY_PID_FILE: first.pidFile };
    const second = await failedStart({ config: mockConfig(provider), port: first.port, env });

    expect(second.code).to.equal(1);
    expect(lastLine(second)).to.include(`127.0.0.1:${first.port} is already in use by PID ${first.pid}`);
    expect(second.output).not.to.match(/worker \d/);
    const after = await first.status();
    expect(after.workers.list.map(({ pid }) => pid)).to.deep.equal(before.workers.list.map(({ pid }) => pid));
    expect(after.workers.list.map(({ restarts }) => restarts)).to.deep.equal([0, 0]);
    expect(readFileSync(first.pidFile, 'utf8')).to.equal(pidFile);
    expect((await request(messageRequest(first))).status).to.equal(200);
  });

  it('fails a second start while the first still drains', async () => {
    const draining = await startProxy({ config: mockConfig(provider), workers: 1 });
    try {
      provider.respondOnce({ scenario: 'text', params: { hold: true, afterEvents: 0 } });
      const held = request(messageRequest(draining, { stream: true }));
      const upstream = (await provider.waitForRequests(provider.requests.length + 1)).at(-1);
      draining.signal('SIGTERM');
      await draining.waitForLine(/SIGTERM: draining/);
      const second = await failedStart({ config: mockConfig(provider), port: draining.port });
      expect(second.code).to.equal(1);
      expect(lastLine(second)).to.include(`already in use by PID ${draining.pid}`);
      upstream?.release();
      expect((await held).status).to.equal(200);
      expect((await draining.exit).code).to.equal(0);
    } finally {
      await draining.stop();
    }
  });

  it('lets exactly one of two simultaneous starts through', async () => {
    const port = await freePort();
    const racers: SpawnedProxy[] = [0, 1].map(() => spawnProxy({ config: mockConfig(provider), port }));
    try {
      const ended = await deadline(
        Promise.race(racers.map(async ({ pid, exit }) => ({ pid, ...(await exit) }))),
        10_000,
        'one of two starts failing',
      );
      const winner = racers.find(({ pid }) => pid !== ended.pid);
      expect(ended.code).to.equal(1);
      expect(lastLine(ended)).to.match(/is already in use by/);
      await winner?.lines.waitFor(/listening on/, 10_000);
      const { status, text } = await request({ url: `http://127.0.0.1:${port}/status` });
      expect(status).to.equal(200);
      expect(JSON.parse(text).pid).to.equal(winner?.pid);
    } finally {
      await Promise.all(racers.map((racer) => racer.stop()));
    }
  });

  describe('by another program', () => {
    let other: Server;
    let port: number;
    before(async () => {
      other = createServer((socket) => socket.end('other')).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const address = other.address();
      port = typeof address === 'object' && address !== null ? address.port : 0;
    });
    after(() => other.close());

    it('fails the start with a clear last word', async () => {
      const ended = await failedStart({ config: mockConfig(provider), port });
      expect(ended.code).to.equal(1);
      expect(lastLine(ended)).to.include(`127.0.0.1:${port} is already in use by another program`);
      expect(other.listening).to.equal(true);
    });

    it('fails a start on all addresses too', async () => {
      const ended = await failedStart({ config: mockConfig(provider), port, args: ['--host', '0.0.0.0'] });
      expect(ended.code).to.equal(1);
      expect(lastLine(ended)).to.include(`0.0.0.0:${port} is already in use`);
    });
  });

  it('that is not of this machine fails the start with a clear last word', async () => {
    const port = await freePort();
    const ended = await failedStart({ config: mockConfig(provider), port, args: ['--host', '203.0.113.9'] });
    expect(ended.code).to.equal(1);
    expect(lastLine(ended)).to.include(`203.0.113.9:${port}: this machine has no such address`);
  });

  it('is free again when its proxy has ended', async () => {
    const once = await startProxy({ config: mockConfig(provider), workers: 1 });
    expect((await once.stop()).code).to.equal(0);
    const again = await startProxy({ config: mockConfig(provider), workers: 1, port: once.port });
    await again.stop();
  });
});
