/**
 * Builds what every worker serves as `/status` and `/health`. Pure: the supervisor's state goes in, text comes out.
 * The first ten fields, their order and their types are a contract with existing monitors.
 */
import type { BuildInfo } from '../shared/version';
import type { ProviderView } from './provider-board';
import type { WorkerExit, WorkerState } from './worker-handle';

export type SupervisorState = 'starting' | 'running' | 'reloading' | 'draining';

export interface WorkerView {
  slot: number;
  pid: number;
  generation: number;
  state: WorkerState;
  startedAt: Date;
  lastHeartbeatAgeMs: number;
  inFlight: number;
  connections: number;
  rssBytes: number;
  eventLoopLagMs: number;
  restarts: number;
  lastExit: WorkerExit | null;
}

export interface ReloadView {
  inProgress: boolean;
  lastResult: 'success' | 'failure' | null;
  /** ISO 8601, UTC. */
  lastAt: string | null;
  lastError: string | null;
}

/** Seconds at p50 and p95, or null without a request so far. */
export interface Latency {
  p50: number | null;
  p95: number | null;
}

export interface StatusInput {
  build: BuildInfo;
  now: Date;
  startedAt: Date;
  pid: number;
  host: string;
  port: number;
  apiKeyConfigured: boolean;
  state: SupervisorState;
  generation: number;
  configHash: string;
  reload: ReloadView;
  desiredWorkers: number;
  workers: readonly WorkerView[];
  providers: readonly (ProviderView & { latency: Latency })[];
}

/** The `/status` document without its closing brace, for the worker to add `served_by`. */
export function statusHead(input: StatusInput): string {
  const enabled = input.providers.filter((provider) => provider.state !== 'disabled');
  const uptimeSeconds = Math.max(0, Math.floor((input.now.getTime() - input.startedAt.getTime()) / 1000));
  const document = {
    service: 'CCProxy',
    version: input.build.version,
    status: 'running',
    uptime: formatUptime(uptimeSeconds),
    pid: input.pid,
    host: input.host,
    port: input.port,
    api_key_configured: input.apiKeyConfigured,
    providers: {
      count: enabled.length,
      active: enabled.filter((provider) => provider.state !== 'unavailable').map((provider) => provider.name),
      details: input.providers.map(providerDetails),
    },
    build: input.build,
    supervisor: {
      pid: input.pid,
      started_at: input.startedAt.toISOString(),
      uptime_seconds: uptimeSeconds,
      generation: input.generation,
      state: input.state,
      config_hash: input.configHash,
      reload: {
        in_progress: input.reload.inProgress,
        last_result: input.reload.lastResult,
        last_at: input.reload.lastAt,
        last_error: input.reload.lastError,
      },
    },
    workers: {
      desired: input.desiredWorkers,
      ready: input.workers.filter((worker) => worker.state === 'ready').length,
      draining: input.workers.filter((worker) => worker.state === 'draining').length,
      list: input.workers.map((worker) => workerDetails(worker, input.now)),
    },
  };
  return JSON.stringify(document).slice(0, -1);
}

/** Hours without a limit, minutes, seconds: `2h 15m 30s`. */
export function formatUptime(seconds: number): string {
  return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
}

function providerDetails(provider: ProviderView & { latency: Latency }) {
  const { name, dialect, state, reason, in_flight, requests, errors, last_error, latency } = provider;
  const latency_ms = { p50: toMs(latency.p50), p95: toMs(latency.p95) };
  return { name, dialect, state, reason, in_flight, requests, errors, last_error, latency_ms };
}

function workerDetails(worker: WorkerView, now: Date) {
  const exit = worker.lastExit;
  return {
    slot: worker.slot,
    pid: worker.pid,
    generation: worker.generation,
    state: worker.state,
    started_at: worker.startedAt.toISOString(),
    uptime_seconds: Math.max(0, Math.floor((now.getTime() - worker.startedAt.getTime()) / 1000)),
    last_heartbeat_age_ms: Math.round(worker.lastHeartbeatAgeMs),
    in_flight: worker.inFlight,
    connections: worker.connections,
    rss_bytes: worker.rssBytes,
    event_loop_lag_ms: worker.eventLoopLagMs,
    restarts: worker.restarts,
    last_exit: exit && { code: exit.code, signal: exit.signal, reason: exit.reason, at: exit.at },
  };
}

export type Health = 'healthy' | 'degraded' | 'unhealthy';

/** Whether the cluster can serve, and whether all of it can. */
export function judgeHealth(input: Pick<StatusInput, 'workers' | 'desiredWorkers' | 'providers'>): Health {
  const ready = input.workers.filter((worker) => worker.state === 'ready').length;
  const enabled = input.providers.filter((provider) => provider.state !== 'disabled');
  const able = enabled.filter((provider) => provider.state !== 'unavailable');
  if (ready === 0 || able.length === 0) return 'unhealthy';
  const whole = ready >= input.desiredWorkers && enabled.every((provider) => provider.state === 'active');
  return whole ? 'healthy' : 'degraded';
}

/** Figures of the whole cluster since its start; seconds, null without a request so far. */
export interface PerformanceInput {
  requestsTotal: number;
  requestsFailed: number;
  latency: { avg: number | null; p50: number | null; p95: number | null; p99: number | null };
  configFile: string | null;
}

/** The privileged members of `/health`, each with a comma before it. */
export function healthTail(status: StatusInput, performance: PerformanceInput): string {
  const { latency } = performance;
  const members = {
    uptime: Math.round((status.now.getTime() - status.startedAt.getTime()) * 1e6),
    version: status.build.version,
    config: {
      file: performance.configFile,
      hash: status.configHash,
      host: status.host,
      port: status.port,
      workers: status.desiredWorkers,
      providers: status.providers.map((provider) => provider.name),
    },
    performance: {
      memory: { rss_bytes: status.workers.reduce((sum, worker) => sum + worker.rssBytes, process.memoryUsage.rss()) },
      requests: {
        total: performance.requestsTotal,
        success: performance.requestsTotal - performance.requestsFailed,
        failed: performance.requestsFailed,
      },
      latency_ms: {
        avg: toMs(latency.avg),
        p50: toMs(latency.p50),
        p95: toMs(latency.p95),
        p99: toMs(latency.p99),
      },
    },
  };
  return `,${JSON.stringify(members).slice(1, -1)}`;
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1e5) / 100;
}
