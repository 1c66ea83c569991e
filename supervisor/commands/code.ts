/** `ccproxy code -- ARGS`: Claude Code through the proxy; a proxy is started in the background when none runs. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../shared/config/config';
import { addressOf, ask, urlOf } from './client';
import { type ConfigFlags, loadOrExplain } from './configuration';

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

export async function code(flags: ConfigFlags, args: readonly string[]): Promise<number> {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return 1;
  const { config } = loaded;
  if (!isInPath('claude')) {
    console.error('ccproxy: there is no "claude" in the PATH; npm i -g @anthropic-ai/claude-code installs it');
    return 1;
  }
  if ((await ask(config, '/readyz'))?.status !== 200 && !(await startInBackground(config, flags))) return 1;
  return runClaude(config, args);
}

async function startInBackground(config: Config, flags: ConfigFlags): Promise<boolean> {
  const folder = join(homedir(), '.ccproxy');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, 'ccproxy.log');
  const log = openSync(logFile, 'a', 0o600);
  const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [join(__dirname, '..', 'cli.js'), 'start', ...given], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  let ended = false;
  child.on('exit', () => {
    ended = true;
  });
  child.unref();
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!ended && performance.now() < deadline) {
    if ((await ask(config, '/readyz'))?.status === 200) {
      console.error(`ccproxy: started in the background (PID ${child.pid}, log ${logFile}); "ccproxy stop" ends it`);
      return true;
    }
    await delay(POLL_MS);
  }
  console.error(`ccproxy: the proxy did not start; ${logFile} says why`);
  return false;
}

function runClaude(config: Config, args: readonly string[]): Promise<number> {
  const child = spawn('claude', args, { stdio: 'inherit', env: claudeEnvironment(config) });
  // A Ctrl-C is Claude Code's to handle: it reaches the whole process group.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`ccproxy: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

function isInPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function claudeEnvironment(config: Config): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, ANTHROPIC_BASE_URL: urlOf(addressOf(config)) };
  // With passthrough the client's own credential is what the provider wants: it stays as it is.
  const passthrough = config.providers.some((provider) => provider.enabled && provider.passthroughKey);
  if (config.apiKey !== null || !passthrough) environment['ANTHROPIC_AUTH_TOKEN'] = config.apiKey ?? 'ccproxy';
  if (!passthrough) delete environment['ANTHROPIC_API_KEY'];
  return environment;
}
