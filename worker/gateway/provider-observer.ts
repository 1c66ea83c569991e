/** What this worker sees of the providers, between two reports. The supervisor decides what it means. */
import type { ProviderError, ProviderReport } from '../../shared/protocol';

/** `unknown`: the client went away before the provider had answered. */
export type Outcome = 'success' | 'failure' | 'unknown';

export class ProviderObserver {
  readonly #reports = new Map<string, ProviderReport>();
  readonly #onFailure: () => void;

  /** @param onFailure a failure should be reported soon, not only with the next beat */
  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  started(provider: string): void {
    this.#of(provider).inFlight++;
  }

  /** @param code HTTP status or reason, with `failure` */
  ended(provider: string, outcome: Outcome, code = '', message = ''): void {
    const report = this.#of(provider);
    report.inFlight--;
    report.requests++;
    if (outcome === 'success') {
      report.successes++;
      report.trailingErrors = 0;
    }
    if (outcome !== 'failure') return;
    report.errors++;
    report.trailingErrors++;
    report.lastError = { at: new Date().toISOString(), code, message } satisfies ProviderError;
    this.#onFailure();
  }

  /** What happened since the last call. */
  take(): ProviderReport[] {
    const reports = [...this.#reports.values()].map((report) => ({ ...report }));
    for (const report of this.#reports.values()) {
      Object.assign(report, { requests: 0, successes: 0, errors: 0, trailingErrors: 0, lastError: null });
    }
    return reports;
  }

  #of(name: string): ProviderReport {
    let report = this.#reports.get(name);
    if (report === undefined) {
      report = { name, inFlight: 0, requests: 0, successes: 0, errors: 0, trailingErrors: 0, lastError: null };
      this.#reports.set(name, report);
    }
    return report;
  }
}
