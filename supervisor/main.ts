/** The supervisor process: wiring, signals, readiness. No request ever passes through it. */
import type { Config } from '../shared/config/config';
import { secretsOf } from '../shared/config/secrets';
import { createLog, type Log, redactor } from '../shared/logger';
import { SANDBOX_PROVIDER_NAME } from '../shared/sandbox';
import { readBuildInfo } from '../shared/version';
import { type AddressClaim, claimAddress } from './address-claim';
import { PROCESS_TITLE, pidFilePath, removePidFile, writePidFile } from './pid-file';
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
  try {
    const claim = await claimAddress(config.host, config.port);
    return await supervise(config, warnings, log, claim);
  } catch (error) {
    lastWords(log, config, error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await log.close();
  }
}

async function supervise(config: Config, warnings: readonly string[], log: Log, claim: AddressClaim): Promise<number> {
  const { logger } = log;
  const build = readBuildInfo();
  logger.info(`CCProxy ${build.version} starts`, { pid: process.pid, commit: build.commit, config: config.file });
  for (const warning of warnings) logger.warn(warning);

  if (config.workers > 1 && !portCanBeShared()) {
    logger.warn(`CCPROXY_ENGINE=js on Node ${process.versions.node} cannot share a port: one worker is started`);
    config.workers = 1;
  }
  const sandbox = usesSandbox(config) ? new SandboxHandle(logger) : null;
  const effective = sandbox === null ? config : withSandboxPort(config, await sandbox.start());
  if (sandbox !== null) logger.warn('no provider key is set: the built-in sandbox answers, it is no language model');

  return await new Promise<number>((resolve) => {
    const pidFile = pidFilePath(config.port);
    const end = (code: number) => {
      removePidFile(pidFile);
      sandbox?.stop();
      claim.release();
      resolve(code);
    };
    const supervisor = new Supervisor({
      config: effective,
      port: claim.port,
      build,
      logger,
      onGiveUp: (reason) => {
        lastWords(log, config, reason);
        supervisor.killAll();
        end(1);
      },
    });
    onEndSignals({
      first: (signal) => {
        logger.info(`${signal}: draining, at most ${config.shutdownTimeoutMs / 1000} s`);
        void supervisor.drain().then(() => {
          logger.info('CCProxy has ended');
          end(0);
        });
      },
      second: (signal) => {
        logger.warn(`${signal} again: ending at once`);
        supervisor.killAll();
        end(signal === 'SIGINT' ? 130 : 143);
      },
    });
    void supervisor.start().then(() => {
      const { host } = config;
      const { port } = claim;
      writePidFile(pidFile, { pid: process.pid, host, port });
      const providers = effective.providers.filter((provider) => provider.enabled).map((provider) => provider.name);
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      logger.info(`listening on ${url}`, { workers: config.workers, engine: supervisor.engine, providers });
      // pm2's wait_ready, and whoever else forked this with a channel.
      process.send?.('ready');
    });
  });
}

/** Why a start failed: on the terminal too, where the log goes to a file. */
function lastWords(log: Log, config: Config, reason: string): void {
  log.logger.error(`ccproxy cannot start: ${reason}`);
  if (config.logFile !== null) console.error(`ccproxy cannot start: ${redactor(secretsOf(config))(reason)}`);
}

function onEndSignals(react: { first: (signal: string) => void; second: (signal: string) => void }): void {
  let firstAtMs: number | null = null;
  const receive = (signal: string) => {
    const now = performance.now();
    if (firstAtMs === null) {
      firstAtMs = now;
      react.first(signal);
    } else if (now - firstAtMs >= SAME_SIGNAL_MS) {
      react.second(signal);
    }
  };
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
  // Their default would end (HUP), stop (TTIN, TTOU) or open to a debugger (USR1) the process that holds all keys.
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const) process.on(signal, () => {});
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
