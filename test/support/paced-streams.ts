/**
 * Streams whose events come one by one, each its own write, by one timer for all of them. Streams begin at different
 * milliseconds of their interval, as those of independent clients do: all in one would come as one burst.
 */
import type { EngineResponse } from '../../worker/http/engine';
import type { Form, Pace } from './bench-answers';
import { EMPTY_STAMP, monotonicMicros, writeStamp } from './event-stamp';

/** Milliseconds of the wheel: the longest interval. */
const SLOTS = 1000;

/** The bytes of a dialect's stream: what comes before the deltas, one of these with room for its stamp, what follows. */
export interface PacedForm {
  start: Buffer;
  delta: Buffer;
  stampAt: number;
  end: Buffer;
}

export function pacedForm({ events }: Form): PacedForm {
  const all = events([EMPTY_STAMP, EMPTY_STAMP]);
  const first = all.findIndex((event) => event.includes(EMPTY_STAMP));
  const last = all.findLastIndex((event) => event.includes(EMPTY_STAMP));
  const delta = Buffer.from(all[first] ?? '');
  const [start, end] = [all.slice(0, first), all.slice(last + 1)].map((part) => Buffer.from(part?.join('') ?? ''));
  return { start: start ?? delta, delta, stampAt: delta.indexOf(EMPTY_STAMP), end: end ?? delta };
}

interface Stream {
  res: EngineResponse;
  form: PacedForm;
  pace: Pace;
  sent: number;
  gone: boolean;
}

export class PacedStreams {
  /** Streams by the millisecond of their next event. */
  readonly #slots: Stream[][] = Array.from({ length: SLOTS }, () => []);
  #tick = 0;
  #count = 0;
  #begun = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Sends the head and what precedes the deltas. Call the result when the client is gone. */
  add(res: EngineResponse, form: PacedForm, pace: Pace): () => void {
    const stream: Stream = { res, form, pace, sent: 0, gone: false };
    res.cork(() => {
      writeHead(res, 'text/event-stream');
      res.write(form.start);
    });
    if (this.#timer === undefined) {
      this.#tick = nowTick();
      this.#timer = setInterval(() => this.#turn(), 1);
    }
    this.#count++;
    this.#put(stream, nowTick() + 1 + (this.#begun++ % pace.intervalMs));
    return () => {
      stream.gone = true;
    };
  }

  #put(stream: Stream, tick: number): void {
    this.#slots[tick % SLOTS]?.push(stream);
  }

  #turn(): void {
    const now = nowTick();
    while (this.#tick < now) {
      const tick = ++this.#tick;
      const due = this.#slots[tick % SLOTS] ?? [];
      this.#slots[tick % SLOTS] = [];
      for (const stream of due) this.#send(stream, tick);
    }
    if (this.#count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #send(stream: Stream, tick: number): void {
    const { res, form, pace } = stream;
    if (stream.gone) {
      this.#count--;
      return;
    }
    if (stream.sent === pace.events) {
      this.#count--;
      res.cork(() => res.end(form.end));
      return;
    }
    writeStamp(form.delta, form.stampAt, tick * 1000, stream.sent++);
    // Corked, the chunk's frame and the event leave by one system call.
    res.cork(() => res.write(form.delta));
    this.#put(stream, tick + pace.intervalMs);
  }
}

/**
 * uWebSockets.js closes a connection after 10 s of silence, and a request that is sent just then fails: the client is
 * told to close its idle ones before.
 */
export function writeHead(res: EngineResponse, type: string): void {
  res.writeStatus('200 OK');
  res.writeHeader('content-type', type);
  res.writeHeader('keep-alive', 'timeout=5');
}

function nowTick(): number {
  return Math.floor(monotonicMicros() / 1000);
}
