/**
 * The child process: boots from the supervisor's `configure` message, serves, beats, drains when told to, and ends when
 * the supervisor is lost. Signals are the supervisor's: a terminal's Ctrl-C reaches the whole group, so they are ignored.
 */
import { secretsOf } from '../shared/config/secrets';
import { createLog, type Log } from '../shared/logger';
import type { ConfigureMessage, SupervisorMessage } from '../shared/protocol';
import { loadEngine } from './http/engine';
import { SupervisorLink } from './link';
import { Worker } from './worker';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const) {
  process.on(signal, () => {});
}

let log: Log | null = null;
let worker: Worker | null = null;

const link = new SupervisorLink(receive, () => process.exit(1));

function receive(message: SupervisorMessage): void {
  if (message.type === 'configure') boot(message);
  else worker?.receive(message);
}

function boot(message: ConfigureMessage): void {
  const { config, identity } = message;
  const name = `worker ${identity.slot}`;
  process.title = `ccproxy: ${name}`;
  try {
    log = createLog({ level: config.logLevel, file: config.logFile, process: name, secrets: secretsOf(config) });
    worker = new Worker({ config, identity, name, engine: loadEngine(), link, log });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    link.sendLast({ type: 'boot_failed', reason }, () => process.exit(1));
  }
}

// A bug must not leave a worker half alive: its last words, its last counts, and out. The supervisor replaces it.
process.on('uncaughtException', (error) => {
  log?.logger.error(`worker ends: ${error.stack ?? error.message}`);
  const last = worker;
  if (last === null) process.exit(1);
  // What this turn of the event loop brought is accounted for at its end.
  setImmediate(() => last.reportLast(() => process.exit(1)));
  setTimeout(() => process.exit(1), 500);
});
