/** Plays one case to both clients and judges it. */

import type { Upstream, UpstreamCall } from '../../worker/upstream/upstream';
import { Random } from '../chaos/random';
import { Asked, type Outcome } from '../support/ask-upstream';
import { createUpstream } from '../support/upstream-subject';
import { deadline } from '../support/wait';
import type { Difference } from './differences';
import type { Exchange } from './exchange';
import { judge } from './judge';
import { askNode } from './node-answer';
import type { Played, ReferenceServer } from './reference-server';

/** Hears of everything that happens in a run. */
export interface Tally {
  exchange(kind: string, end: 'answered' | 'failed' | 'aborted'): void;
  difference(difference: Difference): void;
}

/** Far more than a case takes. */
const HANGS_MS = 20_000;

/** @throws Error which exchange went wrong, and how */
export async function runCase(
  server: ReferenceServer,
  name: string,
  exchanges: readonly Exchange[],
  tally: Tally,
): Promise<void> {
  const upstream = createUpstream({ origin: `http://127.0.0.1:${server.port}`, maxConnections: 1 });
  try {
    let before: Step | null = null;
    for (const [at, exchange] of exchanges.entries()) {
      const step: Step = await deadline(
        runExchange(server, upstream, `/${name}/${at}`, exchange, tally),
        HANGS_MS,
        'hangs',
      ).catch((error) => {
        throw new Error(`exchange ${at} (${exchange.answer.kind}): ${error.message}`);
      });
      const fault = connectionFault(step, before);
      if (fault !== null) throw new Error(`exchange ${at} (${exchange.answer.kind}): ${fault}`);
      before = step;
    }
    const { active, waiting } = upstream.counts();
    if (active !== 0 || waiting !== 0)
      throw new Error(`${active} calls are running and ${waiting} waiting after the last one`);
  } finally {
    upstream.destroy();
  }
}

/** What an exchange did with the connection. */
interface Step {
  exchange: Exchange;
  played: Played;
  outcome: Outcome | 'aborted';
}

async function runExchange(
  server: ReferenceServer,
  upstream: Upstream,
  target: string,
  exchange: Exchange,
  tally: Tally,
): Promise<Step> {
  const { method, requestBody, answer } = exchange;
  const played = server.expect(`${target}/ours`, method, requestBody, answer);
  const playedToNode = server.expect(`${target}/node`, method, requestBody, answer);
  const [ours, node] = await Promise.all([
    askOurs(upstream, `${target}/ours`, exchange),
    askNode(server.port, `${target}/node`, method, requestBody),
  ]);
  if (exchange.waitsForServer || ours.outcome === 'aborted') await untilOver(played);
  await untilOver(playedToNode);
  server.forget(`${target}/ours`);
  server.forget(`${target}/node`);
  const wrong = played.complaint ?? ours.violations[0];
  if (wrong !== undefined && wrong !== null) throw new Error(wrong);
  if (ours.outcome === 'aborted') {
    tally.exchange(answer.kind, 'aborted');
  } else {
    // What is paused, or more than a read, comes together with what follows it.
    const isPaced = exchange.conduct !== 'pauses' && answer.bytes.length < 60_000;
    const difference = judge(answer, isPaced, ours.outcome, node);
    if (difference !== null) tally.difference(difference);
    tally.exchange(answer.kind, ours.outcome.kind === 'answer' ? 'answered' : 'failed');
  }
  return { exchange, played, outcome: ours.outcome };
}

interface Ours {
  outcome: Outcome | 'aborted';
  violations: string[];
}

async function askOurs(upstream: Upstream, target: string, exchange: Exchange): Promise<Ours> {
  const { method, requestBody, conduct } = exchange;
  const headers = { text: 'content-type: application/json\r\n' };
  const request = { target, method, headers, body: partsOf(requestBody) };
  if (conduct === 'plain') {
    const asked = new Asked(upstream, request);
    return { outcome: await asked.outcome, violations: asked.violations };
  }
  // Of the case alone, whatever runs beside it.
  const random = new Random(requestBody.length + exchange.answer.bytes.length);
  if (conduct === 'pauses') {
    const pause = (call: UpstreamCall) => {
      if (random.next() < 0.5) return;
      call.pause();
      void turns(random.between(0, 5)).then(() => call.resume());
    };
    const asked = new Asked(upstream, request, { onHead: pause, onData: pause });
    return { outcome: await asked.outcome, violations: asked.violations };
  }
  return askAndAbort(upstream, request, random);
}

/** As a gateway splices it: one part or several, an empty one among them. */
function partsOf(body: Buffer): Buffer[] {
  const third = Math.floor(body.length / 3);
  return third % 2 === 0 ? [body] : [body.subarray(0, third), Buffer.alloc(0), body.subarray(third)];
}

/** Aborts in `onHead`, in `onData`, or after some turns of the event loop, if the answer has not ended by then. */
async function askAndAbort(
  upstream: Upstream,
  request: ConstructorParameters<typeof Asked>[1],
  random: Random,
): Promise<Ours> {
  const moment = random.pick(['head', 'data', 'turn']);
  let abort: (value: 'aborted') => void = () => {};
  const aborted = new Promise<'aborted'>((resolve) => {
    abort = resolve;
  });
  const go = () => {
    if (asked.isSettled()) return;
    asked.abort();
    abort('aborted');
  };
  const asked: Asked = new Asked(upstream, request, {
    onHead: () => moment === 'head' && go(),
    onData: () => moment === 'data' && go(),
  });
  if (moment === 'turn') void turns(random.between(0, 12)).then(go);
  const outcome = await Promise.race([asked.outcome, aborted]);
  return { outcome, violations: asked.violations };
}

async function untilOver(played: Played): Promise<void> {
  // A request that was aborted early may never arrive.
  for (let left = 5; left > 0 && played.connections.length === 0; left--) await turns(1);
  while (played.connections.length > 0 && !played.isOver) await turns(1);
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}

/** How the requests were spread over connections. */
function connectionFault({ exchange, played, outcome }: Step, before: Step | null): string | null {
  const [first, ...more] = played.connections;
  if (first === undefined) return outcome === 'aborted' ? null : 'the request never arrived';
  const last = before?.played.connections.at(-1);
  const isReused = first === last;
  if (before !== null && last !== undefined) {
    const { answer } = before.exchange;
    const isWhole = before.outcome !== 'aborted' && before.outcome.kind === 'answer';
    if (isReused && (!isWhole || answer.meaning?.isPersistent === false))
      return 'sent on a connection that had to be given up';
    if (!isReused && isWhole && answer.meaning?.isPersistent === true && answer.ending === 'keep')
      return 'sent on a new connection, and the kept one was good';
  }
  // Whatever came of the answer, the request may have been acted on.
  const mayRetry = isReused && exchange.answer.bytes.length === 0;
  if (outcome === 'aborted') return more.length === 0 || mayRetry ? null : 'sent twice';
  if (more.length !== (mayRetry ? 1 : 0))
    return `sent ${more.length + 1} times${isReused ? ', first on a kept connection' : ''}`;
  return null;
}
