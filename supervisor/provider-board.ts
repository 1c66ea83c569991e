/**
 * The state of every provider, for the whole cluster. Workers report what they see; what it means is decided here, by
 * rules over plain data.
 */
import type { Config, Provider } from '../shared/config/config';
import type { ProviderError, ProviderReport } from '../shared/protocol';

export type ProviderState = 'active' | 'degraded' | 'unavailable' | 'disabled';

export interface ProviderView {
  name: string;
  dialect: string;
  state: ProviderState;
  /** In words, empty when there is nothing to say. */
  reason: string;
  in_flight: number;
  requests: number;
  errors: number;
  last_error: ProviderError | null;
}

/** Failures in a row, in the whole cluster, that make a provider unavailable. */
const UNAVAILABLE_AFTER = 3;
/** Without news for this long an unavailable provider is worth another try. */
const TRY_AGAIN_AFTER_MS = 15_000;

interface Entry {
  provider: Provider;
  /** Of a configuration that is not in force yet: some workers have it already, and nobody is told. */
  expected: boolean;
  /** By worker incarnation. */
  inFlight: Map<number, number>;
  requests: number;
  errors: number;
  failuresInRow: number;
  lastFailureMs: number;
  lastError: ProviderError | null;
}

const NO_NEWS = { expected: false, requests: 0, errors: 0, failuresInRow: 0, lastFailureMs: 0, lastError: null };

export class ProviderBoard {
  #entries: Entry[] = [];

  constructor(config: Config) {
    this.configure(config);
  }

  /** Takes the providers of a configuration. One that was there before, under its name, keeps its figures. */
  configure(config: Config): void {
    const before = new Map(this.#entries.map((entry) => [entry.provider.name, entry]));
    this.#entries = config.providers.map((provider) => {
      const known = before.get(provider.name);
      if (known === undefined) return { provider, ...NO_NEWS, inFlight: new Map() };
      // Failures at an address that is no longer its own say nothing.
      return {
        ...known,
        provider,
        expected: false,
        ...(known.provider.baseUrl !== provider.baseUrl && { failuresInRow: 0 }),
      };
    });
  }

  /** Takes reports on the providers of a configuration that comes, too; `configure` says whether it came. */
  expect(config: Config): void {
    for (const provider of config.providers) {
      if (this.#entries.some((entry) => entry.provider.name === provider.name)) continue;
      this.#entries.push({ provider, ...NO_NEWS, expected: true, inFlight: new Map() });
    }
  }

  /** Takes a worker's report in. @param nowMs monotonic */
  report(incarnation: number, reports: readonly ProviderReport[], nowMs: number): void {
    for (const report of reports) {
      const entry = this.#entries.find((candidate) => candidate.provider.name === report.name);
      if (entry === undefined) continue;
      entry.inFlight.set(incarnation, report.inFlight);
      entry.requests += report.requests;
      entry.errors += report.errors;
      if (report.lastError !== null) entry.lastError = report.lastError;
      if (report.errors > 0) entry.lastFailureMs = nowMs;
      // A success anywhere in the report ends the row that went before; nothing at all leaves it as it is.
      if (report.successes > 0) entry.failuresInRow = report.trailingErrors;
      else entry.failuresInRow += report.errors;
    }
  }

  /** A worker ended: what it had in flight is gone. */
  forget(incarnation: number): void {
    for (const entry of this.#entries) entry.inFlight.delete(incarnation);
  }

  /** In configuration order. @param nowMs monotonic */
  view(nowMs: number): ProviderView[] {
    const inForce = this.#entries.filter((entry) => !entry.expected);
    return inForce.map((entry) => {
      const { state, reason } = judge(entry, nowMs);
      return {
        name: entry.provider.name,
        dialect: entry.provider.dialect,
        state,
        reason,
        in_flight: [...entry.inFlight.values()].reduce((sum, count) => sum + count, 0),
        requests: entry.requests,
        errors: entry.errors,
        last_error: entry.lastError,
      };
    });
  }
}

function judge(entry: Entry, nowMs: number): { state: ProviderState; reason: string } {
  const { failuresInRow } = entry;
  if (!entry.provider.enabled) return { state: 'disabled', reason: 'disabled in the configuration' };
  if (failuresInRow === 0) return { state: 'active', reason: '' };
  const reason = `the last ${failuresInRow === 1 ? 'request' : `${failuresInRow} requests`} failed`;
  if (failuresInRow < UNAVAILABLE_AFTER) return { state: 'degraded', reason };
  if (nowMs - entry.lastFailureMs < TRY_AGAIN_AFTER_MS) return { state: 'unavailable', reason };
  return { state: 'degraded', reason: `${reason}; worth another try` };
}
