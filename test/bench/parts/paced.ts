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
  /** Of subjects whose code is compiled while it runs: its part for single events has had nothing to do so far. */
  warmUpSeconds: number;
}

const TOKENS: Case = {
  ...{ table: 'SSE, 200 streams (peers of npm: 10), 100 events, one every 10 ms', intervalMs: 10, events: 100 },
  ...{ connections: 200, openPerSecond: 400, rounds: 2, seconds: 2, slowConnections: 10, warmUpSeconds: 3 },
};
const MANY: Case = {
  ...{ table: 'SSE, 1,000 streams, one event every 50 ms', intervalMs: 50, events: 10_000 },
  ...{ connections: 1000, openPerSecond: 1000, rounds: 1, seconds: 3, slowConnections: 0, warmUpSeconds: 0 },
};

/** Streams that begin and end, as fast as tokens come at their fastest. */
export const measurePaced = (run: BenchRun) => measureCase(run, TOKENS);

/** Many that stay, and what one of them occupies. */
export const measureStreams = (run: BenchRun) => measureCase(run, MANY);

async function measureCase(run: BenchRun, one: Case): Promise<void> {
  for (let round = 0; round < one.rounds; round++) {
    for (const subject of run.subjects) {
      if (subject.slow && (round > 0 || one.slowConnections === 0)) continue;
      await about(subject.name, one.table, measure(run, one, subject, round === 0));
    }
  }
  for (const name of one.slowConnections > 0 ? run.missing.keys() : []) {
    for (const row of Object.values(ROWS)) run.results.note({ ...row, table: one.table }, name, 'not measured');
  }
}

const ROWS = {
  cpu: { row: 'CPU of 100 events', unit: 'µs', base: BASE },
  p50: { row: 'an event is late, p50', unit: 'ms', base: BASE },
  p99: { row: 'an event is late, p99', unit: 'ms', base: BASE },
} as const;
const MEMORY = { row: 'memory of a stream', unit: 'KiB', base: BASE };

async function measure({ results }: BenchRun, one: Case, subject: Subject, isFirst: boolean): Promise<void> {
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
    await delay(isFirst && subject.warmsUp ? 500 + 1000 * one.warmUpSeconds : 500);
    await load.mark();
    const before = cpuMicros(pids);
    await delay(one.seconds * 1000);
    const cpu = cpuMicros(pids) - before;
    const mark = await load.mark();
    expectNoFailures(mark);
    if (mark.events === 0) throw new Error('not a single event came');
    const { rssBytes } = memoryOf(pids);
    const due = (connections * one.seconds * 1000) / intervalMs;
    results.noteLowest({ ...ROWS.cpu, table }, subject.name, (100 * cpu) / mark.events);
    const bearsIt = mark.events > 0.9 * due;
    for (const at of ['p50', 'p99'] as const) {
      if (bearsIt) results.noteLowest({ ...ROWS[at], table }, subject.name, mark.lateness[at]);
      else results.note({ ...ROWS[at], table }, subject.name, 'too slow');
    }
    if (one === MANY) results.note({ ...MEMORY, table }, subject.name, (rssBytes - idleBytes) / connections / 1024);
  } finally {
    load.end();
  }
}
