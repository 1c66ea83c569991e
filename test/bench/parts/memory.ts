/** Memory of all processes of a subject. */
import { BASE, type BenchRun } from '../bench-run';
import { memoryOf } from '../measure';

/** @param when such as `at the start` */
export function noteMemory({ subjects, missing, results }: BenchRun, when: string): void {
  const name = { table: 'memory of all processes', unit: 'MiB', base: BASE };
  for (const subject of subjects) {
    const { rssBytes, pssBytes } = memoryOf(subject.pids());
    results.note({ ...name, row: `RSS ${when}` }, subject.name, rssBytes / 2 ** 20);
    if (pssBytes !== null) results.note({ ...name, row: `PSS ${when}` }, subject.name, pssBytes / 2 ** 20);
  }
  for (const subject of missing.keys()) {
    for (const kind of ['RSS', 'PSS']) results.note({ ...name, row: `${kind} ${when}` }, subject, 'not measured');
  }
}
