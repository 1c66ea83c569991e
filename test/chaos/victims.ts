/** Which workers were made to die, when and how: the only ones whose connections may break. */
import { isAlive } from '../support/processes';
import { eventually } from '../support/wait';

interface Victim {
  how: string;
  /** `performance.now()` of the deed. */
  fromMs: number;
  /** Of the end of the process; null as long as it lives. */
  deadMs: number | null;
}

/** A hung worker is killed after 5 to 6 s. */
const END_TIMEOUT_MS = 15_000;
/** What a client may still see of a process that is gone. */
const AFTERMATH_MS = 1000;

export class Victims {
  readonly #byPid = new Map<number, Victim>();
  /** `performance.now()` up to which nobody at all may have listened. */
  #nobodyUntilMs = Number.NEGATIVE_INFINITY;
  /** `performance.now()` up to which a listener may have been closed by a planned change. */
  #listenerClosedUntilMs = Number.NEGATIVE_INFINITY;

  /** To be called just before the deed. Resolves when the process is gone. */
  async doom(pid: number, how: string, deed: () => void): Promise<void> {
    const victim: Victim = { how, fromMs: performance.now(), deadMs: null };
    this.#byPid.set(pid, victim);
    deed();
    await eventually(() => !isAlive(pid), { timeoutMs: END_TIMEOUT_MS, what: `the end of ${pid} (${how})` });
    victim.deadMs = performance.now();
  }

  /** Every worker was killed: until the first replacement listens, connections are refused. Resolves when it does. */
  async nobody(listens: () => Promise<unknown>): Promise<void> {
    this.#nobodyUntilMs = Number.POSITIVE_INFINITY;
    await eventually(listens, { timeoutMs: END_TIMEOUT_MS, what: 'a worker that listens' });
    this.#nobodyUntilMs = performance.now();
  }

  /** Workers are being replaced: their listeners close. */
  planned(): void {
    this.#listenerClosedUntilMs = performance.now() + AFTERMATH_MS;
  }

  /**
   * Why a request may have failed, or null.
   * @param pid the worker that had accepted the connection; null while nobody is known to have
   */
  explain(pid: number | null, beganMs: number, failedMs: number): string | null {
    if (pid !== null) {
      const victim = this.#byPid.get(pid);
      return victim !== undefined && failedMs >= victim.fromMs ? `lost: its worker was ${victim.how}` : null;
    }
    for (const { how, fromMs, deadMs } of [...this.#byPid.values()].reverse()) {
      if (failedMs >= fromMs && (deadMs === null || beganMs <= deadMs + AFTERMATH_MS)) {
        return `lost in the accept queue of a worker that was ${how}`;
      }
    }
    if (beganMs <= this.#nobodyUntilMs) return 'refused while every worker was dead';
    return beganMs <= this.#listenerClosedUntilMs ? 'reset with the listener of a replaced worker' : null;
  }
}
