/** What is measured: a proxy, started in front of the far end, or the far end itself. */
import type { BenchProvider } from '../../support/bench-provider';
import type { Reaper } from '../reaper';

/** How a request must look to be sent on to the far end. */
export interface Subject {
  /** The title of its column. */
  name: string;
  /** Without a trailing slash. */
  url: string;
  /** Beside the content type. */
  headers: Record<string, string>;
  /** What a client names to get this model of the far end. */
  model(name: string): string;
  /** Its answers are not the far end's bytes: it speaks another dialect to it. */
  translates: boolean;
  /** Takes milliseconds for a request: measured by few of them, in the small cases only. */
  slow: boolean;
  /** Its code is compiled while it runs. */
  warmsUp: boolean;
  /** All its processes now. */
  pids(): number[];
  stop(): Promise<void>;
}

export interface Surroundings {
  provider: BenchProvider;
  reaper: Reaper;
}

/** Of `http://127.0.0.1:PORT`. */
export function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** A proxy that changes nothing and wants no key. */
export function plainProxy(name: string, port: number, server: { pid: number; stop: Subject['stop'] }): Subject {
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    headers: {},
    model: (asked) => asked,
    translates: false,
    slow: false,
    warmsUp: false,
    pids: () => [server.pid],
    stop: server.stop,
  };
}
