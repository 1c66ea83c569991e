/**
 * What `kill -9` of a worker costs: `node dist/test/bench/worker-killed.js [--rate 2000] [--kills 10] [--workers 2]`.
 * Exit 1 when more requests are lost than were in flight on the worker, as far as that can be told: at most those that
 * waited for an answer at that moment.
 */
import { parseArgs } from 'node:util';
import { startNginxProvider } from '../support/nginx-provider';
import { PacedLoad } from '../support/paced-load';
import { startProxy } from '../support/proxy';
import { requestBytes } from '../support/raw-client';
import { eventually } from '../support/wait';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '2000' },
      kills: { type: 'string', default: '10' },
      workers: { type: 'string', default: '2' },
    },
  });
  const provider = await startNginxProvider();
  const one = { name: 'fast', dialect: 'anthropic', api_base_url: provider.url, api_key: 'sk-fast-provider-key' };
  const config = { providers: [one], routes: { default: 'fast,fast' } };
  const proxy = await startProxy({ config, workers: Number(values.workers) });
  try {
    const body = { model: 'fast', max_tokens: 1, messages: [{ role: 'user', content: 'Hello'.padEnd(500, '.') }] };
    const load = new PacedLoad({
      host: proxy.host,
      port: proxy.port,
      request: requestBytes('POST', '/v1/messages', { 'content-type': 'application/json' }, body),
      keptPerSecond: Number(values.rate),
      connections: 50,
      newPerSecond: 0,
      rampSeconds: 5,
    });
    await eventually(() => load.report.kept.ok > 5000, { timeoutMs: 20_000, what: 'a steady load' });
    let isKept = true;
    console.log('kill   waiting for an answer   lost, kept   lost, new   full strength after');
    for (let i = 1; i <= Number(values.kills); i++) {
      await eventually(() => load.behind === 0 && load.inFlight < 40, { timeoutMs: 30_000, what: 'the full rate' });
      const { workers } = await proxy.status();
      const victim = workers.list[i % workers.list.length]?.pid ?? 0;
      const { kept, fresh } = load.report;
      const [keptBefore, freshBefore, inFlight] = [kept.failedAtMs.length, fresh.failedAtMs.length, load.inFlight];
      const killedAt = performance.now();
      process.kill(victim, 'SIGKILL');
      const whole = async () => {
        const now = (await proxy.status()).workers;
        return now.ready === now.desired && !now.list.some(({ pid }) => pid === victim);
      };
      await eventually(whole, { timeoutMs: 30_000, intervalMs: 5, what: 'full strength' });
      const ms = performance.now() - killedAt;
      const lost = kept.failedAtMs.length - keptBefore;
      if (lost > inFlight) isKept = false;
      const row = [i, inFlight, lost, fresh.failedAtMs.length - freshBefore, `${ms.toFixed(0)} ms`];
      console.log(row.map((cell, column) => String(cell).padStart([4, 24, 13, 12, 22][column] ?? 0)).join(''));
    }
    const { kept, fresh } = await load.stop();
    console.log(`${kept.sent + fresh.sent} requests, ${kept.failedAtMs.length + fresh.failedAtMs.length} lost`);
    return isKept ? 0 : 1;
  } finally {
    await proxy.stop();
    provider.stop();
  }
}

void main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
