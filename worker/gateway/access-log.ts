/**
 * One line for every request, made past winston's format pipeline (which costs 13 µs a line) and written in batches.
 * On a pipe a write of up to 4 KiB is atomic, so lines of several workers never mix: a batch is no larger.
 */
import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { lastOf } from '../http/remembered';
import type { ExchangeRecord } from './exchange-record';

const MAX_BATCH_BYTES = 4096;
const FLUSH_AFTER_MS = 100;

export class AccessLog {
  readonly #write: (lines: string) => void;
  readonly #format: (record: ExchangeRecord, time: string) => string;
  #batch = '';
  #timer: NodeJS.Timeout | null = null;
  /** When the timer was started, by both clocks: to ask for the date costs more for each line. */
  #timerStartMs = 0;
  #timerStartAt = 0;

  /**
   * @param write takes finished lines, such as `Log.writeRaw`
   * @param pretty short lines for a terminal, not JSON
   */
  constructor(write: (lines: string) => void, processName: string, pretty: boolean) {
    this.#write = write;
    this.#format = pretty
      ? (record, time) => shortLine(record, time, processName)
      : jsonLine(JSON.stringify(processName));
  }

  write(record: ExchangeRecord): void {
    // It runs on when a batch is full: what it then writes is smaller, but a new one for each batch would cost more.
    if (this.#timer === null) {
      this.#timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
      this.#timerStartMs = Date.now();
      this.#timerStartAt = performance.now();
    }
    const time = this.#timerStartMs + Math.floor(record.endedAt - this.#timerStartAt);
    const line = this.#format(record, isoTime(time));
    if (this.#batch.length + line.length > MAX_BATCH_BYTES) this.#writeBatch();
    this.#batch += line;
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writeBatch();
  }

  #writeBatch(): void {
    const batch = this.#batch;
    this.#batch = '';
    if (batch === '') return;
    // Counted in characters while it grew: only a client's text can take more bytes.
    if (Buffer.byteLength(batch) <= MAX_BATCH_BYTES) this.#write(batch);
    else for (const line of batch.split(LINE_START)) this.#write(line);
  }
}

/** Keeps the line ends. */
const LINE_START = /(?<=\n)/;

/**
 * One string, put together by hand: `JSON.stringify` of an object costs many times as much. Each piece has its price, so
 * what most lines have in common is one piece, which is made anew when something in it changes.
 */
function jsonLine(processName: string): (record: ExchangeRecord, time: string) => string {
  const opening = lastOf(
    (time) => `{"level":"info","message":"request","process":${processName},"timestamp":"${time}","id":"`,
  );
  const call = lastOf(
    (client, session, method, path) =>
      `","client":"${client}","session":"${quotable(session)}","method":"${method}","path":"${quotable(path)}"`,
  );
  const target = lastOf(
    (model, provider, route) =>
      `,"model":"${quotable(model)}","provider":"${quotable(provider)}","route":"${quotable(route)}","status":`,
  );
  return (record, time) => {
    const { usage } = record;
    const failure = failureOf(record);
    return (
      opening(time) +
      quotable(record.requestId) +
      call(record.client, record.sessionId, record.method, record.path) +
      target(record.model, record.provider, record.route) +
      record.status +
      (failure === '' ? ',"failure":"","input_tokens":' : `,"failure":"${quotable(failure)}","input_tokens":`) +
      (usage === null ? 'null,"output_tokens":null' : `${usage.input},"output_tokens":${usage.output}`) +
      (record.headAt === 0 ? ',"ttfb_ms":null' : `,"ttfb_ms":${tenths(record.headAt - record.startedAt)}`) +
      `,"duration_ms":${tenths(record.endedAt - record.startedAt)}}\n`
    );
  };
}

/** With one digit behind the point: `toFixed` is made for any number, and takes as long. */
function tenths(ms: number): string {
  const rounded = Math.round(ms * 10);
  const whole = Math.floor(rounded / 10);
  return `${whole}.${rounded - 10 * whole}`;
}

function shortLine(record: ExchangeRecord, time: string, processName: string): string {
  const { usage } = record;
  const target = record.provider === '' ? '' : ` ${record.provider} ${bare(record.model)} (${record.route})`;
  const tokens = usage === null ? '' : `, ${usage.input} tokens in, ${usage.output} out`;
  const failure = failureOf(record);
  return (
    `${time.slice(11, 23)} ${processName}: ${record.status} ${record.path}${target}${tokens}` +
    `, ${(record.endedAt - record.startedAt).toFixed(0)} ms${failure && `, ${failure}`} [${bare(record.requestId)}]\n`
  );
}

function failureOf(record: ExchangeRecord): string {
  if (record.abortedIn !== null) return `client_gone_${record.abortedIn}`;
  return record.failure || (record.refused ?? '');
}

/** A text as it stands between quotes. Those without anything to escape are the rule; a client's text is bounded. */
function quotable(text: string): string {
  return isPlain(text) ? text : JSON.stringify(text.slice(0, MAX_TEXT_CHARS)).slice(1, -1);
}

/** For people: quoted only where a client's text is not plain. */
function bare(text: string): string {
  return isPlain(text) ? text : `"${quotable(text)}"`;
}

/** In a loop: ids are new in each line, and a regular expression for them is a call into the engine. */
function isPlain(text: string): boolean {
  if (text.length > MAX_TEXT_CHARS) return false;
  for (let i = 0; i < text.length; i++) if (PLAIN[text.charCodeAt(i)] !== 1) return false;
  return true;
}

const MAX_TEXT_CHARS = 200;
/** By character. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\w./:,@ -]/.test(String.fromCharCode(code)) ? 1 : 0));

let lastMs = 0;
let lastTime = '';
let lastSecond = 0;
let timeOfSecond = '';

/**
 * ISO 8601, made once for all lines of a millisecond. To have it formatted costs as much as all the rest of a line: that
 * is done once a second.
 */
function isoTime(ms: number): string {
  if (ms === lastMs) return lastTime;
  lastMs = ms;
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    timeOfSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
  }
  lastTime = `${timeOfSecond}${String(ms - second * 1000).padStart(3, '0')}Z`;
  return lastTime;
}
