/** The embedded sandbox provider as the supervisor sees it: one child, kept alive on one port. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Logger } from '../shared/logger';
import { asSandboxMessage } from '../shared/protocol';

const BOOT_TIMEOUT_MS = 10_000;
const RESTART_DELAY_MS = 200;

export class SandboxHandle {
  readonly #logger: Logger;
  #child: ChildProcess | null = null;
  #port = 0;
  #stopped = false;
  #onReady: ((port: number) => void) | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Resolves to the loopback port. @throws Error when it does not start in time */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the sandbox provider did not start')), BOOT_TIMEOUT_MS);
      this.#onReady = (port) => {
        clearTimeout(timer);
        resolve(port);
      };
      this.#fork();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
  }

  #fork(): void {
    // The same port again after a restart: the workers' configuration names it.
    const child = fork(join(__dirname, '..', 'worker', 'sandbox', 'main.js'), [String(this.#port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (raw) => {
      const message = asSandboxMessage(raw);
      if (message === null) return;
      this.#port = message.port;
      this.#onReady?.(message.port);
      this.#onReady = null;
    });
    const again = (how: string) => {
      if (this.#stopped) return;
      this.#logger.warn(`sandbox ended (${how}): it is started again`);
      setTimeout(() => {
        if (!this.#stopped) this.#fork();
      }, RESTART_DELAY_MS);
    };
    child.on('exit', (code, signal) => again(signal ?? `code ${code}`));
    child.on('error', (error) => {
      // It could not be created at all: there is no exit to wait for.
      if (child.pid === undefined) again(error.message);
    });
  }
}
