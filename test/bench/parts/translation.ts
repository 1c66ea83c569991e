/** What a translation costs beside a passthrough: CPU of CCProxy, everything on, for each pair of dialects. */
import { DELTAS, MARK, STREAM_MODEL } from '../../support/bench-answers';
import { about, type BenchRun } from '../bench-run';
import { ask, post } from '../exchange';
import { cpuMicros } from '../measure';
import { longRequest, shortRequest } from '../requests';
import { runWrk } from '../wrk';

const MESSAGES = '/v1/messages';
const CHAT = '/v1/chat/completions';

/** Columns: the client's dialect, the provider's, and who of the configuration that is. */
const PAIRS = [
  { pair: 'ant → ant', path: MESSAGES, provider: 'a', long: true },
  { pair: 'ant → openai', path: MESSAGES, provider: 'o', long: true },
  { pair: 'ant → gemini', path: MESSAGES, provider: 'g', long: true },
  { pair: 'openai → openai', path: CHAT, provider: 'o', long: false },
  { pair: 'openai → ant', path: CHAT, provider: 'a', long: false },
  { pair: 'openai → gemini', path: CHAT, provider: 'g', long: false },
] as const;

const ROUNDS = 2;
const SECONDS = 1;
const CONNECTIONS = 8;

export async function measureTranslation(run: BenchRun): Promise<void> {
  for (const kind of ['SSE, 100 events', '100 KB in, 2 KB out'] as const) {
    const isStream = kind === 'SSE, 100 events';
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of PAIRS) {
        if (!isStream && !one.long) continue;
        const model = `${one.provider},${STREAM_MODEL}`;
        const body = isStream ? shortRequest(model, true) : longRequest(model, 100_000);
        await about(one.pair, kind, measure(run, one, kind, body, isStream && round === 0));
      }
    }
  }
}

type Pair = (typeof PAIRS)[number];

async function measure(run: BenchRun, { pair, path }: Pair, row: string, body: string, isCold: boolean) {
  const { ccproxy, results } = run;
  const exchange = post(ccproxy, path, body);
  const expected = { bytes: null, text: MARK, times: DELTAS };
  await ask(exchange, expected);
  if (isCold) await runWrk(run, exchange, expected, { connections: CONNECTIONS, seconds: 1 });
  const pids = ccproxy.pids();
  const before = cpuMicros(pids);
  const { requests } = await runWrk(run, exchange, expected, { connections: CONNECTIONS, seconds: SECONDS });
  const name = { table: 'CPU of a translation, CCProxy', row, unit: 'µs', base: PAIRS[0].pair };
  results.noteLowest(name, pair, (cpuMicros(pids) - before) / requests);
}
