/** The embedded sandbox provider as the supervisor sees it: one child on one port, kept alive while it is needed. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Config, Provider } from '../shared/config/config';
import type { Logger } from '../shared/logger';
import { asSandboxMessage } from '../shared/protocol';
import { SANDBOX_PROVIDER_NAME } from '../shared/sandbox';
import { forkChild } from './child';

const BOOT_TIMEOUT_MS = 10_000;
const RESTART_DELAY_MS = 200;

export class SandboxHandle {
  readonly #logger: Logger;
  #child: ChildProcess | null = null;
  #port = 0;
  #onReady: (() => void) | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The configuration with the sandbox's address, which is known only when it runs. @throws Error when it does not */
  async provide(config: Config): Promise<Config> {
    if (!usesSandbox(config)) return config;
    const started = this.#child === null ? this.#start() : null;
    this.#logger.warn('no provider key is set: the built-in sandbox answers, it is no language model');
    await started;
    const baseUrl = `http://127.0.0.1:${this.#port}`;
    return { ...config, providers: config.providers.map((p) => (isSandbox(p) ? { ...p, baseUrl } : p)) };
  }

  /** Ends it when none of these configurations has it. */
  keepFor(configs: readonly Config[]): void {
    if (!configs.some(usesSandbox)) this.stop();
  }

  stop(): void {
    const child = this.#child;
    this.#child = null;
    child?.kill('SIGKILL');
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.stop();
        reject(new Error('the sandbox provider did not start'));
      }, BOOT_TIMEOUT_MS);
      this.#onReady = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#fork();
    });
  }

  #fork(): void {
    // The same port again after a restart: the workers' configuration names it.
    const child = forkChild(join(__dirname, '..', 'worker', 'sandbox', 'main.js'), { args: [String(this.#port)] });
    this.#child = child;
    child.on('message', (raw) => {
      const message = asSandboxMessage(raw);
      if (message === null) return;
      this.#port = message.port;
      this.#onReady?.();
      this.#onReady = null;
    });
    const again = (how: string) => {
      if (this.#child !== child) return;
      this.#logger.warn(`sandbox ended (${how}): it is started again`);
      setTimeout(() => {
        if (this.#child === child) this.#fork();
      }, RESTART_DELAY_MS);
    };
    child.on('exit', (code, signal) => again(signal ?? `code ${code}`));
    child.on('error', (error) => {
      // It could not be created at all: there is no exit to wait for.
      if (child.pid === undefined) again(error.message);
    });
  }
}

/** The name is reserved: no provider of a configuration's own has it. */
function isSandbox(provider: Provider): boolean {
  return provider.name === SANDBOX_PROVIDER_NAME;
}

function usesSandbox(config: Config): boolean {
  return config.providers.some(isSandbox);
}
