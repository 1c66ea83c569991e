import { isIP } from 'node:net';
import { urlMistake } from './base-url';
import type { Config, Performance } from './config';
import { type Flags, readOverrides } from './overrides';
import { closest } from './problem';
import { providersFromEnvironment, readProviders } from './providers';
import { absolute } from './read-file';
import type { Report } from './report';
import type { SecretReader } from './resolve-secret';
import { readRoutes } from './routes';
import type { RawFile } from './schema';
import { keyMistake } from './secrets';

/** Everything that a file may leave out. */
export const DEFAULTS = {
  host: '127.0.0.1',
  port: 3456,
  logLevel: 'info',
  shutdownTimeoutMs: 30_000,
  reloadDrainTimeoutMs: 900_000,
  longContextThreshold: 60_000,
} as const;

const DEFAULT_PERFORMANCE: Performance = {
  requestTimeoutMs: 600_000,
  streamIdleTimeoutMs: 300_000,
  maxRequestBodyBytes: 32 * 1024 * 1024,
  maxConcurrentRequests: null,
  maxConcurrentPerProvider: null,
  metricsEnabled: true,
  rateLimitEnabled: false,
  rateLimitRequestsPerMin: 1000,
  circuitBreakerEnabled: false,
};

export interface Surroundings {
  flags: Flags;
  env: NodeJS.ProcessEnv;
  /** The home directory, for `~/`. */
  home: string;
  /** The folder from which relative paths in the file are taken. */
  base: string;
  cpuCount: number;
  report: Report;
  secret: SecretReader;
}

/** Fills in defaults and overrides and checks what the schema cannot: everything that depends on something else. */
export function normalise(raw: RawFile, around: Surroundings): Omit<Config, 'file'> {
  const { env, report, secret } = around;
  const overrides = readOverrides(around.flags, env, report);
  const performance = readPerformance(raw);
  const host = overrides.host ?? raw.host ?? DEFAULTS.host;
  const workers = overrides.workers ?? raw.workers ?? 'auto';
  const fileKey = readClientKey(raw, around);
  const apiKey = overrides.apiKey ?? fileKey;
  if (apiKey === null && !isLoopback(host)) {
    report.warnOutside(
      'host',
      'is open to the network, but without an "api_key" only requests from this machine are served',
    );
  }
  const context = { env, performance, report, secret };
  const isGiven = raw.providers !== undefined && raw.providers.length > 0;
  const isMistaken = isGiven ? false : isProvidersMistaken(report);
  const providers =
    isGiven || isMistaken ? readProviders(raw.providers ?? [], context) : providersFromEnvironment(context);
  const doubtful = isMistaken || raw.providers?.some((_, index) => isNameMistaken(index, report)) === true;
  const rawProviders = isGiven ? raw.providers : undefined;
  return {
    host,
    port: overrides.port ?? raw.port ?? DEFAULTS.port,
    workers: workers === 'auto' ? Math.max(1, around.cpuCount) : workers,
    apiKey,
    trustedProxies: raw.trusted_proxies ?? [],
    log: raw.log ?? false,
    logFile: raw.log_file === undefined ? null : absolute(raw.log_file, around.base, around.home),
    logLevel: overrides.logLevel ?? raw.log_level ?? DEFAULTS.logLevel,
    shutdownTimeoutMs: raw.shutdown_timeout ?? DEFAULTS.shutdownTimeoutMs,
    reloadDrainTimeoutMs: raw.reload_drain_timeout ?? DEFAULTS.reloadDrainTimeoutMs,
    maxWorkerMemoryBytes: raw.max_worker_memory ?? null,
    maxWorkerAgeMs: raw.max_worker_age ?? null,
    proxyUrl: readProxyUrl(raw, around),
    providers,
    routes: readRoutes(raw.routes ?? {}, { providers, rawProviders, doubtful, report }),
    performance,
    longContextThreshold: raw.longContextThreshold ?? DEFAULTS.longContextThreshold,
  };
}

function readPerformance({ performance: raw = {} }: RawFile): Performance {
  const normal = DEFAULT_PERFORMANCE;
  return {
    requestTimeoutMs: raw.request_timeout ?? normal.requestTimeoutMs,
    streamIdleTimeoutMs: raw.stream_idle_timeout ?? normal.streamIdleTimeoutMs,
    maxRequestBodyBytes: raw.max_request_body_size ?? normal.maxRequestBodyBytes,
    maxConcurrentRequests: raw.max_concurrent_requests ?? normal.maxConcurrentRequests,
    maxConcurrentPerProvider: raw.max_concurrent_per_provider ?? normal.maxConcurrentPerProvider,
    metricsEnabled: raw.metrics_enabled ?? normal.metricsEnabled,
    rateLimitEnabled: raw.rate_limit_enabled ?? normal.rateLimitEnabled,
    rateLimitRequestsPerMin: raw.rate_limit_requests_per_min ?? normal.rateLimitRequestsPerMin,
    circuitBreakerEnabled: raw.circuit_breaker_enabled ?? normal.circuitBreakerEnabled,
  };
}

/**
 * The key for clients, or null. An empty one is a mistake, so that a key that got lost does not open the proxy; only
 * Go CCProxy's own spelling, `"apikey": ""` as its examples have it, means what it meant there: no key.
 */
function readClientKey(raw: RawFile, { report, secret }: Surroundings): string | null {
  if (raw.apikey === '' && raw.api_key === undefined && !report.isHidden(['apikey'])) {
    report.warn(['apikey'], 'empty: clients need no key, and only requests from this machine are served');
    return null;
  }
  if (raw.api_key !== undefined && raw.apikey !== undefined) {
    report.problem(['apikey'], 'given twice, as "api_key" too; keep one');
  }
  const name = raw.api_key === undefined ? 'apikey' : 'api_key';
  const source = raw.api_key ?? raw.apikey;
  const key = source === undefined ? undefined : secret(source, [name]);
  if (key === undefined) return null;
  const mistake = keyMistake(key);
  if (mistake !== null) report.problem([name], `${mistake}; give the key that clients send, or leave it out`);
  return key;
}

function readProxyUrl(raw: RawFile, { report, secret }: Surroundings): string | null {
  const path = ['proxy_url'];
  const url = raw.proxy_url === undefined ? undefined : secret(raw.proxy_url, path);
  if (url === undefined || url === '') return null;
  const mistake = urlMistake(url, 'allowed');
  if (mistake === null) return url;
  report.problem(path, `${mistake}; expected an address such as http://proxy.example:3128`);
  return null;
}

/** Whether there are no providers because of a mistake that is reported already. */
function isProvidersMistaken(report: Report): boolean {
  return (
    report.isReported(['providers']) || report.unknownKeys.some((key) => closest(key, ['providers']) !== undefined)
  );
}

/** Whether a route may mean this provider although no provider of the route's name is known. */
function isNameMistaken(index: number, report: Report): boolean {
  return report.isReported(['providers', index, 'name']);
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return /^localhost\.?$/i.test(host);
  return host === '::1' || host.startsWith('127.');
}
