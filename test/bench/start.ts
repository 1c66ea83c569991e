/**
 * How long `ccproxy start` takes to the first 200 of `/status`: `node dist/test/bench/start.js [--starts 11] [--workers 2]`.
 * With a provider and without one (then the sandbox is started too), in turns. `--against DIR` takes another build's
 * `dist` into the turns: on a machine that is not quiet only such figures can be compared.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../support/free-port';
import { request } from '../support/http';
import { spawnProxy } from '../support/spawn-proxy';
import { eventually } from '../support/wait';

const DIST = resolve(__dirname, '../..');
const PROVIDER = { name: 'p', dialect: 'anthropic', api_base_url: 'http://127.0.0.1:9', api_key: 'sk-provider-key' };
const CONFIGS = { 'a provider': { providers: [PROVIDER], routes: { default: 'p,m' } }, 'no provider': {} };

/** In the order of the rows; milliseconds unless the name says something else. */
type Figures = Record<string, number>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      starts: { type: 'string', default: '11' },
      workers: { type: 'string', default: '2' },
      against: { type: 'string' },
    },
  });
  const builds = values.against === undefined ? [DIST] : [resolve(values.against), DIST];
  const columns = builds.flatMap((dist) =>
    Object.entries(CONFIGS).map(([name, config]) => ({ dist, name, config, starts: [] as Figures[] })),
  );
  // One more than counts: the first finds cold files.
  for (let i = 0; i <= Number(values.starts); i++) {
    for (const { dist, config, starts } of columns) {
      const figures = await measureStart(dist, config, Number(values.workers));
      if (i > 0) starts.push(figures);
    }
  }
  for (const { dist, name, starts } of columns) {
    console.log(`\n${name}, ${values.workers} workers, median of ${starts.length} starts (${dist})`);
    for (const row of Object.keys(starts[0] ?? {})) {
      const value = median(starts.map((figures) => figures[row] ?? Number.NaN));
      console.log(`${row.padEnd(44)} ${value.toFixed(0).padStart(6)}`);
    }
  }
}

async function measureStart(dist: string, config: Record<string, unknown>, workers: number): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'ccproxy-start-'));
  const file = join(dir, 'marks');
  writeFileSync(file, '');
  const port = await freePort();
  const beganMs = performance.timeOrigin + performance.now();
  const proxy = spawnProxy({
    dist,
    config,
    workers,
    port,
    env: { NODE_OPTIONS: `--require ${join(__dirname, 'start-marks.js')}`, CCPROXY_START_MARKS: file },
  });
  try {
    const answers = async () => (await request({ url: `http://127.0.0.1:${port}/status` })).status === 200;
    await eventually(answers, { intervalMs: 2, timeoutMs: 30_000, what: 'the first 200' });
    const answeredMs = performance.timeOrigin + performance.now();
    await proxy.lines.waitFor(/listening on/, 10_000);
    const listeningMs = performance.timeOrigin + performance.now();
    return figuresOf(readFileSync(file, 'utf8'), { beganMs, answeredMs, listeningMs });
  } finally {
    await proxy.stop();
    rmSync(dir, { recursive: true });
  }
}

function figuresOf(text: string, times: { beganMs: number; answeredMs: number; listeningMs: number }): Figures {
  const marks = text
    .trim()
    .split('\n')
    .map((line) => {
      const [role, pid, point, value] = line.split(' ');
      return { role, pid, point, value: Number(value) };
    });
  const { beganMs, answeredMs, listeningMs } = times;
  // The worker that is ready first gives the first answer.
  const first = marks.filter(({ role, point }) => role === 'worker' && point === 'ready').at(0)?.pid;
  const supervisor = (point: string) => figure(marks.find((m) => m.role === 'supervisor' && m.point === point));
  const worker = (point: string) => figure(marks.find((m) => m.pid === first && m.point === point));
  return {
    'supervisor: Node itself': supervisor('up') - beganMs,
    'supervisor: loads': supervisor('loaded') - supervisor('up'),
    'supervisor: configuration, address, sandbox': supervisor('forks') - supervisor('loaded'),
    'worker: is forked, Node itself': worker('up') - supervisor('forks'),
    'worker: loads': worker('loaded') - worker('up'),
    'worker: is made, listens': worker('ready') - worker('loaded'),
    'all, to the first 200 of /status': answeredMs - beganMs,
    'all, to "listening" (every worker is ready)': listeningMs - beganMs,
    'supervisor: CPU until a child is ready, ms': supervisor('cpu'),
    'worker: CPU until it is ready, ms': worker('cpu'),
    'supervisor: files loaded': supervisor('files'),
    'worker: files loaded': worker('files'),
  };
}

function figure(mark: { value: number } | undefined): number {
  return mark?.value ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

void main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
