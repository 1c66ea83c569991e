/**
 * Ends what a benchmark started and removes what it wrote, however the benchmark itself ends, SIGKILL included: a process
 * of its own that is told of every group and directory, and acts when its parent is gone. It leads its own session, so
 * that Ctrl-C does not reach it.
 */
import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, membersOfGroup } from '../support/processes';
import { eventually } from '../support/wait';

type Order = { started: number } | { ended: number } | { made: string };

export class Reaper {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  /** Also ends this process by SIGINT, SIGTERM and SIGHUP, everything cleaned up before. */
  constructor() {
    this.#child = fork(__filename, { detached: true, env: { ...process.env, CCPROXY_BENCH_REAPER: '1' } });
    this.#gone = once(this.#child, 'exit');
    const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        void this.finish().then(() => process.exit(signals[signal]));
      });
    }
  }

  /** Starts a program as the leader of a group of its own. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn(program, args, { ...options, detached: true });
    if (child.pid !== undefined) this.watch(child.pid);
    return child;
  }

  /** Ends this group too, some day. */
  watch(group: number): void {
    this.#tell({ started: group });
  }

  /** Ends a group, and waits until nobody of it is left. */
  async end(group: number): Promise<void> {
    killGroup(group);
    await eventually(() => membersOfGroup(group).length === 0, { what: `the end of process group ${group}` });
    this.#tell({ ended: group });
  }

  /** An empty directory, removed at the end. */
  directory(): string {
    const dir = mkdtempSync(join(tmpdir(), 'ccproxy-bench-'));
    this.remove(dir);
    return dir;
  }

  /** Removes this one too, at the end. */
  remove(dir: string): void {
    this.#tell({ made: dir });
  }

  /** Ends and removes everything. */
  async finish(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#gone;
  }

  #tell(order: Order): void {
    if (this.#child.connected) this.#child.send(order);
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

function reap(): void {
  const groups = new Set<number>();
  const directories = new Set<string>();
  process.on('message', (order: Order) => {
    if ('started' in order) groups.add(order.started);
    else if ('ended' in order) groups.delete(order.ended);
    else directories.add(order.made);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('disconnect', () => {
    for (const group of groups) killGroup(group);
    const gone = () => [...groups].every((group) => !isAlive(group) && membersOfGroup(group).length === 0);
    void eventually(gone, { what: 'the end of all processes' })
      .catch(() => {})
      .then(() => {
        for (const dir of directories) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
        process.exit(0);
      });
  });
}

if (process.env['CCPROXY_BENCH_REAPER'] === '1') reap();
