/** The supervisor process: wiring, signals, readiness. No request ever passes through it. */
import type { Config } from '../shared/config/config';
import { secretsOf } from '../shared/config/secrets';
import { createLog, type Log, redactor } from '../shared/logger';
import { SANDBOX_PROVIDER_NAME } from '../shared/sandbox';
import { readBuildInfo } from '../shared/version';
import { type AddressClaim, claimAddress } from './address-claim';
import { PROCESS_TITLE, pidFilePath, type RunningProxy, removePidFile, writePidFile } from './pid-file';
import { SandboxHandle } from './sandbox-handle';
import { Supervisor } from './supervisor';

/**
 * A terminal's Ctrl-C reaches the whole process group, and npm forwards it once more: a second signal this soon is the
 * same wish, not a more urgent one.
 */
const SAME_SIGNAL_MS = 500;

/** Runs until a signal ends it. Resolves to the exit code. */
export async function runSupervisor(config: Config, warnings: readonly string[]): Promise<number> {
  process.title = PROCESS_TITLE;
  const log = createLog({
    level: config.logLevel,
    file: config.logFile,
    process: 'supervisor',
    secrets: secretsOf(config),
  });
  const signals = new EndSignals();
  let claim: AddressClaim | null = null;
  let sandbox: SandboxHandle | null = null;
  const pidFile = pidFilePath(config.port);
  try {
    claim = await claimAddress(config.host, config.port);
    writeOrWarn(pidFile, { pid: process.pid, host: config.host, port: claim.port }, log);
    introduce(config, warnings, log);
    if (usesSandbox(config)) sandbox = new SandboxHandle(log.logger);
    const sandboxPort = sandbox === null ? null : await Promise.race([sandbox.start(), signals.first]);
    // Told to end before anything served.
    if (typeof sandboxPort === 'string') return 0;
    const effective = sandboxPort === null ? config : withSandboxPort(config, sandboxPort);
    return await supervise(effective, claim.port, log, signals);
  } catch (error) {
    lastWords(log, config, error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    removePidFile(pidFile);
    sandbox?.stop();
    claim?.release();
    await log.close();
  }
}

/** The first lines of the log. */
function introduce(config: Config, warnings: readonly string[], { logger }: Log): void {
  const { version, commit } = readBuildInfo();
  logger.info(`CCProxy ${version} starts`, { pid: process.pid, commit, config: config.file });
  for (const warning of warnings) logger.warn(warning);
  if (usesSandbox(config)) {
    logger.warn('no provider key is set: the built-in sandbox answers, it is no language model');
  }
  if (config.workers > 1 && !portCanBeShared()) {
    logger.warn(`CCPROXY_ENGINE=js on Node ${process.versions.node} cannot share a port: one worker is started`);
    config.workers = 1;
  }
}

/** Runs the workers until a signal or a failed start ends them. Resolves to the exit code. */
function supervise(config: Config, port: number, log: Log, signals: EndSignals): Promise<number> {
  const { logger } = log;
  return new Promise((resolve) => {
    const supervisor = new Supervisor({
      config,
      port,
      build: readBuildInfo(),
      logger,
      onGiveUp: (reason) => {
        lastWords(log, config, reason);
        supervisor.killAll();
        resolve(1);
      },
    });
    // A bug here must not leave workers behind that nobody watches.
    process.on('uncaughtException', (error) => {
      logger.error(`the supervisor ends: ${error.stack ?? error.message}`);
      supervisor.killAll();
      resolve(1);
    });
    void signals.first.then(async (signal) => {
      logger.info(`${signal}: draining, at most ${config.shutdownTimeoutMs / 1000} s`);
      await supervisor.drain();
      logger.info('CCProxy has ended');
      resolve(0);
    });
    void signals.second.then((signal) => {
      logger.warn(`${signal} again: ending at once`);
      supervisor.killAll();
      resolve(signal === 'SIGINT' ? 130 : 143);
    });
    void supervisor.start().then(() => {
      const providers = config.providers.filter((provider) => provider.enabled).map((provider) => provider.name);
      const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
      logger.info(`listening on ${url}`, { workers: config.workers, engine: supervisor.engine, providers });
      // pm2's wait_ready, and whoever else forked this with a channel.
      if (process.connected) process.send?.('ready', () => {});
    });
  });
}

/** Without it `status` and `stop` need the address; the service itself does not. */
function writeOrWarn(path: string, proxy: RunningProxy, { logger }: Log): void {
  try {
    writePidFile(path, proxy);
  } catch (error) {
    logger.warn(`the PID file cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Why a start failed: on the terminal too, where the log goes to a file. */
function lastWords(log: Log, config: Config, reason: string): void {
  log.logger.error(`ccproxy cannot start: ${reason}`);
  if (config.logFile !== null) console.error(`ccproxy cannot start: ${redactor(secretsOf(config))(reason)}`);
}

/** The signals that end the service; listened to from the first moment, so that none has its default effect. */
class EndSignals {
  /** Resolves to its name. */
  readonly first: Promise<string>;
  /** Another one, later: the operator means it. */
  readonly second: Promise<string>;

  constructor() {
    let first = (_signal: string) => {};
    let second = first;
    this.first = new Promise((resolve) => {
      first = resolve;
    });
    this.second = new Promise((resolve) => {
      second = resolve;
    });
    let firstAtMs = Number.NaN;
    const receive = (signal: string) => {
      if (Number.isNaN(firstAtMs)) {
        firstAtMs = performance.now();
        first(signal);
      } else if (performance.now() - firstAtMs >= SAME_SIGNAL_MS) {
        second(signal);
      }
    };
    process.on('SIGINT', receive);
    process.on('SIGTERM', receive);
    // Their default would end (HUP), stop (TTIN, TTOU) or open to a debugger (USR1) the process that holds all keys.
    for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const) process.on(signal, () => {});
  }
}

/** The engine in plain JavaScript shares a port since Node 22.12 and 23.1; the native ones always do. */
function portCanBeShared(): boolean {
  if (process.env['CCPROXY_ENGINE'] !== 'js') return true;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

function usesSandbox(config: Config): boolean {
  return config.providers.some((provider) => provider.name === SANDBOX_PROVIDER_NAME && provider.baseUrl === '');
}

/** The sandbox's port is known only when it runs. */
function withSandboxPort(config: Config, port: number): Config {
  const providers = config.providers.map((provider) =>
    provider.name === SANDBOX_PROVIDER_NAME && provider.baseUrl === ''
      ? { ...provider, baseUrl: `http://127.0.0.1:${port}` }
      : provider,
  );
  return { ...config, providers };
}
