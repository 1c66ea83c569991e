/** What this worker knows of the whole: the newest snapshot of the supervisor. It never presents an old one as current. */
import { performance } from 'node:perf_hooks';
import type { SnapshotMessage, WorkerIdentity } from '../shared/protocol';

/** A snapshot comes at least once a second; beyond this age the supervisor hangs. */
const MAX_AGE_MS = 5000;

export class ClusterView {
  readonly #servedBy: string;
  #snapshot: SnapshotMessage | null = null;
  /** `performance.now()` of its arrival: the receiver's own clock. */
  #receivedAt = 0;
  #unavailable: ReadonlySet<string> = new Set();

  constructor(identity: WorkerIdentity) {
    this.#servedBy = `,"served_by":{"slot":${identity.slot},"pid":${process.pid}},"snapshot_age_ms":`;
  }

  receive(snapshot: SnapshotMessage): void {
    this.#snapshot = snapshot;
    this.#receivedAt = performance.now();
    this.#unavailable = new Set(snapshot.unavailableProviders);
  }

  /** The newest snapshot, or null when there is none that may be called current. */
  get current(): SnapshotMessage | null {
    return this.#snapshot !== null && this.ageMs <= MAX_AGE_MS ? this.#snapshot : null;
  }

  /** The newest snapshot, however old. */
  get latest(): SnapshotMessage | null {
    return this.#snapshot;
  }

  get ageMs(): number {
    return performance.now() - this.#receivedAt;
  }

  isUnavailable(provider: string): boolean {
    return this.#unavailable.has(provider);
  }

  /** The `/status` document, or null when the service drains or there is nothing current to tell. */
  statusDocument(): string | null {
    const snapshot = this.current;
    if (snapshot === null || snapshot.draining) return null;
    return `${snapshot.statusHead}${this.#servedBy}${Math.round(this.ageMs)}}`;
  }
}
