/**
 * Every metric of CCProxy: name, help, type, labels and buckets in one table, and the form in which a process's
 * metrics travel to the supervisor. Names follow Prometheus' rules: base units, `_total` on counters.
 */
import { ERROR_STATUS, type ErrorType } from './errors';

/** The JSON snapshot of one metric, as prom-client's `getMetricsAsJSON` gives it and `aggregate` takes it. */
export interface MetricObject {
  name: string;
  help: string;
  type: MetricType;
  values: MetricSample[];
  /** How prom-client merges the samples of several processes. */
  aggregator: 'sum';
}

export interface MetricSample {
  value: number;
  labels: Record<string, string>;
  /** Only on the parts of a histogram: `NAME_bucket` (cumulative, with the label `le`), `NAME_sum`, `NAME_count`. */
  metricName?: string;
}

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricSpec {
  type: MetricType;
  help: string;
  labels: readonly string[];
  /** Who counts: every worker (the supervisor adds them up), or the supervisor itself. */
  owner: 'worker' | 'supervisor';
  /** Histograms: upper bounds in seconds, increasing, without `+Inf`. */
  buckets?: readonly number[];
  /**
   * Histograms: every observation is rounded to a multiple of this many seconds before it is added. It is a power of
   * two, so that sums are exact and the same in whichever order the workers are added up: with plain fractions
   * the last digit of `_sum` can fall when a worker ends, and Prometheus takes any fall for a restart from zero.
   */
  resolutionSeconds?: number;
}

/** OpenTelemetry's GenAI conventions for durations and for the time to the first token: 10 ms doubling to 82 s. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] as const;
/** OpenTelemetry's GenAI conventions for the time per output token. */
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5] as const;
/** 10 µs to 100 ms. */
const OVERHEAD = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1] as const;

/** 15 µs; sums stay exact up to 1.4e11 s: 1,000 requests at any time for four years. */
const COARSE = 2 ** -16;
/** 15 ns; sums stay exact up to 1.3e8 s. */
const FINE = 2 ** -26;

const worker = (type: 'counter' | 'gauge', labels: readonly string[], help: string): MetricSpec => ({
  type,
  help,
  labels,
  owner: 'worker',
});
const histogram = (
  labels: readonly string[],
  buckets: readonly number[],
  resolutionSeconds: number,
  help: string,
): MetricSpec => ({ type: 'histogram', help, labels, owner: 'worker', buckets, resolutionSeconds });
const supervisor = (type: 'counter' | 'gauge', labels: readonly string[], help: string): MetricSpec => ({
  type,
  help,
  labels,
  owner: 'supervisor',
});

/** In the order in which `/metrics` shows them. */
export const METRICS = {
  ccproxy_build_info: supervisor(
    'gauge',
    ['version', 'commit', 'node', 'engine'],
    'Always 1; its labels say what runs.',
  ),
  ccproxy_requests_total: worker('counter', ['route', 'provider', 'model', 'code'], 'Requests that ended, by answer.'),
  ccproxy_request_duration_seconds: histogram(
    ['route', 'provider'],
    DURATION,
    COARSE,
    'Time from the request head to the end of the answer.',
  ),
  ccproxy_time_to_first_token_seconds: histogram(
    ['provider', 'model'],
    DURATION,
    COARSE,
    'Time from the request head to the first byte of the answer body.',
  ),
  ccproxy_time_per_output_token_seconds: histogram(
    ['provider', 'model'],
    PER_TOKEN,
    COARSE,
    'Mean time of one output token after the first, per request.',
  ),
  ccproxy_proxy_overhead_seconds: histogram(
    ['route'],
    OVERHEAD,
    FINE,
    'Time that a request spent in the proxy, not waiting for a provider.',
  ),
  ccproxy_tokens_total: worker('counter', ['provider', 'model', 'type'], 'Tokens, as the providers reported them.'),
  ccproxy_upstream_errors_total: worker('counter', ['provider', 'reason'], 'Failures of providers.'),
  ccproxy_upstream_retries_total: worker('counter', ['provider'], 'Requests sent to a provider again.'),
  ccproxy_client_aborts_total: worker('counter', ['phase'], 'Clients that went away before the end of their answer.'),
  ccproxy_requests_rejected_total: worker('counter', ['reason'], 'Requests that the proxy itself refused.'),
  ccproxy_stream_bytes_total: worker('counter', ['provider'], 'Bytes of streamed answers sent to clients.'),
  ccproxy_requests_in_flight: worker('gauge', [], 'Requests being handled now.'),
  ccproxy_upstream_connections: worker('gauge', ['provider', 'state'], 'Connections to providers now.'),
  ccproxy_provider_up: supervisor('gauge', ['provider'], 'Whether the provider can serve now (1) or not (0).'),
  ccproxy_workers: supervisor('gauge', ['state'], 'Worker processes now.'),
  ccproxy_worker_restarts_total: supervisor('counter', ['reason'], 'Workers that were replaced.'),
  ccproxy_reloads_total: supervisor('counter', ['result'], 'Reloads of the configuration.'),
  ccproxy_worker_start_time_seconds: supervisor('gauge', ['slot'], 'Start of the worker, Unix time.'),
  ccproxy_worker_last_heartbeat_timestamp_seconds: supervisor(
    'gauge',
    ['slot'],
    'Last heartbeat of the worker, Unix time.',
  ),
  ccproxy_worker_resident_memory_bytes: supervisor('gauge', ['slot'], 'Resident memory of the worker.'),
  ccproxy_worker_event_loop_lag_seconds: supervisor('gauge', ['slot'], 'Event loop lag of the worker.'),
  ccproxy_supervisor_start_time_seconds: supervisor('gauge', [], 'Start of the supervisor, Unix time.'),
  ccproxy_metrics_snapshot_age_seconds: supervisor(
    'gauge',
    ['slot'],
    "Age of what is shown of the worker's own metrics.",
  ),
} satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;

/** A metric of the table with these samples. */
export function metricObject(name: MetricName, values: MetricSample[]): MetricObject {
  const { help, type } = METRICS[name];
  return { name, help, type, values, aggregator: 'sum' };
}

/** Why a worker was replaced: `ccproxy_worker_restarts_total`. */
export const RESTART_REASONS = ['crash', 'signal', 'hung', 'boot_timeout', 'memory', 'age', 'reload', 'scale'] as const;
export type RestartReason = (typeof RESTART_REASONS)[number];

/** `ccproxy_reloads_total`. */
export const RELOAD_RESULTS = ['success', 'failure'] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];

/** Of `ccproxy_tokens_total`. Input excludes what was read from or written to the provider's cache. */
export const TOKEN_TYPES = ['input', 'output', 'cache_read', 'cache_creation'] as const;

/** Where in a request the client went away: sending it, waiting for the answer's first byte, or receiving it. */
export const ABORT_PHASES = ['request', 'waiting', 'response'] as const;
export type AbortPhase = (typeof ABORT_PHASES)[number];

/** Why the proxy refused a request: the type of the error that it answered with. */
export const REJECT_REASONS = Object.keys(ERROR_STATUS) as readonly ErrorType[]; // keys of a constant table

/** How a provider failed when it was not by an HTTP status. */
export const UPSTREAM_FAILURES = [
  'refused',
  'unreachable',
  'dns',
  'tls',
  'connect_timeout',
  'first_byte_timeout',
  'idle_timeout',
  'reset',
  'closed',
  'bad_response',
  'error_in_answer',
  'bad_request',
  'queue_full',
  'proxy',
  'other',
] as const;
export type UpstreamFailure = (typeof UPSTREAM_FAILURES)[number];
/** An HTTP status as text (`429`), or how the provider failed. */
export type UpstreamErrorReason = UpstreamFailure | `${number}`;

/** Of `ccproxy_upstream_connections`: with a request on it, or free for one. */
export type ConnectionState = 'active' | 'idle';
