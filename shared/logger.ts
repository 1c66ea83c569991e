/**
 * The log: JSON lines, or short and coloured on a terminal. Secrets are removed from every line, wherever they come
 * from.
 */

import { closeSync, openSync } from 'node:fs';
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
  const secrets = new Set(options.secrets);
  let redact = redactor([...secrets]);
  const pretty = options.file === null && process.stdout.isTTY === true;
  // Whoever has this keeps it: a reload changes what is behind it.
  const redactNow = (text: string) => redact(text);
  // A log that cannot be written must not end the service: what is left goes to standard output.
  const complain = (error: Error) => process.stderr.write(`ccproxy: the log cannot be written: ${error.message}\n`);
  const open = (file: string | null) => {
    const opened = openTransport(file);
    opened.on('error', (error: Error) => {
      complain(error);
      if (transport === opened) exchange(new transports.Console());
    });
    return opened;
  };
  let transport: LogTransport = open(options.file);
  // A file gets JSON lines, also when a reload names it.
  const formatFor = (file: string | null) => (file === null && pretty ? shortLines(redactNow) : jsonLines(redactNow));
  const logger = createWinston({
    level: options.level,
    format: formatFor(options.file),
    defaultMeta: { process: options.process },
    transports: [transport],
  });
  logger.on('error', complain);
  const exchange = (next: LogTransport) => {
    const former = transport;
    transport = next;
    logger.add(transport);
    logger.remove(former);
  };
  const hide = (more: readonly string[]) => {
    for (const secret of more) secrets.add(secret);
    redact = redactor([...secrets]);
  };
  return {
    logger,
    pretty,
    hide,
    writeRaw: (text) => {
      // winston writes the MESSAGE field and a line end: the last one is taken off here.
      const lines = redact(text);
      transport.log?.({ [MESSAGE]: lines.endsWith('\n') ? lines.slice(0, -1) : lines }, () => {});
    },
    reconfigure: ({ level, file, secrets: more }) => {
      hide(more);
      exchange(open(file));
      logger.level = level;
      logger.format = formatFor(file);
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

const LOG_FILE_MODE = 0o640;
const ignore = () => {};

type LogTransport = InstanceType<typeof transports.File> | InstanceType<typeof transports.Console>;

function openTransport(file: string | null): LogTransport {
  // Whoever may read the configuration may read a file, and nobody else.
  if (file !== null) return new transports.File({ filename: file, options: { flags: 'a', mode: LOG_FILE_MODE } });
  return new transports.Console();
}

function jsonLines(redact: Redactor) {
  return format.combine(format.timestamp(), format.json(), redactLine(redact));
}

function shortLines(redact: Redactor) {
  return format.combine(
    format.colorize(),
    format.timestamp({ format: 'HH:mm:ss.SSS' }),
    format.printf(({ timestamp: time, level, message, process: speaker, ...rest }) =>
      redact(
        `${time} ${level} ${speaker}: ${message}${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''}`,
      ),
    ),
  );
}

type Redactor = (text: string) => string;

/** A function that puts `***` in the place of every secret in a text. */
export function redactor(secrets: readonly string[]): Redactor {
  const inText = secrets.flatMap((secret) => (secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1)]));
  const distinct = [...new Set(inText)].sort((a, b) => b.length - a.length);
  if (distinct.length === 0) return (text) => text;
  return (text) => distinct.reduce((line, secret) => line.replaceAll(secret, '***'), text);
}

const redactLine = (redact: Redactor) =>
  format((info) => {
    const line = info[MESSAGE];
    if (typeof line === 'string') info[MESSAGE] = redact(line);
    return info;
  })();
