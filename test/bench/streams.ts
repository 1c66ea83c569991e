/**
 * Very many slow streams at once: `node dist/test/bench/streams.js [--streams 5000] [--rate 20] [--seconds 60]
 * [--workers 1]`. So many streams with that many events a second each, all of them open for that long, first straight
 * from the far end, which shows how exact far end and load themselves are, then through CCProxy with everything on.
 * Every event is counted, and how late it came by the far end's schedule. Exit 1 when one is lost.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pacedModel } from '../support/bench-answers';
import { forkBenchProvider } from '../support/bench-provider';
import { eventually } from '../support/wait';
import { post } from './exchange';
import { cpuMicros, memoryOf, watchSteal } from './measure';
import { Reaper } from './reaper';
import { shortRequest } from './requests';
import { type Mark, StreamLoad } from './stream-load';
import { bareHandler } from './subjects/bare';
import { startCcproxy } from './subjects/ccproxy';
import type { Subject, Surroundings } from './subjects/subject';

const OPEN_PER_SECOND = 1000;
/** How often memory is looked at under full load. */
const SAMPLES = 6;
/** Sockets are on both sides of a proxy; beside them there is little. */
const OTHER_FILES = 200;
const RAMP_LIMIT_MS = 20_000;
/** Behind its schedule a stream may be that long at its end before it is given up. */
const LAG_LIMIT_MS = 60_000;

interface Wanted {
  streams: number;
  /** Events of a stream in a second. */
  rate: number;
  seconds: number;
}

interface Report {
  /** Under full load. */
  atFullLoad: Mark;
  eventsLost: number;
  failures: Mark['failures'];
  /** Under full load, of a core. */
  cpuShares: { subject: number; farEnd: number; load: number };
  /** Under full load, of all processors. */
  stolenShare: number;
  /** Before the load, and at moments of full load. */
  rssBefore: number;
  rss: number[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      streams: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '60' },
      workers: { type: 'string', default: '1' },
    },
  });
  const wanted = { streams: Number(values.streams), rate: Number(values.rate), seconds: Number(values.seconds) };
  checkOpenFiles(2 * wanted.streams + OTHER_FILES);
  const reaper = new Reaper();
  try {
    const surroundings: Surroundings = { provider: await forkBenchProvider(), reaper };
    console.log(
      `${wanted.streams} streams, ${wanted.rate} events a second each, ${wanted.seconds} s with all of them open`,
    );
    const direct = await measure(surroundings, bareHandler(surroundings), wanted);
    print('straight from the far end', wanted, direct);
    const ccproxy = await startCcproxy(surroundings, Number(values.workers));
    // What a worker needs once, its compiled code for one, is not the streams'.
    await measure(surroundings, workersOnly(ccproxy), { streams: 200, rate: 20, seconds: 1 });
    const through = await measure(surroundings, workersOnly(ccproxy), wanted);
    print(`through CCProxy, ${values.workers} worker(s)`, wanted, through);
    await ccproxy.stop();
    surroundings.provider.stop();
    return direct.eventsLost + through.eventsLost === 0 ? 0 : 1;
  } finally {
    await reaper.finish();
  }
}

/** Node has raised the soft limit to the hard one, for itself and for what it starts. */
function checkOpenFiles(needed: number): void {
  const [, hard] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  if (Number(hard) < needed)
    throw new Error(`a process may open ${hard} files, ${needed} are needed: ulimit -Hn ${needed}`);
}

/** The supervisor takes no part in a stream. */
function workersOnly(subject: Subject): Subject {
  return { ...subject, pids: () => subject.pids().slice(1) };
}

async function measure({ provider }: Surroundings, subject: Subject, wanted: Wanted): Promise<Report> {
  const { streams, rate, seconds } = wanted;
  const rampSeconds = streams / OPEN_PER_SECOND;
  // Nobody's stream ends before the last one has been open for long enough.
  const events = Math.ceil(rate * (seconds + rampSeconds + 3));
  const body = shortRequest(subject.model(pacedModel(Math.round(1000 / rate), events)), true);
  const pids = subject.pids();
  const rssBefore = memoryOf(pids).rssBytes;
  const options = { connections: streams, openPerSecond: OPEN_PER_SECOND, events, repeat: false };
  const load = new StreamLoad(post(subject, '/v1/messages', body), options);
  try {
    let early = 0;
    const areOpen = async () => {
      const { events: more, open, failures } = await load.mark();
      early += more;
      return open === streams || failures.length > 0;
    };
    await eventually(areOpen, { timeoutMs: rampSeconds * 1000 + RAMP_LIMIT_MS, intervalMs: 100, what: 'all streams' });
    const cpu = () => [pids, [provider.pid], [load.pid]].map(cpuMicros);
    const before = cpu();
    const stolen = watchSteal();
    const rss: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      await delay((seconds * 1000) / SAMPLES);
      rss.push(memoryOf(pids).rssBytes);
    }
    const [subjectShare = 0, farEnd = 0, loadShare = 0] = cpu().map(
      (now, i) => (now - (before[i] ?? 0)) / 1e6 / seconds,
    );
    const stolenShare = stolen();
    const atFullLoad = await load.mark();
    const rest = await load.stop(rampSeconds * 1000 + LAG_LIMIT_MS);
    return {
      atFullLoad,
      eventsLost: streams * events - early - atFullLoad.events - rest.events,
      failures: rest.failures,
      cpuShares: { subject: subjectShare, farEnd, load: loadShare },
      stolenShare,
      rssBefore,
      rss,
    };
  } finally {
    load.end();
  }
}

function print(title: string, { streams, rate, seconds }: Wanted, report: Report): void {
  const { atFullLoad, eventsLost, failures, cpuShares, stolenShare, rssBefore, rss } = report;
  const { p50, p99, max } = atFullLoad.lateness;
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const mean = rss.reduce((sum, one) => sum + one, 0) / rss.length;
  const cores = Object.entries(cpuShares).map(([name, share]) => `${name} ${(100 * share).toFixed(0)}%`);
  console.log(
    [
      '',
      title,
      `  open at full load           ${atFullLoad.open} streams, ${Math.round(atFullLoad.events / seconds)} of ${streams * rate} events a second`,
      `  lateness p50, p99, highest  ${[p50, p99, max].map((ms) => ms.toFixed(1)).join(', ')} ms`,
      `  events lost                 ${eventsLost}`,
      ...failures.map(([reason, count]) => `  failed                      ${count}: ${reason}`),
      `  CPU                         ${cores.join(', ')} of a core; taken away by the host: ${(100 * stolenShare).toFixed(1)}% of all`,
      `  memory before               ${mib(rssBefore)} MiB`,
      `  memory at full load         ${rss.map(mib).join(', ')} MiB`,
      `  memory of a stream          ${((mean - rssBefore) / streams / 1024).toFixed(1)} KiB`,
    ].join('\n'),
  );
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
