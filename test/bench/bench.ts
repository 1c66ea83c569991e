/**
 * CCProxy beside nginx, HAProxy, a bare uWebSockets.js handler and the gateways of npm, all in one run: `npm run bench --
 * [--json FILE] [--only PART,…]`. CPU is that of all processes of a proxy; it is stable where requests a second are not,
 * as load and far end share the machine. What is missing is installed, every answer is looked at, and the run fails
 * when one is wrong. Everything is on the loopback address, and nothing is left running, however the run ends.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { forkBenchProvider } from '../support/bench-provider';
import type { BenchRun } from './bench-run';
import { ensurePeers, ensurePrograms } from './install';
import { watchSteal } from './measure';
import { measureLatency } from './parts/latency';
import { noteMemory } from './parts/memory';
import { measurePaced, measureStreams } from './parts/paced';
import { measureBodies, measureRequests } from './parts/requests';
import { measureStatus } from './parts/status';
import { measureTranslation } from './parts/translation';
import { Reaper } from './reaper';
import { Results, rowsAsJson, tables } from './results';
import { bareHandler } from './subjects/bare';
import { startCcproxy, startPlainCcproxy } from './subjects/ccproxy';
import { startClaudeCodeRouter } from './subjects/claude-code-router';
import { startHaproxy } from './subjects/haproxy';
import { startNginx } from './subjects/nginx';
import { startPortkey } from './subjects/portkey';
import type { Subject, Surroundings } from './subjects/subject';

const PARTS = {
  bodies: measureBodies,
  requests: measureRequests,
  latency: measureLatency,
  paced: measurePaced,
  streams: measureStreams,
  status: measureStatus,
  translation: measureTranslation,
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'string', default: 'bench-results.json' }, only: { type: 'string' } },
  });
  const parts = chosenParts(values.only);
  await ensurePrograms(['wrk', 'nginx', 'haproxy']);
  const reaper = new Reaper();
  try {
    const peers = await modulesOfPeers(reaper);
    const run = await start(reaper, peers);
    noteMemory(run, 'at the start');
    const startedMs = performance.now();
    const stolen = watchSteal();
    for (const part of parts) {
      const beganMs = performance.now();
      await PARTS[part](run);
      console.log(`${part}: ${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    console.log(`all of it: ${seconds} s; the host took ${(100 * stolen()).toFixed(1)}% of the processors' time away`);
    noteMemory(run, 'at the end');
    for (const subject of run.subjects) await subject.stop();
    run.provider.stop();
    console.log(`\n${tables(run.results.rows)}`);
    for (const [name, reason] of run.missing) console.log(`${name}: not measured: ${reason}`);
    writeFileSync(values.json, `${JSON.stringify(documentOf(run), null, 2)}\n`);
    console.log(`\nwritten to ${values.json}`);
  } finally {
    await reaper.finish();
  }
}

function chosenParts(only: string | undefined): (keyof typeof PARTS)[] {
  const known = Object.keys(PARTS) as (keyof typeof PARTS)[]; // Of an object that has no others.
  if (only === undefined) return known;
  for (const name of only.split(',')) {
    if (!(name in PARTS)) throw new Error(`--only ${name}: expected some of ${known.join(', ')}`);
  }
  return known.filter((name) => only.split(',').includes(name));
}

/** Their `node_modules`, or why there are none. */
async function modulesOfPeers(reaper: Reaper): Promise<string | Error> {
  return ensurePeers(reaper).catch(errorOf);
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Everything that is measured, in the order of the columns. */
async function start(reaper: Reaper, peers: string | Error): Promise<BenchRun> {
  const provider = await forkBenchProvider();
  const surroundings: Surroundings = { provider, reaper };
  const missing = new Map<string, string>();
  const bare = bareHandler(surroundings);
  const ccproxy = await startCcproxy(surroundings);
  const subjects: Subject[] = [await startNginx(surroundings), ccproxy, await startPlainCcproxy(surroundings)];
  subjects.push(await startHaproxy(surroundings), bare);
  for (const [name, startOne] of [
    ['portkey', startPortkey],
    ['cc-router', startClaudeCodeRouter],
  ] as const) {
    const started = typeof peers === 'string' ? await startOne(surroundings, peers).catch(errorOf) : peers;
    if (started instanceof Error) missing.set(name, started.message);
    else subjects.push(started);
  }
  return { reaper, dir: reaper.directory(), provider, subjects, bare, ccproxy, missing, results: new Results() };
}

function documentOf({ results, missing }: BenchRun): object {
  return {
    at: new Date().toISOString(),
    machine: {
      cores: availableParallelism(),
      cpu: cpus()[0]?.model ?? 'unknown',
      kernel: release(),
      node: process.versions.node,
    },
    not_measured: Object.fromEntries(missing),
    rows: rowsAsJson(results.rows),
  };
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
