/** A bounded load: a number of clients, each of which makes one request after the other. */

export interface LoadTurn {
  /** From 0. */
  client: number;
  /** Of this client, from 0. */
  turn: number;
  /** Aborted by `until`; for requests that would never end by themselves. */
  signal: AbortSignal;
}

export interface LoadOptions<T> {
  clients: number;
  /** How many each client makes; without it `until` ends the load. */
  requestsEach?: number;
  /** Clients begin no more requests once it is settled; those in flight are finished. */
  until?: Promise<unknown>;
  /** One request. What it throws is a failure. */
  requestFn: (turn: LoadTurn) => Promise<T>;
  /** Stops at the first failure. Default false. */
  stopAtFailure?: boolean;
}

export interface LoadOutcome<T> {
  client: number;
  turn: number;
  latencyMs: number;
  /** When it ended, `performance.now()`. */
  endedAt: number;
  result?: T;
  error?: unknown;
}

export interface LoadReport<T> {
  outcomes: LoadOutcome<T>[];
  /** Results of those that did not throw. */
  results: T[];
  failures: LoadOutcome<T>[];
  elapsedMs: number;
  /** Latency below which that share of the successes was, e.g. 0.99. */
  percentileMs(share: number): number;
  /** Failures by message, with counts: for the message of an assertion. */
  failureSummary(): string;
}

/** Runs the load and collects every outcome. Never rejects because of a request. */
export async function runLoad<T>(options: LoadOptions<T>): Promise<LoadReport<T>> {
  const { clients, requestsEach = Number.POSITIVE_INFINITY, until, requestFn, stopAtFailure = false } = options;
  if (requestsEach === Number.POSITIVE_INFINITY && until === undefined) throw new Error('this load would never end');
  const stop = new AbortController();
  const end = () => stop.abort();
  until?.then(end, end);

  const outcomes: LoadOutcome<T>[] = [];
  const startedAt = performance.now();
  const runClient = async (client: number): Promise<void> => {
    for (let turn = 0; turn < requestsEach && !stop.signal.aborted; turn++) {
      const began = performance.now();
      const outcome: LoadOutcome<T> = { client, turn, latencyMs: 0, endedAt: 0 };
      try {
        outcome.result = await requestFn({ client, turn, signal: stop.signal });
      } catch (error) {
        outcome.error = error ?? new Error('failed without a reason');
        if (stopAtFailure) stop.abort();
      }
      outcome.endedAt = performance.now();
      outcome.latencyMs = outcome.endedAt - began;
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));

  const failures = outcomes.filter((outcome) => outcome.error !== undefined);
  const successes = outcomes.filter((outcome) => outcome.error === undefined);
  return {
    outcomes,
    failures,
    results: successes.map((outcome) => outcome.result as T), // It did not throw, so it has one.
    elapsedMs: performance.now() - startedAt,
    percentileMs: (share) => {
      const sorted = successes.map((outcome) => outcome.latencyMs).toSorted((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    },
    failureSummary: () => summary(failures.map(({ error }) => describe(error))),
  };
}

function summary(messages: string[]): string {
  const counts = new Map<string, number>();
  for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1);
  return Array.from(counts, ([message, count]) => `${count} × ${message}`).join('\n');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
