/** The output of a child process, line by line, as it comes. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { deadline } from './wait';

export class OutputLines {
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly #ends = new Set<(reason: Error) => void>();
  #ended: Error | null = null;
  /** Resolves when all streams are closed. */
  readonly closed: Promise<unknown>;

  constructor(streams: readonly Readable[]) {
    this.closed = Promise.all(streams.map((stream) => once(stream, 'close').catch(() => {})));
    for (const stream of streams) this.#follow(stream);
  }

  #follow(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) this.#add(line);
    });
    stream.on('close', () => {
      if (rest !== '') this.#add(rest);
      rest = '';
    });
  }

  #add(line: string): void {
    this.#lines.push(line);
    for (const listener of this.#listeners) listener(line);
  }

  /** Everything so far. */
  text(): string {
    return this.#lines.join('\n');
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Nothing more is expected: those who wait learn the reason. */
  end(reason: string): void {
    this.#ended = new Error(reason);
    for (const end of this.#ends) end(this.#ended);
  }

  /** The first line that matches, printed already or yet to come. @throws Error at the end, or after `timeoutMs` */
  async waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    for (const line of this.#lines) {
      const match = matchOf(pattern, line);
      if (match !== null) return match;
    }
    if (this.#ended !== null) throw new Error(`${this.#ended.message} without a line ${pattern}:\n${this.text()}`);
    let listener: (line: string) => void = () => {};
    let end: (reason: Error) => void = () => {};
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      listener = (line) => {
        const match = matchOf(pattern, line);
        if (match !== null) resolve(match);
      };
      end = reject;
    });
    this.#listeners.add(listener);
    this.#ends.add(end);
    try {
      return await deadline(found, timeoutMs, `a line ${pattern}`);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${this.text()}`);
    } finally {
      this.#listeners.delete(listener);
      this.#ends.delete(end);
    }
  }
}

/** Whatever position a global pattern may remember. */
function matchOf(pattern: RegExp, line: string): RegExpExecArray | null {
  pattern.lastIndex = 0;
  return pattern.exec(line);
}
