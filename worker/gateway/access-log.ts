/**
 * One line for every request, made past winston's format pipeline (which costs 13 µs a line) and written in batches.
 * On a pipe a write of up to 4 KiB is atomic, so lines of several workers never mix: a batch is no larger.
 */
import { Buffer } from 'node:buffer';
import type { ExchangeRecord } from './exchange-record';

const MAX_BATCH_BYTES = 4096;
const FLUSH_AFTER_MS = 100;

export class AccessLog {
  readonly #write: (lines: string) => void;
  readonly #format: (record: ExchangeRecord) => string;
  #batch = '';
  #batchBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param write takes finished lines, such as `Log.writeRaw`
   * @param pretty short lines for a terminal, not JSON
   */
  constructor(write: (lines: string) => void, processName: string, pretty: boolean) {
    this.#write = write;
    this.#format = pretty ? (record) => shortLine(record, processName) : jsonLine(JSON.stringify(processName));
  }

  write(record: ExchangeRecord): void {
    const line = this.#format(record);
    const bytes = Buffer.byteLength(line);
    if (this.#batchBytes + bytes > MAX_BATCH_BYTES) this.flush();
    this.#batch += line;
    this.#batchBytes += bytes;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#batch;
    this.#batch = '';
    this.#batchBytes = 0;
    if (batch !== '') this.#write(batch);
  }
}

/** One string, put together by hand: `JSON.stringify` of an object costs three times as much. */
function jsonLine(processName: string): (record: ExchangeRecord) => string {
  return (record) => {
    const { usage } = record;
    const ttfb = record.headAt === 0 ? 'null' : tenths(record.headAt - record.startedAt);
    return (
      `{"level":"info","message":"request","process":${processName},"timestamp":"${isoNow()}"` +
      `,"id":${quoted(record.requestId)},"client":"${record.client}","session":${quoted(record.sessionId)}` +
      `,"method":"${record.method}","path":${quoted(record.path)}` +
      `,"model":${quoted(record.model)},"provider":${quoted(record.provider)},"route":${quoted(record.route)}` +
      `,"status":${record.status},"failure":${quoted(failureOf(record))}` +
      `,"input_tokens":${usage === null ? 'null' : usage.input},"output_tokens":${usage === null ? 'null' : usage.output}` +
      `,"ttfb_ms":${ttfb},"duration_ms":${tenths(record.endedAt - record.startedAt)}}\n`
    );
  };
}

/** With one digit behind the point: `toFixed` is made for any number, and takes as long. */
function tenths(ms: number): string {
  const rounded = Math.round(ms * 10);
  return `${Math.trunc(rounded / 10)}.${rounded % 10}`;
}

function shortLine(record: ExchangeRecord, processName: string): string {
  const { usage } = record;
  const target = record.provider === '' ? '' : ` ${record.provider} ${bare(record.model)} (${record.route})`;
  const tokens = usage === null ? '' : `, ${usage.input} tokens in, ${usage.output} out`;
  const failure = failureOf(record);
  return (
    `${isoNow().slice(11, 23)} ${processName}: ${record.status} ${record.path}${target}${tokens}` +
    `, ${(record.endedAt - record.startedAt).toFixed(0)} ms${failure && `, ${failure}`} [${bare(record.requestId)}]\n`
  );
}

function failureOf(record: ExchangeRecord): string {
  if (record.abortedIn !== null) return `client_gone_${record.abortedIn}`;
  return record.failure || (record.refused ?? '');
}

/** Names without anything to escape are the rule; a client's text is bounded. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.slice(0, 200));
}
/** For people: quoted only where a client's text is not plain. */
function bare(text: string): string {
  return PLAIN.test(text) ? text : quoted(text);
}

const PLAIN = /^[\w./:,@ -]{0,200}$/;

let lastMs = 0;
let lastIso = '';

/** The time as ISO 8601; formatted once for all lines of a millisecond. */
function isoNow(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastIso = new Date(now).toISOString();
  }
  return lastIso;
}
