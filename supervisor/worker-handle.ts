/** One worker as the supervisor sees it: fork, beats, drain, and the kill ladder. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Config } from '../shared/config/config';
import { MAX_HEAD_BYTES } from '../shared/limits';
import type { RestartReason } from '../shared/metrics';
import {
  asWorkerMessage,
  type HeartbeatMessage,
  PROTOCOL_VERSION,
  type SupervisorMessage,
  type WorkerIdentity,
  type WorkerMessage,
} from '../shared/protocol';
import { forkChild, ownNodeOptions } from './child';
import { youngGenerationOptions } from './young-generation';

export type WorkerState = 'booting' | 'ready' | 'draining' | 'dead';

/** What a worker runs with: a configuration and its number, 1 at the start and one more with each reload. */
export interface Settings {
  /** With the real port. */
  config: Config;
  generation: number;
}

export interface WorkerExit {
  code: number | null;
  signal: string | null;
  /** Why it ended; null when the whole service drained. */
  reason: RestartReason | null;
  /** ISO 8601, UTC. */
  at: string;
  /** What the worker said when it could not boot. */
  message: string | null;
}

export interface WorkerEvents {
  message(handle: WorkerHandle, message: WorkerMessage): void;
  exited(handle: WorkerHandle, exit: WorkerExit): void;
}

export interface DrainOptions {
  timeoutMs: number;
  /** For this long nothing may come on connections that are still open before they are closed. */
  quietMs: number;
  /** Why this worker alone goes; null when the whole service ends. */
  reason: RestartReason | null;
}

/** What a drain may take beyond its deadline before SIGKILL. */
const DRAIN_GRACE_MS = 2000;

export class WorkerHandle {
  readonly identity: WorkerIdentity;
  readonly settings: Settings;
  readonly startedAt = new Date();
  /** 0 to 1: spreads what would else happen to many workers at once. */
  readonly jitter = Math.random();
  state: WorkerState = 'booting';
  /** `performance.now()` of the last sign of life. */
  lastBeatMs = performance.now();
  /** `performance.now()` of the moment it became ready, or null. */
  readyAtMs: number | null = null;
  beat: HeartbeatMessage | null = null;
  /** Why it was killed, until its exit is seen. */
  #killReason: RestartReason | null = null;
  #drainReason: RestartReason | null = null;
  #bootFailure: string | null = null;
  #killTimer: NodeJS.Timeout | null = null;
  #killAtMs = Number.POSITIVE_INFINITY;
  /** Resolves when no new connection can come to it any more. */
  readonly closed: Promise<void>;
  #close = (): void => {};
  readonly #child: ChildProcess;

  constructor(options: { identity: WorkerIdentity; settings: Settings; events: WorkerEvents }) {
    const { identity, settings, events } = options;
    this.identity = identity;
    this.settings = settings;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.#child = forkChild(join(__dirname, '..', 'worker', 'main.js'), {
      nodeOptions: youngGenerationOptions(settings.config.maxWorkerMemoryBytes, ownNodeOptions()),
      environment: { UWS_HTTP_MAX_HEADERS_SIZE: String(MAX_HEAD_BYTES) },
    });
    this.#child.on('message', (raw) => {
      const message = asWorkerMessage(raw);
      // A message that was under way when its sender died must not speak for the successor.
      if (message === null || message.identity.incarnation !== identity.incarnation || this.state === 'dead') return;
      if (message.type === 'boot_failed') this.#bootFailure = message.reason;
      if (message.type === 'closed') this.#close();
      events.message(this, message);
    });
    let ended = false;
    const exited = (code: number | null, signal: string | null) => {
      if (ended) return;
      ended = true;
      if (this.#killTimer !== null) clearTimeout(this.#killTimer);
      const reason = this.#exitReason(code, signal);
      this.state = 'dead';
      this.#close();
      const at = new Date().toISOString();
      events.exited(this, { code, signal, reason, at, message: this.#bootFailure });
    };
    this.#child.on('exit', exited);
    // The process could not be created at all: there is no exit to wait for.
    this.#child.on('error', (error) => {
      this.#bootFailure ??= error.message;
      if (this.#child.pid === undefined) exited(null, null);
    });
    this.send({ type: 'configure', protocol: PROTOCOL_VERSION, identity, config: settings.config });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.state !== 'dead';
  }

  /** A worker that no longer takes messages is about to be seen dead. */
  send(message: SupervisorMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Drain → deadline → SIGKILL. Of several deadlines the earliest counts: the end of the service comes first. */
  drain({ timeoutMs, quietMs, reason }: DrainOptions): void {
    if (this.state === 'dead') return;
    this.state = 'draining';
    this.#drainReason ??= reason;
    this.send({ type: 'drain', protocol: PROTOCOL_VERSION, timeoutMs, quietMs });
    const killAtMs = performance.now() + timeoutMs + DRAIN_GRACE_MS;
    if (killAtMs >= this.#killAtMs) return;
    if (this.#killTimer !== null) clearTimeout(this.#killTimer);
    this.#killAtMs = killAtMs;
    this.#killTimer = setTimeout(() => this.kill(null), timeoutMs + DRAIN_GRACE_MS);
  }

  /** SIGKILL: it also ends a worker that is stopped or blocked. */
  kill(reason: RestartReason | null): void {
    this.#killReason ??= reason;
    this.#child.kill('SIGKILL');
  }

  #exitReason(code: number | null, signal: string | null): RestartReason | null {
    if (this.#killReason !== null) return this.#killReason;
    if (this.state === 'draining') return this.#drainReason;
    return signal === null || code !== null ? 'crash' : 'signal';
  }
}
