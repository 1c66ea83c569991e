/** Starts a child that cannot outlive this process. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';

/**
 * A child ends by itself when it sees the channel to its parent close. One that is stopped, or whose event loop is
 * blocked, sees nothing: there the kernel has to do it. Node cannot ask for a parent-death signal, util-linux' setpriv
 * can, and becomes the program that it is given.
 */
const DEATH_SIGNAL = ['setpriv', '--pdeathsig', 'KILL'] as const;

let hasDeathSignal: boolean | null = null;

export interface ChildOptions {
  args?: readonly string[];
  /** Options for Node, before those that this process was started with: of two the last one counts. */
  nodeOptions?: readonly string[];
  /** Added to this process's own; `undefined` takes away. */
  environment?: Readonly<Record<string, string | undefined>>;
}

export function forkChild(
  module: string,
  { args = [], nodeOptions = [], environment = {} }: ChildOptions,
): ChildProcess {
  hasDeathSignal ??= canSetDeathSignal();
  const [program, ...options] = DEATH_SIGNAL;
  const execArgv = [...nodeOptions, ...process.execArgv];
  return fork(module, args, {
    // systemd hears from the supervisor alone.
    env: { ...process.env, NOTIFY_SOCKET: undefined, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    ...(hasDeathSignal ? { execPath: program, execArgv: [...options, process.execPath, ...execArgv] } : { execArgv }),
  });
}

/** What this process's Node was started with; its children get the same. */
export function ownNodeOptions(): string {
  return [process.env['NODE_OPTIONS'] ?? '', ...process.execArgv].join(' ');
}

/** Busybox' setpriv and other systems' have no such option; without it only a hung child outlives its parent. */
function canSetDeathSignal(): boolean {
  if (process.platform !== 'linux') return false;
  const [program, ...options] = DEATH_SIGNAL;
  return spawnSync(program, [...options, 'true'], { stdio: 'ignore', timeout: 2000 }).status === 0;
}
