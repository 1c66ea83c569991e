/**
 * Preloaded into every process of a proxy (see start.ts): writes down when it comes to which point of its start, as lines
 * `ROLE PID POINT MILLISECONDS` in the file that `CCPROXY_START_MARKS` names. The clock is the same in all of them.
 */
import * as childProcess from 'node:child_process';
import { appendFileSync } from 'node:fs';

const file = process.env['CCPROXY_START_MARKS'] ?? '/dev/null';
const script = process.argv[1] ?? '';
const role = script.endsWith('cli.js') ? 'supervisor' : script.includes('sandbox') ? 'sandbox' : 'worker';

function mark(point: string, value: number): void {
  appendFileSync(file, `${role} ${process.pid} ${point} ${value}\n`);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** What its start has cost so far; later it serves. */
function markCosts(): void {
  const { user, system } = process.cpuUsage();
  mark('cpu', (user + system) / 1000);
  mark('files', Object.keys(require.cache).length);
}

mark('up', now());
// Runs when the main module has been loaded.
process.nextTick(() => mark('loaded', now()));

const { fork } = childProcess;
Object.assign(require('node:child_process') as typeof childProcess, {
  fork: (...args: Parameters<typeof fork>) => {
    mark(String(args[0]).includes('sandbox') ? 'forks-sandbox' : 'forks', now());
    const child = fork(...args);
    child.once('message', markCosts);
    return child;
  },
});

const { send } = process;
if (send !== undefined) {
  process.send = (...args: unknown[]) => {
    const { type } = args[0] as { type: string }; // Of protocol.ts.
    if (type === 'ready' || type === 'sandbox_ready') {
      mark('ready', now());
      markCosts();
    }
    return Reflect.apply(send, process, args);
  };
}
