/** What this worker knows of the whole: the newest snapshot of the supervisor. It never presents an old one as current. */
import { Buffer } from 'node:buffer';
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
  /** The `/status` document, with room for the highest age; where the age stands in it; and how old it says to be. */
  #documentBytes = Buffer.alloc(0);
  #ageAt = 0;
  #documentAgeMs = -1;
  #document: Uint8Array = this.#documentBytes;

  constructor(identity: WorkerIdentity) {
    this.#servedBy = `,"served_by":{"slot":${identity.slot},"pid":${process.pid}},"snapshot_age_ms":`;
  }

  receive(snapshot: SnapshotMessage): void {
    this.#snapshot = snapshot;
    this.#receivedAt = performance.now();
    this.#unavailable = new Set(snapshot.unavailableProviders);
    const untilAge = snapshot.statusHead + this.#servedBy;
    this.#ageAt = Buffer.byteLength(untilAge);
    this.#documentBytes = Buffer.alloc(this.#ageAt + `${MAX_AGE_MS}}`.length);
    this.#documentBytes.write(untilAge);
    this.#documentAgeMs = -1;
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

  /**
   * The `/status` document, or null when the service drains or there is nothing current to tell. It is valid until it is
   * asked for again: only the age in its end is written anew, once a millisecond.
   */
  statusDocument(): Uint8Array | null {
    const ageMs = Math.round(this.ageMs);
    if (this.#snapshot === null || this.#snapshot.draining || ageMs > MAX_AGE_MS) return null;
    if (ageMs !== this.#documentAgeMs) {
      this.#documentAgeMs = ageMs;
      const end = `${ageMs}}`;
      this.#documentBytes.write(end, this.#ageAt, 'latin1');
      this.#document = this.#documentBytes.subarray(0, this.#ageAt + end.length);
    }
    return this.#document;
  }
}
