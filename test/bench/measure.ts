/** What processes use, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of these processes, microseconds (the kernel counts nanoseconds: proc(5), schedstat). */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    }
  }
  return nanos / 1000;
}

/**
 * How much of all processors' time the host has given to others, from now on: where it does, everything stands still, and
 * what is late is nobody's fault here.
 * @returns tells the share so far, 0 to 1 (proc(5), stat: `steal`)
 */
export function watchSteal(): () => number {
  const before = machineTicks();
  return () => {
    const now = machineTicks();
    return (now.stolen - before.stolen) / Math.max(1, now.all - before.all);
  };
}

function machineTicks(): { stolen: number; all: number } {
  const [cpu = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are users, too.
  const ticks = cpu.trim().split(/\s+/).slice(1, 9).map(Number);
  return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, one) => sum + one, 0) };
}

export interface Memory {
  rssBytes: number;
  /** Pages that several processes share are divided among them. Null where the kernel does not tell. */
  pssBytes: number | null;
}

export function memoryOf(pids: readonly number[]): Memory {
  const sum: Memory = { rssBytes: 0, pssBytes: 0 };
  for (const pid of pids) {
    sum.rssBytes += kibibytes(`/proc/${pid}/status`, 'VmRSS') ?? 0;
    const pss = kibibytes(`/proc/${pid}/smaps_rollup`, 'Pss');
    sum.pssBytes = pss === null || sum.pssBytes === null ? null : sum.pssBytes + pss;
  }
  return sum;
}

/** Bytes of a line `NAME: 123 kB`. */
function kibibytes(file: string, name: string): number | null {
  try {
    const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8')) ?? [];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
