/** The operator's page, beside a bare uWebSockets.js handler that answers a constant of the same size. */
import { about, type BenchRun } from '../bench-run';
import { ask, type Exchange, type Expected } from '../exchange';
import { cpuMicros } from '../measure';
import type { Subject } from '../subjects/subject';
import { runWrk } from '../wrk';

const WARM_UP_SECONDS = 2;
const ROUNDS = 4;
const SECONDS = 1;
const CONNECTIONS = 8;

export async function measureStatus(run: BenchRun): Promise<void> {
  const { bare, ccproxy } = run;
  const get = (subject: Subject, path: string): Exchange => ({
    ...{ method: 'GET', url: subject.url + path, headers: subject.headers, body: '' },
  });
  const page = get(ccproxy, '/status');
  // The load generator searches each page, and with a letter that stands in it often it would be what is measured.
  const isPage: Expected = { bytes: null, text: 'CCProxy', times: 1 };
  const bytes = await about(ccproxy.name, '/status', ask(page, isPage));
  const constant = get(bare, `/constant/${bytes}`);
  const isConstant: Expected = { bytes, text: 'x', times: bytes };
  await about(bare.name, '/constant', ask(constant, isConstant));
  await about(
    ccproxy.name,
    '/status',
    runWrk(run, page, isPage, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS }),
  );
  for (let round = 0; round < ROUNDS; round++) {
    await about(ccproxy.name, '/status', measure(run, ccproxy, page, isPage, bytes));
    await about(bare.name, '/constant', measure(run, bare, constant, isConstant, bytes));
  }
}

async function measure(run: BenchRun, subject: Subject, exchange: Exchange, expected: Expected, bytes: number) {
  const pids = subject.pids();
  const before = cpuMicros(pids);
  const { requests, seconds } = await runWrk(run, exchange, expected, { connections: CONNECTIONS, seconds: SECONDS });
  const name = { table: `/status, ${bytes} bytes`, base: run.bare.name };
  const { results } = run;
  results.noteHighest({ ...name, row: 'requests a second', unit: '1/s' }, subject.name, requests / seconds);
  results.noteLowest(
    { ...name, row: 'CPU of a request', unit: 'µs' },
    subject.name,
    (cpuMicros(pids) - before) / requests,
  );
}
