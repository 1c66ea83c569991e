/**
 * Every message between the processes, and the check that each side makes on what it receives.
 *
 * The supervisor owns all shared state. A worker says what it sees (`heartbeat`, `providers`, `metrics`), the
 * supervisor tells every worker the result (`snapshot`). Each worker message carries the slot and the incarnation
 * of its sender, so that a late message of a worker that is already dead is ignored.
 */

import type { Config } from './config/config';
import type { MetricObject } from './metrics';

/** Changes with every incompatible change below; both sides refuse any other. */
export const PROTOCOL_VERSION = 2;

/** Who a worker is. `incarnation` grows by one with each fork of this supervisor and is never used twice. */
export interface WorkerIdentity {
  slot: number;
  incarnation: number;
}

export type SupervisorMessage =
  | ConfigureMessage
  | SnapshotMessage
  | DrainMessage
  | MetricsTextMessage
  | ControlResultMessage;

/** The first message to a new worker: who it is and what to do. */
export interface ConfigureMessage {
  type: 'configure';
  protocol: number;
  identity: WorkerIdentity;
  config: Config;
}

/** The state of the whole, pushed to every worker on change (at most 10 a second) and at least once a second. */
export interface SnapshotMessage {
  type: 'snapshot';
  protocol: number;
  /** Whether the cluster can serve (`/readyz`, `/health`). */
  health: 'healthy' | 'degraded' | 'unhealthy';
  /** True while the whole service drains: `/status` answers 503. */
  draining: boolean;
  /** The `/status` document without its closing brace: the worker appends `served_by` and closes it. */
  statusHead: string;
  /** The privileged part of `/health`, likewise without its closing brace and without `status` and `timestamp`. */
  healthTail: string;
  /** Names of providers that are `unavailable` now (the circuit breaker refuses these). */
  unavailableProviders: string[];
  /** Workers that share the cluster's limits. */
  workers: number;
  /** Rate limit: requests of the running minute in the whole cluster, by client; empty when the limit is off. */
  clientRequests: Record<string, number>;
}

/**
 * Stop accepting, finish what is in flight until the deadline, then exit 0. A second one can only make the end come
 * sooner.
 */
export interface DrainMessage {
  type: 'drain';
  protocol: number;
  timeoutMs: number;
  /** For this long nothing may have come on connections that are still open before they are closed. */
  quietMs: number;
}

/** Answer to `control_request`. */
export interface ControlResultMessage {
  type: 'control_result';
  protocol: number;
  requestId: number;
  outcome: ControlOutcome;
}

/** What an operator can ask of the whole service, through any worker. */
export type ControlCommand = { name: 'reload' } | { name: 'scale'; workers: number };

export type ControlOutcome = { ok: true; generation: number; workers: number } | { ok: false; reason: string };

/** Answer to `metrics_request`. */
export interface MetricsTextMessage {
  type: 'metrics_text';
  protocol: number;
  requestId: number;
  contentType: string;
  body: string;
}

export type WorkerMessage =
  | ReadyMessage
  | BootFailedMessage
  | ClosedMessage
  | HeartbeatMessage
  | ProvidersMessage
  | MetricsMessage
  | MetricsRequestMessage
  | ControlRequestMessage;

interface FromWorker {
  protocol: number;
  identity: WorkerIdentity;
}

/** The worker listens and holds a snapshot. */
export interface ReadyMessage extends FromWorker {
  type: 'ready';
  port: number;
  engine: string;
}

/** The worker cannot start; it exits right after this. */
export interface BootFailedMessage extends FromWorker {
  type: 'boot_failed';
  reason: string;
}

/** The worker drains: from now on no new connection comes to it. */
export interface ClosedMessage extends FromWorker {
  type: 'closed';
}

/** Once a second, draining or not. */
export interface HeartbeatMessage extends FromWorker {
  type: 'heartbeat';
  inFlight: number;
  connections: number;
  rssBytes: number;
  eventLoopLagMs: number;
  /** Rate limit: requests of each client since the last beat; empty when the limit is off. */
  clientRequests: Record<string, number>;
}

/** What happened at the providers since the last report: with each beat, and at once after a failure. */
export interface ProvidersMessage extends FromWorker {
  type: 'providers';
  reports: ProviderReport[];
}

export interface ProviderReport {
  name: string;
  /** Requests in flight now, on this worker. */
  inFlight: number;
  /** Requests that ended since the last report; of some nobody knows how they would have ended. */
  requests: number;
  successes: number;
  /** The provider's failures. */
  errors: number;
  /** Failures since the last success, within this report: equals `errors` when nothing succeeded. */
  trailingErrors: number;
  lastError: ProviderError | null;
}

export interface ProviderError {
  /** ISO 8601, UTC. */
  at: string;
  /** An HTTP status as text, or a reason such as `refused`. */
  code: string;
  /** Without secrets. */
  message: string;
}

/** The worker's whole registry: each second, and once more before it exits. */
export interface MetricsMessage extends FromWorker {
  type: 'metrics';
  series: MetricObject[];
}

/** A scrape arrived at this worker: render the cluster's metrics. */
export interface MetricsRequestMessage extends FromWorker {
  type: 'metrics_request';
  requestId: number;
  openMetrics: boolean;
}

/** An operator's command arrived at this worker. */
export interface ControlRequestMessage extends FromWorker {
  type: 'control_request';
  requestId: number;
  command: ControlCommand;
}

/** The sandbox provider listens. */
export interface SandboxReadyMessage {
  type: 'sandbox_ready';
  protocol: number;
  port: number;
}

const WORKER_TYPES: ReadonlySet<string> = new Set([
  'ready',
  'boot_failed',
  'closed',
  'heartbeat',
  'providers',
  'metrics',
  'metrics_request',
  'control_request',
] satisfies WorkerMessage['type'][]);

const SUPERVISOR_TYPES: ReadonlySet<string> = new Set([
  'configure',
  'snapshot',
  'drain',
  'metrics_text',
  'control_result',
] satisfies SupervisorMessage['type'][]);

/** The message, or null when it is not one of ours (another protocol version, another sender). */
export function asWorkerMessage(value: unknown): WorkerMessage | null {
  // Both ends are this program, one version: the type tag and the version vouch for the rest.
  return isTagged(value, WORKER_TYPES) && 'identity' in value ? (value as WorkerMessage) : null;
}

/** The message, or null when it is not one of ours. */
export function asSupervisorMessage(value: unknown): SupervisorMessage | null {
  return isTagged(value, SUPERVISOR_TYPES) ? (value as SupervisorMessage) : null;
}

/** The message, or null when it is not one of ours. */
export function asSandboxMessage(value: unknown): SandboxReadyMessage | null {
  return isTagged(value, new Set(['sandbox_ready'])) ? (value as SandboxReadyMessage) : null;
}

function isTagged(value: unknown, types: ReadonlySet<string>): value is { type: string; protocol: number } {
  if (typeof value !== 'object' || value === null) return false;
  const message = value as Record<string, unknown>;
  return message['protocol'] === PROTOCOL_VERSION && typeof message['type'] === 'string' && types.has(message['type']);
}
