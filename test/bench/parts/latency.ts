/** How long an answer takes at a rate that everybody bears: requests begin on time, whatever the answers do. */
import { setTimeout as delay } from 'node:timers/promises';
import { MARK, SHORT_MARKS, SHORT_MODEL } from '../../support/bench-answers';
import { PacedLoad } from '../../support/paced-load';
import { requestBytes } from '../../support/raw-client';
import { about, BASE, type BenchRun } from '../bench-run';
import { ask, post } from '../exchange';
import { shortRequest } from '../requests';
import { portOf, type Subject } from '../subjects/subject';

/** The second is beyond what peers bear that take milliseconds for a request. */
const RATES = [
  { perSecond: 100, seconds: 2, slow: true },
  { perSecond: 2000, seconds: 1, slow: false },
] as const;
const CONNECTIONS = 8;
const ROUNDS = 2;

export async function measureLatency(run: BenchRun): Promise<void> {
  for (const { perSecond, seconds, slow } of RATES) {
    for (let round = 0; round < ROUNDS; round++) {
      for (const subject of run.subjects) {
        if (subject.slow && (!slow || round > 0)) continue;
        await about(subject.name, `${perSecond} requests a second`, measure(run, subject, perSecond, seconds));
      }
    }
    for (const name of slow ? run.missing.keys() : []) {
      for (const share of SHARES) run.results.note(rowOf(perSecond, share), name, 'not measured');
    }
  }
}

const SHARES = [0.5, 0.99] as const;

async function measure({ results }: BenchRun, subject: Subject, perSecond: number, seconds: number): Promise<void> {
  const exchange = post(subject, '/v1/messages', shortRequest(subject.model(SHORT_MODEL), false));
  await ask(exchange, { bytes: null, text: MARK, times: SHORT_MARKS });
  const { method, headers, body } = exchange;
  const load = new PacedLoad({
    ...{ host: '127.0.0.1', port: portOf(subject.url), connections: CONNECTIONS, newPerSecond: 0 },
    request: requestBytes(method, '/v1/messages', headers, Buffer.from(body)),
    keptPerSecond: perSecond,
  });
  await delay(seconds * 1000);
  const { kept, fresh, latenciesMs } = await load.stop();
  const [failure] = [...kept.failures, ...fresh.failures];
  if (failure !== undefined) throw new Error(`${failure[1]} requests: ${failure[0]}`);
  const bearsIt = latenciesMs.length > 0.9 * seconds * perSecond;
  for (const share of SHARES) {
    const ms = latenciesMs[Math.floor(share * (latenciesMs.length - 1))];
    if (ms !== undefined && bearsIt) results.noteLowest(rowOf(perSecond, share), subject.name, ms);
    else results.note(rowOf(perSecond, share), subject.name, 'too slow');
  }
}

function rowOf(perSecond: number, share: number) {
  const row = `${perSecond.toLocaleString('en')}/s, p${share * 100}`;
  return { table: 'latency, 700 B in, 550 B out', row, unit: 'ms', base: BASE };
}
