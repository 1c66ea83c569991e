/** Requests one after the other on a few connections, as fast as they are answered: CPU of each, and how many a second. */
import { DELTAS, MARK, SHORT_MARKS, SHORT_MODEL, STREAM_MODEL } from '../../support/bench-answers';
import { about, BASE, type BenchRun } from '../bench-run';
import { ask, type Expected, post } from '../exchange';
import { cpuMicros } from '../measure';
import { longRequest, shortRequest } from '../requests';
import type { Subject } from '../subjects/subject';
import { runWrk } from '../wrk';

interface Case {
  row: string;
  model: string;
  body: (model: string) => string;
  marks: number;
  connections: number;
  /** Of subjects whose code is compiled while it runs. */
  warmUpSeconds: number;
}

const REQUESTS: readonly Case[] = [
  {
    ...{ row: '700 B in, 550 B out', model: SHORT_MODEL, marks: SHORT_MARKS, connections: 8, warmUpSeconds: 5 },
    body: (model) => shortRequest(model, false),
  },
  {
    ...{ row: 'SSE, 100 events at once', model: STREAM_MODEL, marks: DELTAS, connections: 8, warmUpSeconds: 3 },
    body: (model) => shortRequest(model, true),
  },
];

const BODIES: readonly Case[] = [
  {
    ...{ row: '100 KB in, 550 B out', model: SHORT_MODEL, marks: SHORT_MARKS, connections: 8, warmUpSeconds: 3 },
    body: (model) => longRequest(model, 100_000),
  },
  {
    ...{ row: '1 MB in, 550 B out', model: SHORT_MODEL, marks: SHORT_MARKS, connections: 4, warmUpSeconds: 0 },
    body: (model) => longRequest(model, 1_000_000),
  },
];

/**
 * Many short ones: the machine is quiet for a moment only, and the best of all counts. Most are for the two whose ratio
 * matters, one behind the other.
 */
const ROUNDS = 5;
const ROUNDS_OF_OTHERS = 2;
const SECONDS = 1;

export async function measureRequests(run: BenchRun): Promise<void> {
  for (const one of REQUESTS) {
    await measureCase(run, one, run.subjects);
    for (const name of run.missing.keys()) {
      run.results.note(cpuRow(one), name, 'not measured');
      run.results.note(rateRow(one), name, 'not measured');
    }
  }
}

/** Large bodies of requests; not of the peers that take milliseconds for small ones. */
export async function measureBodies(run: BenchRun): Promise<void> {
  const fast = run.subjects.filter(({ slow }) => !slow);
  for (const one of BODIES) await measureCase(run, one, fast);
}

/** Round after round, in each everybody in turn: what disturbs the machine for a while disturbs all. */
async function measureCase(run: BenchRun, one: Case, subjects: readonly Subject[]): Promise<void> {
  const bytes = await about(run.bare.name, one.row, askOnce(run.bare, one, null));
  for (let round = 0; round < ROUNDS; round++) {
    for (const subject of subjects) {
      if (round >= roundsOf(run, subject)) continue;
      await about(subject.name, one.row, measure(run, one, subject, bytes, round === 0));
    }
  }
}

function roundsOf(run: BenchRun, subject: Subject): number {
  if (subject.name === BASE || subject === run.ccproxy) return ROUNDS;
  return subject.slow ? 1 : ROUNDS_OF_OTHERS;
}

async function measure(run: BenchRun, one: Case, subject: Subject, bytes: number, isFirst: boolean): Promise<void> {
  const expected = expectedOf(one, subject.translates ? null : bytes);
  const exchange = post(subject, '/v1/messages', one.body(subject.model(one.model)));
  const { connections, warmUpSeconds } = one;
  await ask(exchange, expected);
  if (isFirst && subject.warmsUp && warmUpSeconds > 0)
    await runWrk(run, exchange, expected, { connections, seconds: warmUpSeconds });
  const pids = subject.pids();
  const before = cpuMicros(pids);
  const { requests, seconds } = await runWrk(run, exchange, expected, { connections, seconds: SECONDS });
  run.results.noteLowest(cpuRow(one), subject.name, (cpuMicros(pids) - before) / requests);
  run.results.noteHighest(rateRow(one), subject.name, requests / seconds);
}

function askOnce(subject: Subject, one: Case, bytes: number | null): Promise<number> {
  return ask(post(subject, '/v1/messages', one.body(subject.model(one.model))), expectedOf(one, bytes));
}

function expectedOf({ marks }: Case, bytes: number | null): Expected {
  return { bytes, text: MARK, times: marks };
}

function cpuRow({ row }: Case) {
  return { table: 'CPU of a request', row, unit: 'µs', base: BASE };
}

function rateRow({ row }: Case) {
  return { table: 'requests a second', row, unit: '1/s', base: BASE };
}
