/** `ccproxy stop`: drains the running proxy and waits for its end. */
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, isSupervisor, pidFilePath, readPidFile } from '../pid-file';
import { type ConfigFlags, loadOrExplain } from './configuration';

/** Beyond the drain limit: what a supervisor needs to end its workers and itself. */
const GRACE_MS = 5000;
const POLL_MS = 50;

export async function stop(flags: ConfigFlags): Promise<number> {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return 1;
  const running = readPidFile(pidFilePath(loaded.config.port));
  if (running === null || !isSupervisor(running.pid)) {
    console.log('not running');
    return 0;
  }
  process.kill(running.pid, 'SIGTERM');
  const deadline = performance.now() + loaded.config.shutdownTimeoutMs + GRACE_MS;
  while (isAlive(running.pid)) {
    if (performance.now() > deadline) {
      console.error(
        `ccproxy: PID ${running.pid} did not end in time; "kill -9 ${running.pid}" ends it, and its workers with it`,
      );
      return 1;
    }
    await delay(POLL_MS);
  }
  console.log(`stopped (PID ${running.pid})`);
  return 0;
}
