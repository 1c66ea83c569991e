/** One worker as the supervisor sees it: fork, beats, drain, and the kill ladder. */
import { type ChildProcess, fork } from 'node:child_process';
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

export type WorkerState = 'booting' | 'ready' | 'draining' | 'dead';

export interface WorkerExit {
  code: number | null;
  signal: string | null;
  /** Why it ended; null when it was told to and did so by itself. */
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

/** What a drain may take beyond its deadline before SIGKILL. */
const DRAIN_GRACE_MS = 2000;

export class WorkerHandle {
  readonly identity: WorkerIdentity;
  readonly generation: number;
  readonly startedAt = new Date();
  state: WorkerState = 'booting';
  /** `performance.now()` of the last sign of life. */
  lastBeatMs = performance.now();
  /** `performance.now()` of the moment it became ready, or null. */
  readyAtMs: number | null = null;
  beat: HeartbeatMessage | null = null;
  /** Why it was killed, until its exit is seen. */
  #killReason: RestartReason | null = null;
  #bootFailure: string | null = null;
  #killTimer: NodeJS.Timeout | null = null;
  readonly #child: ChildProcess;

  constructor(options: { identity: WorkerIdentity; generation: number; config: Config; events: WorkerEvents }) {
    const { identity, config, events } = options;
    this.identity = identity;
    this.generation = options.generation;
    this.#child = fork(join(__dirname, '..', 'worker', 'main.js'), [], {
      env: { ...process.env, UWS_HTTP_MAX_HEADERS_SIZE: String(MAX_HEAD_BYTES) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (raw) => {
      const message = asWorkerMessage(raw);
      // A message that was under way when its sender died must not speak for the successor.
      if (message === null || message.identity.incarnation !== identity.incarnation || this.state === 'dead') return;
      if (message.type === 'boot_failed') this.#bootFailure = message.reason;
      events.message(this, message);
    });
    let ended = false;
    const exited = (code: number | null, signal: string | null) => {
      if (ended) return;
      ended = true;
      if (this.#killTimer !== null) clearTimeout(this.#killTimer);
      const reason = this.#exitReason(code, signal);
      this.state = 'dead';
      const at = new Date().toISOString();
      events.exited(this, { code, signal, reason, at, message: this.#bootFailure });
    };
    this.#child.on('exit', exited);
    // The process could not be created at all: there is no exit to wait for.
    this.#child.on('error', (error) => {
      this.#bootFailure ??= error.message;
      if (this.#child.pid === undefined) exited(null, null);
    });
    this.send({ type: 'configure', protocol: PROTOCOL_VERSION, identity, config });
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

  /** Drain → deadline → SIGKILL. */
  drain(timeoutMs: number): void {
    if (this.state === 'draining' || this.state === 'dead') return;
    this.state = 'draining';
    this.send({ type: 'drain', protocol: PROTOCOL_VERSION, timeoutMs });
    this.#killTimer = setTimeout(() => this.kill(null), timeoutMs + DRAIN_GRACE_MS);
  }

  /** SIGKILL: it also ends a worker that is stopped or blocked. */
  kill(reason: RestartReason | null): void {
    this.#killReason ??= reason;
    this.#child.kill('SIGKILL');
  }

  #exitReason(code: number | null, signal: string | null): RestartReason | null {
    if (this.#killReason !== null) return this.#killReason;
    if (this.state === 'draining') return null;
    return signal === null || code !== null ? 'crash' : 'signal';
  }
}
