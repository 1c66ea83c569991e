/**
 * Counters, gauges and histograms in plain numbers, written in the shape of prom-client's `getMetricsAsJSON`. A series is
 * looked up once and then held: counting is an addition.
 */
import {
  METRICS,
  type MetricName,
  type MetricObject,
  type MetricSample,
  type MetricSpec,
  metricObject,
} from '../shared/metrics';

/** All series of one counter or gauge. */
export class ValueFamily {
  readonly #series = new Map<string, MetricSample>();

  constructor(readonly name: MetricName) {}

  /** The series with these label values, in the table's order; made at 0 when it is new. */
  of(...values: string[]): MetricSample {
    const key = values.join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { value: 0, labels: labelsOf(this.name, values) };
      this.#series.set(key, series);
    }
    return series;
  }

  toJson(): MetricObject {
    return metricObject(
      this.name,
      Array.from(this.#series.values(), ({ value, labels }) => ({ value, labels })),
    );
  }
}

/** All series of one histogram. */
export class HistogramFamily {
  readonly #series = new Map<string, Histogram>();

  constructor(readonly name: MetricName) {}

  of(...values: string[]): Histogram {
    const key = values.join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new Histogram(this.name, labelsOf(this.name, values));
      this.#series.set(key, series);
    }
    return series;
  }

  toJson(): MetricObject {
    return metricObject(this.name, Array.from(this.#series.values(), (series) => series.samples()).flat());
  }
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #resolution: number;
  /** Not cumulative; the last one is `+Inf`. */
  readonly #counts: number[];
  readonly #bucketLabels: Record<string, string>[];
  #sum = 0;

  constructor(
    readonly name: MetricName,
    readonly labels: Record<string, string>,
  ) {
    const spec: MetricSpec = METRICS[name];
    this.#bounds = spec.buckets ?? [];
    this.#resolution = spec.resolutionSeconds ?? 1;
    this.#counts = [...this.#bounds, Number.POSITIVE_INFINITY].map(() => 0);
    this.#bucketLabels = [...this.#bounds.map(boundLabel), '+Inf'].map((le) => ({ le, ...labels }));
  }

  /** A clock that stepped back counts as 0 s; what is no number is left out. */
  observe(seconds: number): void {
    if (!Number.isFinite(seconds)) return;
    const value = Math.max(seconds, 0);
    let bucket = 0;
    for (const bound of this.#bounds) {
      if (value <= bound) break;
      bucket += 1;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += Math.round(value / this.#resolution) * this.#resolution;
  }

  samples(): MetricSample[] {
    const samples: MetricSample[] = [];
    let count = 0;
    for (const [index, labels] of this.#bucketLabels.entries()) {
      count += this.#counts[index] ?? 0;
      samples.push({ value: count, labels, metricName: `${this.name}_bucket` });
    }
    samples.push({ value: this.#sum, labels: this.labels, metricName: `${this.name}_sum` });
    samples.push({ value: count, labels: this.labels, metricName: `${this.name}_count` });
    return samples;
  }
}

/** OpenMetrics wants `1.0` where JavaScript writes `1`, and `1e-05` for 0.00001. */
function boundLabel(bound: number): string {
  if (Number.isInteger(bound)) return `${bound}.0`;
  return bound < 1e-4 ? bound.toExponential().replace(/-(\d)$/, '-0$1') : `${bound}`;
}

function labelsOf(name: MetricName, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(METRICS[name].labels.map((label, index) => [label, values[index] ?? '']));
}
