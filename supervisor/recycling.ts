/** Which worker is replaced because it has grown too big or too old. Pure. */

export interface RecyclingLimits {
  maxWorkerMemoryBytes: number | null;
  maxWorkerAgeMs: number | null;
}

export interface WorkerCondition {
  rssBytes: number;
  /** Since it became ready. */
  ageMs: number;
  /** 0 to 1, its own. */
  jitter: number;
}

/** Each worker's limits are lower than the configured ones by up to this share, so that not all are due together. */
const JITTER_SHARE = 0.1;

/**
 * A worker this young is not replaced for its memory: with a limit below what a worker needs, one would follow the
 * other without a pause.
 */
const MIN_AGE_MS = 10_000;

export function recyclingReason(limits: RecyclingLimits, worker: WorkerCondition): 'memory' | 'age' | null {
  const share = 1 - JITTER_SHARE * worker.jitter;
  const { maxWorkerMemoryBytes, maxWorkerAgeMs } = limits;
  if (maxWorkerAgeMs !== null && worker.ageMs > maxWorkerAgeMs * share) return 'age';
  if (maxWorkerMemoryBytes === null || worker.ageMs < MIN_AGE_MS) return null;
  return worker.rssBytes > maxWorkerMemoryBytes * share ? 'memory' : null;
}
