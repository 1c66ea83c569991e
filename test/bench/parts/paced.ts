/** Streams whose events come one by one, as tokens do: CPU of an event, how late events come, memory of a stream. */
import { setTimeout as delay } from 'node:timers/promises';
import { pacedModel } from '../../support/bench-answers';
import { eventually } from '../../support/wait';
import { about, BASE, type BenchRun } from '../bench-run';
import { post } from '../exchange';
import { cpuMicros, memoryOf } from '../measure';
import { shortRequest } from '../requests';
import { expectNoFailures, StreamLoad, type StreamLoadOptions } from '../stream-load';
import type { Subject } from '../subjects/subject';

/** Streams of few events are measured with their beginnings and ends, those of many are always in their middle. */
interface Case extends Omit<StreamLoadOptions, 'repeat'> {
  table: string;
  intervalMs: number;
  rounds: number;
  seconds: number;
  /** Peers that take milliseconds for a request get so many streams, or none. */
  slowConnections: number;
}

const CASES: readonly Case[] = [
  {
    ...{ table: 'SSE, 200 streams, 100 events, one every 10 ms', intervalMs: 10, events: 100 },
    ...{ connections: 200, openPerSecond: 400, rounds: 2, seconds: 2.5, slowConnections: 10 },
  },
  {
    ...{ table: 'SSE, 1,000 streams, one event every 50 ms', intervalMs: 50, events: 10_000 },
    ...{ connections: 1000, openPerSecond: 1000, rounds: 1, seconds: 4, slowConnections: 0 },
  },
];

export async function measurePaced(run: BenchRun): Promise<void> {
  for (const one of CASES) {
    for (let round = 0; round < one.rounds; round++) {
      for (const subject of run.subjects) {
        if (subject.slow && (round > 0 || one.slowConnections === 0)) continue;
        await about(subject.name, one.table, measure(run, one, subject));
      }
    }
    if (one.slowConnections === 0) continue;
    for (const name of run.missing.keys()) {
      for (const row of Object.values(ROWS)) run.results.note({ ...row, table: one.table }, name, 'not measured');
    }
  }
}

const ROWS = {
  cpu: { row: 'CPU of 100 events', unit: 'µs', base: BASE },
  p50: { row: 'an event is late, p50', unit: 'ms', base: BASE },
  p99: { row: 'an event is late, p99', unit: 'ms', base: BASE },
} as const;
const MEMORY = { row: 'memory of a stream', unit: 'KiB', base: BASE };

async function measure({ results }: BenchRun, one: Case, subject: Subject): Promise<void> {
  const { table, intervalMs, events, openPerSecond } = one;
  const connections = subject.slow ? one.slowConnections : one.connections;
  const body = shortRequest(subject.model(pacedModel(intervalMs, events)), true);
  const pids = subject.pids();
  const { rssBytes: idleBytes } = memoryOf(pids);
  const load = new StreamLoad(post(subject, '/v1/messages', body), {
    connections,
    openPerSecond,
    events,
    repeat: true,
  });
  try {
    // Those between two streams are not open.
    const areOpen = async () => (await load.mark()).open >= 0.9 * connections;
    await eventually(areOpen, { timeoutMs: 20_000, intervalMs: 100, what: `${connections} open streams` });
    await delay(500);
    await load.mark();
    const before = cpuMicros(pids);
    await delay(one.seconds * 1000);
    const cpu = cpuMicros(pids) - before;
    const mark = await load.mark();
    expectNoFailures(mark);
    const { rssBytes } = memoryOf(pids);
    const due = (connections * one.seconds * 1000) / intervalMs;
    if (mark.events < 0.5 * due) throw new Error(`${mark.events} events came, ${due} were due`);
    results.noteLowest({ ...ROWS.cpu, table }, subject.name, (100 * cpu) / mark.events);
    results.noteLowest({ ...ROWS.p50, table }, subject.name, mark.lateness.p50);
    results.noteLowest({ ...ROWS.p99, table }, subject.name, mark.lateness.p99);
    if (connections < 1000) return;
    results.note({ ...MEMORY, table }, subject.name, (rssBytes - idleBytes) / connections / 1024);
  } finally {
    load.end();
  }
}
