/** The log as winston writes it: JSON lines, or short and coloured ones. Loaded by logger.ts, with the first line. */
import { MESSAGE } from 'triple-beam';
import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';
import {
  complain,
  LOG_FILE_MODE,
  type Log,
  type LogOptions,
  type Redactor,
  redactor,
  writesShortLines,
} from './logger';

/** To ask for it is a call of `require`, each time. */
const { Console } = transports;

export interface OpenLog extends Omit<Log, 'logger' | 'open'> {
  logger: Winston;
}

/** @param options what `createLog` was given */
export function openLog(options: LogOptions): OpenLog {
  const secrets = new Set(options.secrets);
  let redact = redactor([...secrets]);
  const pretty = writesShortLines(options.file);
  // Whoever has this keeps it: a reload changes what is behind it.
  const redactNow = (text: string) => redact(text);
  const open = (file: string | null) => {
    const opened = openTransport(file);
    opened.on('error', (error: Error) => {
      complain(error);
      // What is left goes to standard output.
      if (transport === opened) exchange(new Console());
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
    writeRaw: (lines) => {
      const isEnded = lines.endsWith('\n');
      // As winston would, but as it is: winston puts the text together anew, and tells everybody about each.
      if (transport instanceof Console) process.stdout.write(isEnded ? lines : `${lines}\n`);
      // winston writes the MESSAGE field and a line end: the last one is taken off here.
      else transport.log?.({ [MESSAGE]: isEnded ? lines.slice(0, -1) : lines }, () => {});
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

type LogTransport = InstanceType<typeof transports.File> | InstanceType<typeof Console>;

function openTransport(file: string | null): LogTransport {
  if (file !== null) return new transports.File({ filename: file, options: { flags: 'a', mode: LOG_FILE_MODE } });
  return new Console();
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

const redactLine = (redact: Redactor) =>
  format((info) => {
    const line = info[MESSAGE];
    if (typeof line === 'string') info[MESSAGE] = redact(line);
    return info;
  })();
