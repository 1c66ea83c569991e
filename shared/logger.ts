/**
 * The log: JSON lines, or short and coloured on a terminal. Secrets are removed from every line, wherever they come
 * from; whoever makes lines of his own does that as well.
 *
 * What writes it, winston, is loaded with the first line: it is a third of all that a process loads, and nothing in a start
 * waits for it.
 */
import { closeSync, openSync } from 'node:fs';
import type { OpenLog } from './winston-log';

/** Whoever may read the configuration may read a log file, and nobody else. */
export const LOG_FILE_MODE = 0o640;

/** What is used of winston's logger. */
export interface Logger {
  error(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  info(message: string, details?: object): void;
  debug(message: string, details?: object): void;
  isDebugEnabled(): boolean;
}

export interface LogOptions {
  level: string;
  /** A file that gets JSON lines, instead of standard output. */
  file: string | null;
  /** Who speaks: `supervisor`, `worker 1`, `sandbox`. */
  process: string;
  /** Values that must never appear. */
  secrets: readonly string[];
}

/** One logger for a process, and a way past its formatting for lines that are made elsewhere. */
export interface Log {
  logger: Logger;
  /** Loads what writes it, now rather than with the first line. */
  open(): void;
  /** Short, coloured lines for a terminal, not JSON. */
  pretty: boolean;
  /** Writes finished lines (with their line ends) through the same transport. No secret is looked for in them. */
  writeRaw(lines: string): void;
  /** Goes on with another level and another file (or the same one, opened anew), and removes these secrets too. */
  reconfigure(options: Pick<LogOptions, 'level' | 'file' | 'secrets'>): void;
  /** Removes these too, from now on. */
  hide(secrets: readonly string[]): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** @throws Error when that file cannot be written: better before anything depends on it than with the first line */
export function checkLogFile(file: string | null): void {
  if (file === null) return;
  try {
    closeSync(openSync(file, 'a', LOG_FILE_MODE));
  } catch (error) {
    throw new Error(`log_file: it cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function createLog(options: LogOptions): Log {
  // Writes that had to wait would leave joined, and a pipe takes no more than 4 KiB in one piece: lines of several
  // processes would mix.
  Object.assign(process.stdout, { _writev: null });
  // A terminal that was closed, a reader that went away: the log is lost, the service is not.
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  }
  let opened: OpenLog | null = null;
  const open = (): OpenLog => {
    opened ??= (require('./winston-log') as typeof import('./winston-log')).openLog(options);
    return opened;
  };
  const say = (level: 'error' | 'warn' | 'info' | 'debug') => (message: string, details?: object) =>
    orComplain(() => open().logger[level](message, details));
  return {
    logger: {
      error: say('error'),
      warn: say('warn'),
      info: say('info'),
      debug: say('debug'),
      isDebugEnabled: () => opened?.logger.isDebugEnabled() ?? options.level === 'debug',
    },
    pretty: writesShortLines(options.file),
    open: () => orComplain(open),
    writeRaw: (lines) => orComplain(() => open().writeRaw(lines)),
    reconfigure: (changes) => open().reconfigure(changes),
    hide: (secrets) => open().hide(secrets),
    close: () => opened?.close() ?? Promise.resolve(),
  };
}

const ignore = () => {};

/** A process that has no file descriptor left can load nothing: it must not end for want of a log. */
function orComplain(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    complain(error);
  }
}

/** A terminal gets short, coloured lines; a file never does. */
export function writesShortLines(file: string | null): boolean {
  return file === null && process.stdout.isTTY === true;
}

export function complain(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`ccproxy: the log cannot be written: ${reason}\n`);
}

export type Redactor = (text: string) => string;

/** A function that puts `***` in the place of every secret in a text. */
export function redactor(secrets: readonly string[]): Redactor {
  const inText = secrets.flatMap((secret) => (secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1)]));
  const distinct = [...new Set(inText)].sort((a, b) => b.length - a.length);
  if (distinct.length === 0) return (text) => text;
  return (text) => {
    let redacted = text;
    // Few lines have one: to look costs less than to replace nothing.
    for (const secret of distinct) if (redacted.includes(secret)) redacted = redacted.replaceAll(secret, '***');
    return redacted;
  };
}
