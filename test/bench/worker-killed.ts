/**
 * What `kill -9` of a worker costs: `node dist/test/bench/worker-killed.js [--rate 2000] [--kills 5] [--workers 2]`.
 * Every connection knows its worker, so that each lost request can be told to have been on one of the victim's: sent, and
 * not answered when the kernel closed it. (The kernel takes some 10 ms to end a process, and takes requests for it until
 * then.) Exit 1 when a request on any other connection is lost, or more on the victim's than it had connections.
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
      kills: { type: 'string', default: '5' },
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
      identify: true,
    });
    await eventually(() => load.report.kept.ok > 5000, { timeoutMs: 20_000, what: 'a steady load' });
    let isKept = true;
    console.log("kill   victim's connections   lost on them   lost elsewhere   never accepted   full strength after");
    for (let i = 1; i <= Number(values.kills); i++) {
      // One that has served for 10 s is replaced without a back-off.
      const stable = async () => {
        const { list } = (await proxy.status()).workers;
        const oldest = list.toSorted((a, b) => b.uptime_seconds - a.uptime_seconds)[0];
        return load.behind === 0 && oldest !== undefined && oldest.uptime_seconds > 10 && oldest;
      };
      const { pid: victim } = await eventually(stable, { timeoutMs: 60_000, intervalMs: 100, what: 'a stable worker' });
      const { kept, fresh } = load.report;
      const [keptBefore, freshBefore] = [kept.failedPids.length, fresh.failedPids.length];
      const connections = load.connectionsOf(victim);
      const killedAt = performance.now();
      process.kill(victim, 'SIGKILL');
      const whole = async () => {
        const now = (await proxy.status()).workers;
        return now.ready === now.desired && !now.list.some(({ pid }) => pid === victim);
      };
      await eventually(whole, { timeoutMs: 30_000, intervalMs: 5, what: 'full strength' });
      const ms = performance.now() - killedAt;
      const pids = [...kept.failedPids.slice(keptBefore), ...fresh.failedPids.slice(freshBefore)];
      const count = (condition: (pid: number | null) => boolean) => pids.filter(condition).length;
      const lost = count((pid) => pid === victim);
      const elsewhere = count((pid) => pid !== null && pid !== victim);
      if (elsewhere > 0 || lost > connections) isKept = false;
      const row = [i, connections, lost, elsewhere, count((pid) => pid === null), `${ms.toFixed(0)} ms`];
      console.log(row.map((cell, column) => String(cell).padStart([4, 23, 15, 17, 17, 22][column] ?? 0)).join(''));
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
