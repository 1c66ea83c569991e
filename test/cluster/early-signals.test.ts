/** What may happen before a proxy serves must not leave anything behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { freePort } from '../support/free-port';
import { request } from '../support/http';
import { startMockProvider } from '../support/mock-provider';
import { membersOfGroup } from '../support/processes';
import { spawnProxy, startProxy } from '../support/proxy';
import { RawClient } from '../support/raw-client';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';

describe('cluster: before and beside serving', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // The first line while the sandbox boots, the other while the workers do.
    for (const line of ['no provider key is set', 'starts']) {
      it(`${signal} while it starts ("${line}") ends it with 0 and leaves nothing`, async () => {
        const proxy = spawnProxy({ config: null });
        try {
          await eventually(() => proxy.lines.text().includes(line), { what: 'that line of the log' });
          process.kill(proxy.pid, signal);
          expect(await proxy.exit).to.include({ code: 0, signal: null });
          await eventually(() => membersOfGroup(proxy.pid).length === 0, { what: 'no process left' });
        } finally {
          await proxy.stop('SIGKILL');
        }
      });
    }
  }

  it('knows the hash of its configuration with the first answer of /status', async () => {
    const port = await freePort();
    const proxy = spawnProxy({ config: null, port });
    try {
      const first = await eventually(
        async () => {
          const answer = await request({ url: `http://127.0.0.1:${port}/status` });
          return answer.status === 200 && answer.json<StatusDocument>();
        },
        { intervalMs: 1, timeoutMs: 20_000, what: 'the first answer' },
      );
      expect(first.supervisor.config_hash).to.match(/^[0-9a-f]{12}$/);
    } finally {
      await proxy.stop();
    }
  });

  it('serves without a PID file where none can be written, and says so', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ccproxy-pid-'));
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const proxy = spawnProxy({ config: null, env: { CCPROXY_PID_FILE: join(file, 'run', 'pid.json') } });
    try {
      await eventually(() => proxy.lines.text().includes('listening on'), { timeoutMs: 20_000, what: 'a start' });
      expect(proxy.lines.text()).to.contain('the PID file cannot be written');
    } finally {
      await closeAll(
        () => proxy.stop(),
        () => rmSync(dir, { recursive: true }),
      );
    }
  });

  it('a request that cannot be sent on leaves nothing in flight', async () => {
    const provider = await startMockProvider();
    const proxy = await startProxy({
      config: {
        providers: [{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key' }],
        routes: { default: 'mock,m' },
      },
      workers: 1,
    });
    try {
      const body = JSON.stringify({ model: 'm', max_tokens: 1, messages: [] });
      for (let i = 0; i < 3; i++) {
        const client = await RawClient.connect(proxy);
        const head = `POST /v1/messages?x=\u20ac HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`;
        const { status } = await client.roundTrip(Buffer.from(head + body));
        expect(status).to.be.oneOf([200, 400]);
        client.destroy();
      }
      await eventually(async () => {
        const [details] = (await proxy.status()).providers.details;
        expect(details).to.include({ in_flight: 0, requests: 3 });
      });
      expect((await request({ url: `${proxy.url}/v1/messages`, body })).status).to.equal(200);
    } finally {
      await closeAll(
        () => proxy.stop(),
        () => provider.close(),
      );
    }
  });
});
