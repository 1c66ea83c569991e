/** The supervisor process: wiring, signals, readiness. No request ever passes through it. */
import type { Config } from '../shared/config/config';
import { configHash, type HashedConfig } from '../shared/config/hash';
import { formatProblem, type LoadedConfig, type LoadResult, secretsOf } from '../shared/config/load';
import { checkLogFile, createLog, type Log, redactor } from '../shared/logger';
import { readBuildInfo } from '../shared/version';
import { type AddressClaim, claimAddress } from './address-claim';
import { PROCESS_TITLE, pidFilePath, type RunningProxy, removePidFile, writePidFile } from './pid-file';
import { SandboxHandle } from './sandbox-handle';
import { ServiceNotifier } from './service-notifier';
import { Signals } from './signals';
import { Supervisor } from './supervisor';

/**
 * Runs until a signal ends it. Resolves to the exit code.
 * @param load reads the configuration again in the way that `loaded` was read, for a reload
 */
export async function runSupervisor(loaded: LoadedConfig, load: () => LoadResult): Promise<number> {
  process.title = PROCESS_TITLE;
  const { config } = loaded;
  try {
    checkLogFile(config.logFile);
  } catch (error) {
    console.error(`ccproxy cannot start: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const log = createLog({
    level: config.logLevel,
    file: config.logFile,
    process: 'supervisor',
    secrets: secretsOf(config),
  });
  const signals = new Signals();
  const sandbox = new SandboxHandle(log.logger);
  let claim: AddressClaim | null = null;
  const pidFile = pidFilePath(config.port);
  try {
    claim = await claimAddress(config.host, config.port);
    writeOrWarn(pidFile, { pid: process.pid, host: config.host, port: claim.port }, log);
    const prepare = async (wanted: LoadedConfig) => ({
      ...(await sandbox.provide(asEngineAllows(wanted.config, log))),
      port: claim?.port ?? config.port,
    });
    const prepared = await Promise.race([prepare(loaded), signals.first]);
    // Told to end before anything served.
    if (typeof prepared === 'string') return 0;
    const reload = async () => {
      const next = reloadable(load(), config);
      checkLogFile(next.config.logFile);
      log.hide(secretsOf(next.config));
      for (const warning of next.warnings) log.logger.warn(warning);
      return { config: await prepare(next), hash: configHash(next.config) };
    };
    const hash = () => configHash(config);
    return await supervise({ loaded: { ...loaded, config: prepared }, hash, reload, sandbox, log, signals });
  } catch (error) {
    lastWords(log, config, error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    removePidFile(pidFile);
    sandbox.stop();
    claim?.release();
    await log.close();
  }
}

/** The first lines of the log. */
function introduce({ config, warnings }: LoadedConfig, { logger }: Log): void {
  const { version, commit } = readBuildInfo();
  logger.info(`CCProxy ${version} starts`, { pid: process.pid, commit, config: config.file });
  for (const warning of warnings) logger.warn(warning);
}

/** The engine in plain JavaScript cannot share a port on every Node: then there is one worker. */
function asEngineAllows(config: Config, { logger }: Log): Config {
  if (config.workers === 1 || portCanBeShared()) return config;
  logger.warn(`CCPROXY_ENGINE=js on Node ${process.versions.node} cannot share a port: one worker is started`);
  return { ...config, workers: 1 };
}

/** @throws Error with every mistake, or with what a running proxy cannot change */
function reloadable(loaded: LoadResult, running: Config): LoadedConfig {
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('; '));
  for (const key of ['host', 'port'] as const) {
    const [from, to] = [running[key], loaded.config[key]];
    if (from !== to) throw new Error(`${key}: a reload cannot change it from ${from} to ${to}; that takes a restart`);
  }
  return loaded;
}

interface Service {
  loaded: LoadedConfig;
  hash: () => string;
  reload: () => Promise<HashedConfig>;
  sandbox: SandboxHandle;
  log: Log;
  signals: Signals;
}

/** Runs the workers until a signal or a failed start ends them. Resolves to the exit code. */
function supervise({ loaded, hash, reload, sandbox, log, signals }: Service): Promise<number> {
  const { config } = loaded;
  const { logger } = log;
  const notifier = new ServiceNotifier(logger);
  return new Promise((resolve) => {
    const supervisor = new Supervisor({
      config,
      hash,
      build: readBuildInfo(),
      logger,
      loadConfig: () => {
        notifier.reloading();
        return reload();
      },
      reloaded: (next) => {
        if (next !== null) log.reconfigure({ level: next.logLevel, file: next.logFile, secrets: secretsOf(next) });
        notifier.reloaded(next === null ? 'the last reload failed' : 'serving');
      },
      inUse: (configs) => sandbox.keepFor(configs),
      tick: () => notifier.alive(),
      giveUp: (reason) => {
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
      logger.info(`${signal}: draining`);
      notifier.stopping();
      await supervisor.drain();
      logger.info('CCProxy has ended');
      resolve(0);
    });
    void signals.second.then((signal) => {
      logger.warn(`${signal} again: ending at once`);
      supervisor.killAll();
      resolve(signal === 'SIGINT' ? 130 : 143);
    });
    signals.reload = () => void supervisor.reload();
    signals.step = (by) => supervisor.step(by);
    void supervisor.start().then((serves) => {
      if (!serves) return;
      const { host, port, workers } = config;
      const providers = config.providers.filter((provider) => provider.enabled).map((provider) => provider.name);
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      logger.info(`listening on ${url}`, { workers, engine: supervisor.engine, providers });
      notifier.ready(`listening on ${url}`);
      // pm2's wait_ready, and whoever else forked this with a channel.
      if (process.connected) process.send?.('ready', () => {});
    });
    // The first lines load what writes them: the workers boot meanwhile.
    introduce(loaded, log);
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

/** The engine in plain JavaScript shares a port since Node 22.12 and 23.1; the native ones always do. */
function portCanBeShared(): boolean {
  if (process.env['CCPROXY_ENGINE'] !== 'js') return true;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
