/**
 * One line for every request, made past winston's format pipeline (which costs 13 µs a line) and written in batches.
 * On a pipe a write of up to 4 KiB is atomic, so lines of several workers never mix: a batch is no larger.
 */
import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { Redactor } from '../../shared/logger';
import { lastOf } from '../http/remembered';
import type { ExchangeRecord } from './exchange-record';

const MAX_BATCH_BYTES = 4096;

export interface AccessLogOptions {
  /** Takes finished lines, such as `Log.writeRaw`. */
  write: (lines: string) => void;
  /** Takes secrets out of what somebody else has said. */
  redact: Redactor;
  /** Short lines for a terminal, not JSON. */
  pretty: boolean;
}

export class AccessLog {
  readonly #write: (lines: string) => void;
  readonly #format: (record: ExchangeRecord, time: string) => Piece;

  constructor({ write, redact, pretty }: AccessLogOptions, processName: string) {
    this.#write = write;
    this.#format = pretty
      ? (record, time) => pieceOf(redact(shortLine(withoutSecrets(record, redact), time, processName)))
      : jsonLine(JSON.stringify(processName), redact);
  }

  write(records: readonly ExchangeRecord[]): void {
    // By both clocks: to ask for the date costs more for each line.
    const nowMs = Date.now();
    const now = performance.now();
    let batch = '';
    let batchBytes = 0;
    for (const record of records) {
      const { text, extraBytes } = this.#format(record, isoTime(nowMs + Math.floor(record.endedAt - now)));
      const bytes = text.length + extraBytes;
      if (batchBytes > 0 && batchBytes + bytes > MAX_BATCH_BYTES) {
        this.#write(batch);
        batch = '';
        batchBytes = 0;
      }
      batch += text;
      batchBytes += bytes;
    }
    if (batchBytes > 0) this.#write(batch);
  }
}

/** A line, or a part of one. Only names and what a client wrote can take more bytes than they have characters. */
interface Piece {
  text: string;
  extraBytes: number;
}

/** To count its bytes also joins it, in memory: as the parts that it was made of it would be joined in each line. */
function pieceOf(text: string): Piece {
  return { text, extraBytes: Buffer.byteLength(text) - text.length };
}

/**
 * One string, put together by hand: `JSON.stringify` of an object costs many times as much. Each piece has its price, so
 * what most lines have in common is one piece, which is made anew when something in it changes.
 */
function jsonLine(processName: string, redact: Redactor): (record: ExchangeRecord, time: string) => Piece {
  // Before it is cut: half of a secret would not be found.
  const told = (text: string) => quotable(redact(text));
  const openingOf = lastOf((time) =>
    pieceOf(`{"level":"info","message":"request","process":${processName},"timestamp":"${time}","id":"`),
  );
  const callOf = lastOf((client, session, method, path) =>
    pieceOf(`","client":"${client}","session":"${told(session)}","method":"${method}","path":"${told(path)}"`),
  );
  const targetOf = lastOf((model, provider, route) =>
    pieceOf(`,"model":"${told(model)}","provider":"${told(provider)}","route":"${told(route)}","status":`),
  );
  const failureIn = lastOf((failure) => pieceOf(`,"failure":"${told(failure)}","input_tokens":`));
  return (record, time) => {
    const { usage } = record;
    const opening = openingOf(time);
    // Ours is plain, and not looked into: the engine would have to join its two halves first, for a fifth of the line.
    const id = record.hasOwnId ? { text: record.requestId, extraBytes: 0 } : pieceOf(told(record.requestId));
    const call = callOf(record.client, record.sessionId, record.method, record.path);
    const target = targetOf(record.model, record.provider, record.route);
    const failure = failureIn(failureOf(record));
    const text =
      opening.text +
      id.text +
      call.text +
      target.text +
      record.status +
      failure.text +
      (usage === null ? 'null,"output_tokens":null' : `${usage.input},"output_tokens":${usage.output}`) +
      (record.headAt === 0 ? ',"ttfb_ms":null' : `,"ttfb_ms":${tenths(record.headAt - record.startedAt)}`) +
      `,"duration_ms":${tenths(record.endedAt - record.startedAt)}}\n`;
    const extraBytes = opening.extraBytes + id.extraBytes + call.extraBytes + target.extraBytes + failure.extraBytes;
    return { text, extraBytes };
  };
}

/** With one digit behind the point: `toFixed` is made for any number, and takes as long. */
function tenths(ms: number): string {
  const rounded = Math.round(ms * 10);
  const whole = Math.floor(rounded / 10);
  return `${whole}.${rounded - 10 * whole}`;
}

/** In the texts that are cut where they are long: half of a secret would not be found in the line. */
function withoutSecrets(record: ExchangeRecord, redact: Redactor): ExchangeRecord {
  return { ...record, requestId: redact(record.requestId), model: redact(record.model) };
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
