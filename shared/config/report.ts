import type { Position } from './document';
import { type ConfigProblem, formatProblem, type Path, pathText } from './problem';

/** Where a report finds what it needs to name places in the file. */
export interface Source {
  /** The file as shown to the user, or null without one. */
  file: string | null;
  locate(path: Path): Position;
  /** From a place in the respelled configuration to the one in the file. */
  sourceOf(path: Path): Path;
}

/** Collects what is wrong with one configuration, and keeps what must not be seen out of the words. */
export class Report {
  private readonly found: (ConfigProblem & { order: number })[] = [];
  private readonly reported = new Set<string>();
  private readonly hidden = new Map<string, string[]>();
  readonly warnings: string[] = [];
  /** Names of members of the root that nobody knows. */
  readonly unknownKeys: string[] = [];

  constructor(private readonly source: Source) {}

  /**
   * A mistake at a place in the configuration. A place, or what is inside it, is complained about once.
   *
   * @param written the place in the file, where the caller knows it
   */
  problem(path: Path, message: string, written: Path = this.source.sourceOf(path)): void {
    if (this.isReported(path)) return;
    this.reported.add(pathText(path));
    const line = this.lineOf(written);
    this.found.push({ file: this.source.file, line, path: pathText(written), message, order: line ?? 0 });
  }

  /** A mistake of the file's text, at a line rather than a place. */
  problemAt(line: number, path: Path, message: string): void {
    this.reported.add(pathText(path));
    this.found.push({ file: this.source.file, line, path: pathText(path), message, order: line });
  }

  /** A mistake in an environment variable or a flag. */
  problemOutside(name: string, message: string): void {
    this.found.push({ file: null, line: null, path: name, message, order: Number.POSITIVE_INFINITY });
  }

  /** Something that is no mistake but that its author should know; `written` as in `problem`. */
  warn(path: Path, message: string, written: Path = this.source.sourceOf(path)): void {
    const line = this.lineOf(written);
    this.warnings.push(formatProblem({ file: this.source.file, line, path: pathText(written), message }));
  }

  warnOutside(name: string, message: string): void {
    this.warnings.push(formatProblem({ file: null, line: null, path: name, message }));
  }

  /** Whether this place or one around it already has a mistake. */
  isReported(path: Path): boolean {
    if (this.reported.has('')) return true;
    return path.some((_, index) => this.reported.has(pathText(path.slice(0, index + 1))));
  }

  /** From now on the text at `path`, which came from these environment variables, is not shown. */
  hide(path: Path, names: string[]): void {
    this.hidden.set(pathText(path), names);
  }

  isHidden(path: Path): boolean {
    return this.namesBehind(path) !== undefined;
  }

  /** How a value is called in a message: itself, shortened, or the variable that it came from. */
  show(path: Path, value: unknown): string {
    const names = this.namesBehind(path);
    if (names !== undefined) return `the value of ${names.map((name) => `$${name}`).join(' and ')}`;
    if (value === undefined) return 'nothing';
    if (Array.isArray(value)) return 'a list';
    if (typeof value === 'object' && value !== null) return 'an object';
    const text = JSON.stringify(value) ?? 'nothing';
    return text.length > 80 ? `${text.slice(0, 77)}…` : text;
  }

  /** In the order of the file; variables and flags last. */
  problems(): ConfigProblem[] {
    const sorted = [...this.found].sort((a, b) => (a.order === b.order ? 0 : a.order - b.order));
    return sorted.map(({ file, line, path, message }) => ({ file, line, path, message }));
  }

  private lineOf(written: Path): number | null {
    return this.source.file === null ? null : this.source.locate(written).line;
  }

  private namesBehind(path: Path): string[] | undefined {
    for (let length = path.length; length > 0; length--) {
      const names = this.hidden.get(pathText(path.slice(0, length)));
      if (names !== undefined) return names;
    }
    return undefined;
  }
}
