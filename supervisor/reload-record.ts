/** What is told of reloads: the last one, and how many of each result there were. */
import type { ReloadResult } from '../shared/metrics';
import type { ReloadView } from './status-board';

export class ReloadRecord {
  readonly #counts: Partial<Record<ReloadResult, number>> = {};
  #view: ReloadView = { inProgress: false, lastResult: null, lastAt: null, lastError: null };

  get view(): ReloadView {
    return this.#view;
  }

  get counts(): Readonly<Partial<Record<ReloadResult, number>>> {
    return this.#counts;
  }

  begin(): void {
    this.#view = { ...this.#view, inProgress: true };
  }

  /** @param error why it failed, or null */
  end(error: string | null): void {
    const result = error === null ? 'success' : 'failure';
    this.#counts[result] = (this.#counts[result] ?? 0) + 1;
    this.#view = { inProgress: false, lastResult: result, lastAt: new Date().toISOString(), lastError: error };
  }
}
