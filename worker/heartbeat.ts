/** The once-a-second sign of life, and what it says of the process itself. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const BEAT_MS = 1000;
const RESOLUTION_MS = 20;

export class Heartbeat {
  readonly #beat: (eventLoopLagMs: number) => void;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #timer: NodeJS.Timeout | null = null;

  /** @param beat gets the mean delay of the event loop since the last beat, in milliseconds */
  constructor(beat: (eventLoopLagMs: number) => void) {
    this.#beat = beat;
  }

  get running(): boolean {
    return this.#timer !== null;
  }

  start(): void {
    this.#delay.enable();
    this.#beat(0);
    this.#timer = setInterval(() => {
      // The histogram counts the sampling interval itself.
      const lagMs = Math.max(0, this.#delay.mean / 1e6 - RESOLUTION_MS);
      this.#delay.reset();
      this.#beat(Number.isFinite(lagMs) ? Math.round(lagMs * 100) / 100 : 0);
    }, BEAT_MS);
  }
}
