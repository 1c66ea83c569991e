/**
 * What reloads cost: `node dist/test/bench/reload.js [--reloads 50] [--rate 2000] [--new 200] [--workers 2] [--stream 60]`.
 * So many in a row under that many requests a second on kept connections and that many new connections a second, with
 * a stream that begins before the first. Exit 1 when a request on a kept connection fails, or the stream is not whole.
 * With `net.ipv4.tcp_migrate_req=1`, in a network of its own:
 * `unshare -n sh -c 'ip link set lo up; echo 1 > /proc/sys/net/ipv4/tcp_migrate_req; node dist/test/bench/reload.js'`
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openStream } from '../support/http';
import { startNginxProvider } from '../support/nginx-provider';
import { type Outcomes, PacedLoad } from '../support/paced-load';
import { rssBytes } from '../support/processes';
import { startProxy } from '../support/proxy';
import { requestBytes } from '../support/raw-client';
import { forkSteadyProvider, ID_HEADER, STREAM_INTERVAL_MS, streamEvents } from '../support/steady-provider';
import { eventually } from '../support/wait';

const body = { model: 'steady', max_tokens: 1, messages: [{ role: 'user', content: 'Hello'.padEnd(500, '.') }] };

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      reloads: { type: 'string', default: '50' },
      rate: { type: 'string', default: '2000' },
      new: { type: 'string', default: '200' },
      workers: { type: 'string', default: '2' },
      stream: { type: 'string', default: '60' },
    },
  });
  const reloads = Number(values.reloads);
  const provider = await forkSteadyProvider();
  const fast = await startNginxProvider();
  const config = (variant: number) => ({
    shutdown_timeout: '30s',
    providers: [
      {
        name: 'steady',
        dialect: 'anthropic',
        api_base_url: provider.url,
        api_key: 'sk-steady-provider-key',
        headers: { 'x-variant': String(variant) },
      },
      { name: 'fast', dialect: 'anthropic', api_base_url: fast.url, api_key: 'sk-fast-provider-key' },
    ],
    routes: { default: 'fast,fast' },
  });
  const proxy = await startProxy({ config: config(0), workers: Number(values.workers) });
  try {
    const deltas = Math.round((Number(values.stream) * 1000) / STREAM_INTERVAL_MS);
    const headers = { 'content-type': 'application/json' };
    const stream = await openStream({
      url: `${proxy.url}/v1/messages`,
      headers: { ...headers, [ID_HEADER]: 'long' },
      body: { ...body, model: 'steady,steady', max_tokens: deltas, stream: true },
    });
    const whole = stream.rest(Number(values.stream) * 1000 + 30_000);
    whole.catch(() => {}); // Looked at below.
    const load = new PacedLoad({
      ...proxy,
      request: requestBytes('POST', '/v1/messages', headers, body),
      host: proxy.host,
      port: proxy.port,
      keptPerSecond: Number(values.rate),
      connections: 50,
      newPerSecond: Number(values.new),
      rampSeconds: 5,
    });
    await eventually(() => load.report.kept.ok > 5000, { timeoutMs: 20_000, what: 'a steady load' });
    const memoryBefore = rssBytes(proxy.pid);
    const beganMs = performance.now();
    const pids = new Set<number>();
    for (let i = 1; i <= reloads; i++) {
      proxy.writeConfig(config(i));
      proxy.signal('SIGHUP');
      const done = async () => {
        const { supervisor, workers } = await proxy.status();
        if (supervisor.generation !== i + 1 || supervisor.reload.in_progress) return false;
        for (const { pid } of workers.list) pids.add(pid);
        return true;
      };
      await eventually(done, { timeoutMs: 30_000, intervalMs: 20, what: `reload ${i}` });
      // New workers are cold, and everything shares the machine: the next one comes when the load is met again.
      await eventually(() => load.behind === 0, { timeoutMs: 30_000, what: 'the full rate again' });
    }
    const seconds = (performance.now() - beganMs) / 1000;
    const { kept, fresh, latenciesMs } = await load.stop();
    const memoryAfter = rssBytes(proxy.pid);
    const expected = streamEvents('long', deltas).join('');
    const isWhole = (await whole).toString('utf8') === expected;
    const at = (share: number) => latenciesMs[Math.floor(share * (latenciesMs.length - 1))]?.toFixed(1);
    console.log(
      [
        `net.ipv4.tcp_migrate_req       ${setting()}`,
        `reloads                        ${reloads} in ${seconds.toFixed(1)} s, ${pids.size} worker PIDs`,
        `requests a second              ${Math.round((kept.ok + fresh.ok) / seconds)}, those of the ramp included`,
        `requests on kept connections   ${kept.sent}, failed: ${told(kept)}`,
        `first requests of connections  ${fresh.sent}, failed: ${told(fresh)}`,
        `latency p50, p99, highest      ${at(0.5)}, ${at(0.99)}, ${at(1)} ms`,
        `stream of ${values.stream} s                 ${isWhole ? 'whole, byte for byte' : 'NOT WHOLE'} (${expected.length} bytes)`,
        `supervisor                     ${mib(memoryBefore)} before, ${mib(memoryAfter)} after`,
      ].join('\n'),
    );
    return kept.failedAtMs.length === 0 && isWhole ? 0 : 1;
  } finally {
    await proxy.stop();
    provider.stop();
    fast.stop();
  }
}

function told({ failures, failedAtMs }: Outcomes): string {
  if (failedAtMs.length === 0) return '0';
  return `${failedAtMs.length} (${Array.from(failures, ([reason, count]) => `${count} ${reason}`).join(', ')})`;
}

function setting(): string {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim();
  } catch {
    return 'not there';
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

void main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
