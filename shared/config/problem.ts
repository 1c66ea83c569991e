import { distance } from 'fastest-levenshtein';

/** Where a value stands in the file: member names and list indices from the root. */
export type Path = readonly (string | number)[];

/** One mistake in the configuration. Never holds a secret or a value taken from the environment. */
export interface ConfigProblem {
  /** The file as shown to the user (relative to the working directory where it lies in it); null: not from a file. */
  file: string | null;
  /** Line in that file, from 1; null where there is none. */
  line: number | null;
  /** `providers[0].name`, the name of an environment variable, or a flag such as `--port`. May be empty. */
  path: string;
  /** What is wrong and what to do about it. */
  message: string;
}

/** One line for people: `ccproxy.json:12: porviders: unknown key, did you mean "providers"?`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.file === null ? '' : problem.line === null ? problem.file : `${problem.file}:${problem.line}`;
  return [place, problem.path, problem.message].filter((part) => part !== '').join(': ');
}

/** `['routes', 'gpt-4.1', 'model']` → `routes["gpt-4.1"].model`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[\w$-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** The candidate that `name` was probably meant to be, or undefined where none is near enough. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[_\s-]/g, '');
  const wanted = plain(name);
  const limit = Math.min(3, Math.max(1, Math.round(wanted.length * 0.4)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const apart = distance(wanted, plain(candidate));
    if (apart < bestDistance) {
      best = candidate;
      bestDistance = apart;
    }
  }
  return best;
}

/** `, did you mean "x"?` or nothing. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = closest(name, candidates);
  return near === undefined ? '' : `, did you mean ${JSON.stringify(near)}?`;
}
