/**
 * The log: JSON lines, or short and coloured on a terminal. Secrets are removed from every line, wherever they come
 * from.
 */

import { MESSAGE } from 'triple-beam';
import { createLogger as createWinston, format, type Logger, transports } from 'winston';

export type { Logger } from 'winston';

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
  /** Short, coloured lines for a terminal, not JSON. */
  pretty: boolean;
  /** Writes finished lines (with their line ends) through the same transport. */
  writeRaw(lines: string): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

export function createLog(options: LogOptions): Log {
  // Writes that had to wait would leave joined, and a pipe takes no more than 4 KiB in one piece: lines of several
  // processes would mix.
  Object.assign(process.stdout, { _writev: null });
  const { timestamp, printf, json, combine, colorize } = format;
  const pretty = options.file === null && process.stdout.isTTY === true;
  const redact = redactor(options.secrets);
  const short = combine(
    colorize(),
    timestamp({ format: 'HH:mm:ss.SSS' }),
    printf(({ timestamp: time, level, message, process: speaker, ...rest }) =>
      redact(
        `${time} ${level} ${speaker}: ${message}${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''}`,
      ),
    ),
  );
  const lines = combine(timestamp(), json(), redactLine(redact));
  const transport =
    options.file === null
      ? new transports.Console()
      : // Whoever may read the configuration may read this, and nobody else.
        new transports.File({ filename: options.file, options: { flags: 'a', mode: 0o640 } });
  const logger = createWinston({
    level: options.level,
    format: pretty ? short : lines,
    defaultMeta: { process: options.process },
    transports: [transport],
  });
  // A log that cannot be written must not end the service.
  const complain = (error: Error) => process.stderr.write(`ccproxy: the log cannot be written: ${error.message}\n`);
  logger.on('error', complain);
  return {
    logger,
    pretty,
    writeRaw: (text) => {
      // winston writes the MESSAGE field and a line end: the last one is taken off here.
      const lines = redact(text);
      transport.log?.({ [MESSAGE]: lines.endsWith('\n') ? lines.slice(0, -1) : lines }, () => {});
    },
    close: () =>
      new Promise((resolve) => {
        transport.once('finish', resolve);
        logger.end();
        // The console transport has nothing to wait for, and a file that cannot be written must not hold an exit up.
        setTimeout(resolve, 500).unref();
      }),
  };
}

/** A function that puts `***` in the place of every secret in a text. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const inText = secrets.flatMap((secret) => (secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1)]));
  const distinct = [...new Set(inText)].sort((a, b) => b.length - a.length);
  if (distinct.length === 0) return (text) => text;
  return (text) => distinct.reduce((line, secret) => line.replaceAll(secret, '***'), text);
}

const redactLine = (redact: (text: string) => string) =>
  format((info) => {
    const line = info[MESSAGE];
    if (typeof line === 'string') info[MESSAGE] = redact(line);
    return info;
  })();
