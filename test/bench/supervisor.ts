/**
 * What the supervisor costs with idle workers: `node dist/test/bench/supervisor.js [--workers 8] [--snapshots 10000]`.
 * Each worker gets a snapshot a second, so that 10,000 take 21 minutes with 8 workers. Exit 1 above 1% of a core, or
 * when the memory is not flat.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { rssBytes } from '../support/processes';
import { startProxy } from '../support/proxy';
import { SteadyProvider } from '../support/steady-provider';

const SAMPLE_MS = 10_000;
const MAX_CPU_SHARE = 0.01;
/** From the second quarter to the last. */
const MAX_GROWTH_BYTES = 8 * 1024 ** 2;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { workers: { type: 'string', default: '8' }, snapshots: { type: 'string', default: '10000' } },
  });
  const workers = Number(values.workers);
  const provider = await SteadyProvider.start();
  const one = { name: 'steady', dialect: 'anthropic', api_base_url: provider.url, api_key: 'sk-steady-provider' };
  const proxy = await startProxy({ config: { providers: [one], routes: { default: 'steady,steady' } }, workers });
  try {
    const seconds = Number(values.snapshots) / workers;
    const memory: number[] = [];
    await delay(SAMPLE_MS);
    const [cpuBefore, beganMs] = [cpuSeconds(proxy.pid), performance.now()];
    while ((performance.now() - beganMs) / 1000 < seconds) {
      await delay(SAMPLE_MS);
      memory.push(rssBytes(proxy.pid));
    }
    const elapsed = (performance.now() - beganMs) / 1000;
    const share = (cpuSeconds(proxy.pid) - cpuBefore) / elapsed;
    const quarter = Math.floor(memory.length / 4);
    const [early, late] = [median(memory.slice(quarter, 2 * quarter)), median(memory.slice(-quarter))];
    console.log(
      [
        `workers, idle       ${workers}`,
        `snapshots           ${Math.round(elapsed * workers)} in ${elapsed.toFixed(0)} s`,
        `CPU of the supervisor  ${(100 * share).toFixed(2)}% of a core`,
        `its memory          ${mib(early)} in the second quarter, ${mib(late)} in the last`,
      ].join('\n'),
    );
    return share < MAX_CPU_SHARE && late - early < MAX_GROWTH_BYTES ? 0 : 1;
  } finally {
    await proxy.stop();
    await provider.close();
  }
}

/** User and system time of the process itself. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
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
