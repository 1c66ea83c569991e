/**
 * The metrics of the whole cluster, in the supervisor's memory: what each worker sent last, and what the ended ones
 * left behind. A scrape asks no worker, so that a hung one delays and hides nothing.
 */
import AggregatorRegistry from 'prom-client/lib/cluster';
import {
  METRICS,
  type MetricName,
  type MetricObject,
  type MetricSample,
  metricObject,
  RELOAD_RESULTS,
  RESTART_REASONS,
  type ReloadResult,
  type RestartReason,
} from '../shared/metrics';
import type { WorkerIdentity } from '../shared/protocol';
import { type Bucket, bucketQuantile } from './quantiles';

/** What the supervisor itself knows, at the time of the scrape. */
export interface SupervisorGauges {
  build: { version: string; commit: string; node: string; engine: string };
  /** Unix time, milliseconds. */
  startedAtMs: number;
  /** Number of worker processes by state. */
  workers: Readonly<Record<string, number>>;
  /** Since the supervisor's start; a reason that is not there counts as 0. */
  restarts: Readonly<Partial<Record<RestartReason, number>>>;
  reloads: Readonly<Partial<Record<ReloadResult, number>>>;
  /** Every enabled provider, and whether it can serve. */
  providersUp: Readonly<Record<string, boolean>>;
  /** A slot may be there twice: the last one is shown. */
  slots: readonly SlotGauges[];
}

/** One worker process. Null is not known yet. */
export interface SlotGauges {
  slot: number;
  /** Unix time, milliseconds. */
  startedAtMs: number;
  /** Unix time, milliseconds. */
  lastHeartbeatAtMs: number | null;
  rssBytes: number | null;
  eventLoopLagMs: number | null;
}

export interface RenderedMetrics {
  contentType: string;
  body: string;
}

/** Labels that a series must have; a RegExp is tested against the value. */
export type LabelMatch = Readonly<Record<string, string | RegExp>>;

interface LiveWorker {
  identity: WorkerIdentity;
  series: readonly MetricObject[];
  /** On the store's clock. */
  receivedAtMs: number;
}

/** A message arrives late by milliseconds, not by a thousand forks. */
const ENDED_REMEMBERED = 1000;

/** Everything in it is in seconds and bytes, as Prometheus wants; only the inputs are in milliseconds. */
export class MetricsStore {
  readonly #now: () => number;
  /** By incarnation. */
  readonly #live = new Map<number, LiveWorker>();
  /** Incarnations that ended, so that a message still under way does not bring one back. */
  readonly #ended = new Set<number>();
  /** Counters and histograms of ended workers: by metric name, then by series. */
  readonly #retired = new Map<string, { metric: MetricObject; samples: Map<string, MetricSample> }>();

  /** @param now a monotonic clock, milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes a worker's newest snapshot, in place of its former one. Ignored once the worker has ended. */
  update(identity: WorkerIdentity, series: readonly MetricObject[]): void {
    if (this.#ended.has(identity.incarnation)) return;
    this.#live.set(identity.incarnation, { identity, series, receivedAtMs: this.#now() });
  }

  /** The worker's process is gone: what it counted stays, its gauges go. */
  end(identity: WorkerIdentity): void {
    this.#ended.add(identity.incarnation);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= ENDED_REMEMBERED) break;
      this.#ended.delete(oldest);
    }
    const worker = this.#live.get(identity.incarnation);
    this.#live.delete(identity.incarnation);
    for (const metric of worker?.series ?? []) {
      if (metric.type !== 'gauge') this.#retire(metric);
    }
  }

  /** The whole of `/metrics`, in Prometheus' text format 0.0.4 or in OpenMetrics 1.0. */
  async render(openMetrics: boolean, own: SupervisorGauges): Promise<RenderedMetrics> {
    const byName = new Map<string, MetricObject[]>(Object.keys(METRICS).map((name) => [name, []]));
    for (const metric of [...ownSeries(own), this.#snapshotAges(), ...this.#all()]) {
      byName.get(metric.name)?.push(openMetrics ? withoutTotal(metric) : metric);
    }
    // One array in the table's order: `aggregate` keeps the order in which it meets the names.
    const metrics = [...byName.values()].flat();
    if (!openMetrics) {
      const registry = AggregatorRegistry.aggregate<typeof AggregatorRegistry.PROMETHEUS_CONTENT_TYPE>([metrics]);
      return { contentType: registry.contentType, body: await registry.metrics() };
    }
    const registry = AggregatorRegistry.aggregate<typeof AggregatorRegistry.OPENMETRICS_CONTENT_TYPE>([metrics]);
    registry.setContentType(AggregatorRegistry.OPENMETRICS_CONTENT_TYPE);
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  /** Sum of the counter's (or gauge's) series that match, over all workers, ended ones included. */
  counterSum(name: MetricName, match: LabelMatch = {}): number {
    let sum = 0;
    for (const sample of this.#samples(name, match)) sum += sample.value;
    return sum;
  }

  /** Mean of what the matching series observed, in the histogram's unit (seconds); null when that is nothing. */
  histogramMean(name: MetricName, match: LabelMatch = {}): number | null {
    let sum = 0;
    let count = 0;
    for (const sample of this.#samples(name, match)) {
      if (sample.metricName === `${name}_sum`) sum += sample.value;
      else if (sample.metricName === `${name}_count`) count += sample.value;
    }
    return count === 0 ? null : sum / count;
  }

  /** The quantiles (each 0 to 1) of what the matching series observed, in seconds; null when that is nothing. */
  histogramQuantiles<const Q extends readonly number[]>(
    name: MetricName,
    match: LabelMatch,
    quantiles: Q,
  ): { [K in keyof Q]: number } | null {
    const cumulative = new Map<number, number>();
    for (const { labels, value } of this.#samples(name, match)) {
      if (labels['le'] === undefined) continue;
      const le = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
      cumulative.set(le, (cumulative.get(le) ?? 0) + value);
    }
    const buckets = Array.from(cumulative, ([le, count]): Bucket => ({ le, cumulative: count }));
    buckets.sort((a, b) => (a.le < b.le ? -1 : 1));
    const values = quantiles.map((quantile) => bucketQuantile(buckets, quantile));
    // `map` keeps the length of the tuple but not its type; one null means that all are.
    return values.includes(null) ? null : (values as { [K in keyof Q]: number });
  }

  *#samples(name: MetricName, match: LabelMatch): Generator<MetricSample> {
    const wanted = Object.entries(match);
    const live = [...this.#live.values()].flatMap((worker) => worker.series.filter((metric) => metric.name === name));
    for (const samples of [this.#retired.get(name)?.samples.values() ?? [], ...live.map((metric) => metric.values)]) {
      for (const sample of samples) {
        if (wanted.every(([label, value]) => matches(sample.labels[label], value))) yield sample;
      }
    }
  }

  *#all(): Generator<MetricObject> {
    for (const { metric, samples } of this.#retired.values()) yield { ...metric, values: [...samples.values()] };
    for (const worker of this.#live.values()) yield* worker.series;
  }

  #retire(metric: MetricObject): void {
    let retired = this.#retired.get(metric.name);
    if (retired === undefined) {
      retired = { metric: { ...metric, values: [] }, samples: new Map() };
      this.#retired.set(metric.name, retired);
    }
    for (const sample of metric.values) {
      const key = JSON.stringify([sample.metricName, Object.entries(sample.labels).sort()]);
      const sum = retired.samples.get(key);
      if (sum === undefined) retired.samples.set(key, { ...sample });
      else sum.value += sample.value;
    }
  }

  #snapshotAges(): MetricObject {
    // Ordered by incarnation, so that of two workers in one slot the newer counts.
    const workers = [...this.#live.values()].sort((a, b) => a.identity.incarnation - b.identity.incarnation);
    const ages = new Map(workers.map((w) => [`${w.identity.slot}`, (this.#now() - w.receivedAtMs) / 1000]));
    return ownMetric('ccproxy_metrics_snapshot_age_seconds', 'slot', ages);
  }
}

function matches(value: string | undefined, wanted: string | RegExp): boolean {
  if (value === undefined || typeof wanted === 'string') return value === wanted;
  return value.search(wanted) !== -1; // not `test`, which moves on with a `g` flag
}

/**
 * For OpenMetrics: there the family of a counter has no `_total`, its samples have. prom-client 15 puts the suffix on
 * the samples of an aggregated registry, but leaves it on the family (and so writes `x_total_total`).
 */
function withoutTotal(metric: MetricObject): MetricObject {
  return metric.type === 'counter' ? { ...metric, name: metric.name.replace(/_total$/, '') } : metric;
}

function ownSeries(own: SupervisorGauges): MetricObject[] {
  const slots = new Map(own.slots.map((slot) => [`${slot.slot}`, slot]));
  const perSlot = (name: MetricName, read: (slot: SlotGauges) => number | null): MetricObject =>
    ownMetric(
      name,
      'slot',
      Array.from(slots, ([slot, gauges]) => [slot, read(gauges)]),
    );
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  const { version, commit, node, engine } = own.build;
  return [
    metricObject('ccproxy_build_info', [{ value: 1, labels: { version, commit, node, engine } }]),
    metricObject('ccproxy_supervisor_start_time_seconds', [{ value: own.startedAtMs / 1000, labels: {} }]),
    ownMetric('ccproxy_workers', 'state', Object.entries(own.workers)),
    ownMetric(
      'ccproxy_worker_restarts_total',
      'reason',
      RESTART_REASONS.map((reason) => [reason, own.restarts[reason] ?? 0]),
    ),
    ownMetric(
      'ccproxy_reloads_total',
      'result',
      RELOAD_RESULTS.map((result) => [result, own.reloads[result] ?? 0]),
    ),
    ownMetric(
      'ccproxy_provider_up',
      'provider',
      Object.entries(own.providersUp).map(([name, up]) => [name, up ? 1 : 0]),
    ),
    perSlot('ccproxy_worker_start_time_seconds', (slot) => seconds(slot.startedAtMs)),
    perSlot('ccproxy_worker_last_heartbeat_timestamp_seconds', (slot) => seconds(slot.lastHeartbeatAtMs)),
    perSlot('ccproxy_worker_resident_memory_bytes', (slot) => slot.rssBytes),
    perSlot('ccproxy_worker_event_loop_lag_seconds', (slot) => seconds(slot.eventLoopLagMs)),
  ];
}

/** A metric with one label; what is null is left out. */
function ownMetric(name: MetricName, label: string, values: Iterable<[string, number | null]>): MetricObject {
  const samples: MetricSample[] = [];
  for (const [key, value] of values) {
    if (value !== null) samples.push({ value, labels: { [label]: key } });
  }
  return metricObject(name, samples);
}
