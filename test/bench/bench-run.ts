/** What the parts of a run share. */
import type { BenchProvider } from '../support/bench-provider';
import type { Reaper } from './reaper';
import type { Results } from './results';
import type { CcproxySubject } from './subjects/ccproxy';
import type { Subject } from './subjects/subject';

export interface BenchRun {
  reaper: Reaper;
  /** For files that are written on the way. */
  dir: string;
  provider: BenchProvider;
  /** All that run, the far end itself among them, in the order of the columns. */
  subjects: readonly Subject[];
  bare: Subject;
  ccproxy: CcproxySubject;
  /** Why those that should run do not, by name. */
  missing: ReadonlyMap<string, string>;
  results: Results;
}

/** Everything is compared with it. */
export const BASE = 'nginx';

/** Names subject and row in the message of a failure. */
export async function about<T>(subject: string, row: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${subject}, ${row}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
