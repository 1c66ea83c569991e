/** What the kernel says of processes (Linux, /proc). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { eventually } from './wait';

interface Stat {
  parent: number;
  state: string;
  group: number;
}

/** Fields of /proc/PID/stat; the name before them may itself have spaces and parentheses. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent), group: Number(group) };
  } catch {
    return null;
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Whether that process runs. A zombie does not. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether that process is stopped (SIGSTOP). */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === 'T';
}

/** When processes ended, in `performance.now()`: after `aliveAtMs` and not after `goneAtMs`, however slow the looking was. */
export interface Ending {
  /** The last look at which one of them ran. */
  aliveAtMs: number;
  /** The first at which none did. */
  goneAtMs: number;
}

/** Waits until none of them runs. @throws Error after `timeoutMs` */
export async function endingOf(pids: readonly number[], timeoutMs = 10_000): Promise<Ending> {
  const ending: Ending = { aliveAtMs: performance.now(), goneAtMs: 0 };
  const gone = () => {
    const lookedAtMs = performance.now();
    const alive = pids.filter(isAlive);
    if (alive.length > 0) ending.aliveAtMs = lookedAtMs;
    else ending.goneAtMs = performance.now();
    return alive.length === 0;
  };
  await eventually(gone, { timeoutMs, intervalMs: 5, what: `the end of the processes ${pids.join(', ')}` });
  return ending;
}

/** Whether that process has yet to take a signal that it was sent. */
export function hasPendingSignals(pid: number): boolean {
  const [, own, shared] =
    /^SigPnd:\s+([0-9a-f]+)\nShdPnd:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return [own, shared].some((mask) => mask === undefined || /[1-9a-f]/.test(mask));
}

/** Children that run now, in ascending order. */
export function childrenOf(pid: number): number[] {
  return allPids()
    .filter((child) => statOf(child)?.parent === pid && isAlive(child))
    .sort((a, b) => a - b);
}

/** Children, their children, and so on. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Processes of that group that run now. */
export function membersOfGroup(group: number): number[] {
  return allPids().filter((pid) => statOf(pid)?.group === group && isAlive(pid));
}

/** Arguments of the process, as it shows them. Empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Resident memory. @throws Error when there is no such process */
export function rssBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`process ${pid} has no memory`);
  return Number(kib) * 1024;
}

/** How many file descriptors are sockets. @throws Error when there is no such process */
export function openSockets(pid: number): number {
  return openFiles(pid).filter((target) => target.startsWith('socket:')).length;
}

/** What the file descriptors point at. @throws Error when there is no such process */
export function openFiles(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  return readdirSync(dir).flatMap((fd) => {
    try {
      return [readlinkSync(`${dir}/${fd}`)];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}

/** SIGKILL; a process that has just ended by itself is what was wanted. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
