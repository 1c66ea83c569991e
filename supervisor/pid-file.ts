/**
 * Tells `ccproxy status`, `stop` and `code` where the running proxy is. One file for each configured port:
 * `~/.ccproxy/run/PORT.json`, or what `CCPROXY_PID_FILE` names.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export interface RunningProxy {
  pid: number;
  host: string;
  port: number;
}

/** @param configuredPort the port of the configuration, 0 included: `status` with the same configuration finds it */
export function pidFilePath(configuredPort: number): string {
  return process.env['CCPROXY_PID_FILE'] ?? join(homedir(), '.ccproxy', 'run', `${configuredPort}.json`);
}

/** Replaces the file whole: a reader never sees half of it. */
export function writePidFile(path: string, proxy: RunningProxy): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(proxy)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Removes the file if it is still this process's. */
export function removePidFile(path: string): void {
  if (readPidFile(path)?.pid === process.pid) rmSync(path, { force: true });
}

/** What the file says, or null when there is none that can be read. */
export function readPidFile(path: string): RunningProxy | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { pid, host, port } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof port !== 'number') return null;
    return { pid, host, port };
  } catch {
    return null;
  }
}

/** What a supervisor calls itself in the process list. */
export const PROCESS_TITLE = 'ccproxy: supervisor';

/** A title cannot be longer than the command line that it replaces: only its beginning is sure to be there. */
const TITLE_PREFIX = 'ccproxy: su'.length;

/** Whether that process still is a supervisor: after a crash its PID may belong to somebody else. */
export function isSupervisor(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(PROCESS_TITLE.slice(0, TITLE_PREFIX));
  } catch {
    return process.platform !== 'linux' && isAlive(pid);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
