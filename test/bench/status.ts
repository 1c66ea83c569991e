/**
 * How soon `/status` comes under load: `node dist/test/bench/status.js [--rate 1000] [--asked 50] [--seconds 20]
 * [--workers 2]`. Asked that often a second on kept connections, beside that many messages a second. Exit 1 when its p99
 * is 50 ms or more (spec/supervision.md, 14), or when anything fails.
 */
import { parseArgs } from 'node:util';
import { PacedLoad, type PacedReport } from '../support/paced-load';
import { startProxy } from '../support/proxy';
import { requestBytes } from '../support/raw-client';
import { forkSteadyProvider } from '../support/steady-provider';
import { eventually } from '../support/wait';

const LIMIT_MS = 50;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '1000' },
      asked: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '20' },
      workers: { type: 'string', default: '2' },
    },
  });
  const provider = await forkSteadyProvider();
  const one = { name: 'steady', dialect: 'anthropic', api_base_url: provider.url, api_key: 'sk-steady-provider-key' };
  const config = { providers: [one], routes: { default: 'steady,steady' } };
  const proxy = await startProxy({ config, workers: Number(values.workers) });
  try {
    const { host, port } = proxy;
    const body = { model: 'steady', max_tokens: 1, messages: [{ role: 'user', content: 'Hello'.padEnd(500, '.') }] };
    const messages = new PacedLoad({
      host,
      port,
      request: requestBytes('POST', '/v1/messages', { 'content-type': 'application/json' }, body),
      keptPerSecond: Number(values.rate),
      connections: 50,
      newPerSecond: 0,
      rampSeconds: 5,
    });
    const rate = Number(values.rate);
    await eventually(() => messages.report.kept.ok > 4 * rate && messages.behind === 0, {
      timeoutMs: 30_000,
      what: 'the full rate',
    });
    const pages = new PacedLoad({
      host,
      port,
      request: requestBytes('GET', '/status'),
      keptPerSecond: Number(values.asked),
      connections: 4,
      newPerSecond: 0,
    });
    const wanted = Number(values.asked) * Number(values.seconds);
    await eventually(() => pages.report.kept.sent >= wanted, { timeoutMs: 600_000, what: `${wanted} pages` });
    const status = await pages.stop();
    const traffic = await messages.stop();
    console.log(
      [
        `/status p50, p99, highest   ${latencies(status)} (${status.latenciesMs.length} answers, ${failed(status)} failed)`,
        `messages p50, p99, highest  ${latencies(traffic)} (${traffic.latenciesMs.length} answers, ${failed(traffic)} failed)`,
      ].join('\n'),
    );
    return at(status, 0.99) < LIMIT_MS && failed(status) + failed(traffic) === 0 ? 0 : 1;
  } finally {
    await proxy.stop();
    provider.stop();
  }
}

function at({ latenciesMs }: PacedReport, share: number): number {
  return latenciesMs[Math.floor(share * (latenciesMs.length - 1))] ?? Number.POSITIVE_INFINITY;
}

function latencies(report: PacedReport): string {
  return `${[0.5, 0.99, 1].map((share) => at(report, share).toFixed(1)).join(', ')} ms`;
}

function failed({ kept, fresh }: PacedReport): number {
  return kept.failedAtMs.length + fresh.failedAtMs.length;
}

void main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
