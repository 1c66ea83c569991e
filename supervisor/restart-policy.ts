/** When a worker that ended is replaced. Pure: times come in, a decision comes out. */

export interface RestartPolicy {
  /** First delay; doubles with each failure in a row. The very first failure costs none. */
  baseDelayMs: number;
  maxDelayMs: number;
  /** A worker that served this long is no part of a crash loop: its slot starts anew. */
  stableAfterMs: number;
  /**
   * Replacements in the whole cluster, within the window, beyond which every further one waits the maximal delay: at
   * least so many, and so many for each slot, so that all may end at once.
   */
  budget: number;
  budgetPerSlot: number;
  windowMs: number;
  /** Failed boots in a row, with no worker ever ready, after which the supervisor gives up. */
  maxFailedBoots: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  baseDelayMs: 100,
  maxDelayMs: 30_000,
  stableAfterMs: 10_000,
  budget: 30,
  budgetPerSlot: 3,
  windowMs: 60_000,
  maxFailedBoots: 3,
};

export interface RestartHistory {
  /** Failures in a row of this slot, this one included. */
  failuresInRow: number;
  /** Replacements in the cluster within the window, this one not included. */
  recentRestarts: number;
  /** Workers that are wanted. */
  slots: number;
  /** A worker of this supervisor has been ready at some time. */
  everReady: boolean;
}

export type RestartDecision = { action: 'restart'; delayMs: number; budgetExhausted: boolean } | { action: 'give-up' };

/** @param random 0 ≤ random < 1, for the jitter that keeps slots from restarting in step */
export function decideRestart(policy: RestartPolicy, history: RestartHistory, random: number): RestartDecision {
  if (!history.everReady && history.failuresInRow >= policy.maxFailedBoots) return { action: 'give-up' };
  const jitter = 0.5 + random / 2;
  if (history.recentRestarts >= Math.max(policy.budget, policy.budgetPerSlot * history.slots)) {
    return { action: 'restart', delayMs: policy.maxDelayMs * jitter, budgetExhausted: true };
  }
  if (history.failuresInRow <= 1) return { action: 'restart', delayMs: 0, budgetExhausted: false };
  const delayMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (history.failuresInRow - 2));
  return { action: 'restart', delayMs: delayMs * jitter, budgetExhausted: false };
}
