/** How late events came, counted by tens of microseconds up to 10 s: millions of them take no more memory than one. */
const BIN_MICROS = 10;
const BINS = 1_000_000;

/** Milliseconds. NaN when nothing was counted. */
export interface Lateness {
  p50: number;
  p99: number;
  max: number;
}

export class LatenessCounts {
  readonly #bins = new Uint32Array(BINS);
  #count = 0;
  #maxMicros = 0;

  add(micros: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(micros / BIN_MICROS)));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count++;
    if (micros > this.#maxMicros) this.#maxMicros = micros;
  }

  /** And begins anew. */
  take(): Lateness {
    const lateness = { p50: this.#at(0.5), p99: this.#at(0.99), max: this.#maxMicros / 1000 };
    this.#bins.fill(0);
    this.#count = 0;
    this.#maxMicros = 0;
    return lateness;
  }

  #at(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let below = 0;
    for (let bin = 0; bin < BINS; bin++) {
      below += this.#bins[bin] ?? 0;
      if (below >= share * this.#count) return ((bin + 1) * BIN_MICROS) / 1000;
    }
    return Number.NaN;
  }
}
