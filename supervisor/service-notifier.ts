/**
 * Tells systemd how the service is (sd_notify(3)), where it asks for it by `NOTIFY_SOCKET`. The protocol is a datagram to
 * a Unix socket, which Node cannot send and npm packages do only with a compiler; systemd's own program does it.
 */
import { execFile } from 'node:child_process';
import type { Logger } from '../shared/logger';

const PROGRAM = 'systemd-notify';
const SEND_TIMEOUT_MS = 5000;

export class ServiceNotifier {
  readonly #logger: Logger;
  readonly #asked: boolean;
  /** A sign of life is sent when the last is this old; null: nobody watches. */
  readonly #aliveEveryMs: number | null;
  #lastAliveMs = Number.NEGATIVE_INFINITY;
  /** Messages go one after the other: the last one counts. */
  #last: Promise<void> = Promise.resolve();
  #sending = 0;
  #complained = false;
  #stopping = false;

  constructor(logger: Logger, environment: NodeJS.ProcessEnv = process.env) {
    this.#logger = logger;
    this.#asked = (environment['NOTIFY_SOCKET'] ?? '') !== '';
    this.#aliveEveryMs = this.#asked ? watchdogMs(environment) : null;
  }

  /** Every worker is ready (`Type=notify`: from now on the unit is active). */
  ready(status: string): void {
    this.#send('READY=1', `STATUS=${status}`);
  }

  reloading(): void {
    // The same clock as the kernel's CLOCK_MONOTONIC, as systemd wants it with RELOADING.
    this.#send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, 'STATUS=reloading');
  }

  reloaded(status: string): void {
    this.ready(status);
  }

  stopping(): void {
    this.#send('STOPPING=1', 'STATUS=draining');
    // A reload that ends because of it has nothing to add.
    this.#stopping = true;
  }

  /** To be called once a second, as long as the supervisor is well: keeps the watchdog (`WatchdogSec`) quiet. */
  alive(): void {
    const now = performance.now();
    if (this.#aliveEveryMs === null || now - this.#lastAliveMs < this.#aliveEveryMs || this.#sending > 0) return;
    this.#lastAliveMs = now;
    this.#send('WATCHDOG=1');
  }

  #send(...variables: string[]): void {
    if (!this.#asked || this.#stopping) return;
    this.#sending++;
    const sent = () => run(variables).catch((error: unknown) => this.#complain(error));
    this.#last = this.#last.then(sent).finally(() => this.#sending--);
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    this.#logger.warn(`systemd cannot be told how the service is: ${reason}`);
  }
}

/** A third of the time that the watchdog waits, or null. */
function watchdogMs(environment: NodeJS.ProcessEnv): number | null {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? 0);
  const pid = environment['WATCHDOG_PID'];
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return isOurs && microseconds > 0 ? microseconds / 1000 / 3 : null;
}

function run(variables: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, variables, { timeout: SEND_TIMEOUT_MS }, (error) => (error === null ? resolve() : reject(error)));
  });
}
