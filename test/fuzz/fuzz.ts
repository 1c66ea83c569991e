/** A run of many cases, several at a time. */
import { DIFFERENCES, type Difference } from './differences';
import type { Exchange } from './exchange';
import { generateCase } from './generate';
import { ReferenceServer } from './reference-server';
import { runCase, type Tally } from './run-case';

export interface FuzzOptions {
  seed: number;
  /** Number of the first case. */
  from: number;
  cases: number;
}

export interface FuzzResult {
  cases: number;
  /** What went wrong, with all that is needed to see it again; no more than `SHOWN`. */
  faults: string[];
  /** Kind of answer → how its exchanges ended. */
  ends: Map<string, Record<'answered' | 'failed' | 'aborted', number>>;
  /** Each entry of the table → how often it was needed. */
  differences: Map<Difference, number>;
}

const AT_A_TIME = 32;
const SHOWN = 20;

export async function fuzz({ seed, from, cases }: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    cases: 0,
    faults: [],
    ends: new Map(),
    differences: new Map(DIFFERENCES.map((entry) => [entry, 0])),
  };
  const tally: Tally = {
    exchange: (kind, end) => {
      const ends = result.ends.get(kind) ?? { answered: 0, failed: 0, aborted: 0 };
      ends[end]++;
      result.ends.set(kind, ends);
    },
    difference: (entry) => result.differences.set(entry, (result.differences.get(entry) ?? 0) + 1),
  };
  const server = new ReferenceServer();
  await server.listen();
  let next = from;
  const work = async () => {
    while (next < from + cases && result.faults.length < SHOWN) {
      const index = next++;
      const exchanges = generateCase(seed, index);
      result.cases++;
      await runCase(server, String(index), exchanges, tally).catch((error) => {
        result.faults.push(
          `seed ${seed}, case ${index}: ${error instanceof Error ? error.message : error}\n${shown(exchanges)}`,
        );
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  server.close();
  return result;
}

/** The bytes of a case, as Latin-1 with a bar at every cut. */
function shown(exchanges: readonly Exchange[]): string {
  const lines = exchanges.map(({ method, requestBody, conduct, waitsForServer, answer }) => {
    const pieces = [0, ...answer.cuts].map((from, at) =>
      JSON.stringify(answer.bytes.toString('latin1', from, answer.cuts[at])).slice(1, -1),
    );
    const text = pieces.join('|');
    const wire = text.length < 3_000 ? text : `${text.slice(0, 1_500)} … ${text.slice(-1_500)}`;
    return `  ${method} of ${requestBody.length} bytes, ${conduct}${waitsForServer ? '' : ', at once'}; ${answer.kind}, then ${answer.ending}: ${wire}`;
  });
  return lines.join('\n');
}

export function report({ cases, faults, ends, differences }: FuzzResult): string {
  const kinds = [...ends].sort(([left], [right]) => left.localeCompare(right));
  return [
    ...kinds.map(
      ([kind, { answered, failed, aborted }]) => `${kind}: ${answered} answered, ${failed} failed, ${aborted} aborted`,
    ),
    ...[...differences].map(([{ name, direction }, count]) => `difference: ${name} (${direction}): ${count}`),
    ...faults,
    `${cases} cases, ${faults.length} faults`,
  ].join('\n');
}
