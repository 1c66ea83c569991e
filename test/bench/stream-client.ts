/** The process that reads paced streams, as `stream-load.ts` tells it. */
import { connect, type Socket } from 'node:net';
import { monotonicMicros } from '../support/event-stamp';
import { LatenessCounts } from './lateness';
import type { Mark, StreamJob, StreamOrder } from './stream-load';
import { StreamReader } from './stream-reader';

/** One buffer for all connections: its bytes are used up within the callback. */
const shared = Buffer.alloc(64 * 1024);
const TICK_MS = 10;

class Streams {
  readonly #job: StreamJob;
  readonly #lateness = new LatenessCounts();
  readonly #failures = new Map<string, number>();
  #opened = 0;
  #events = 0;
  #whole = 0;
  #stopping = false;
  #onIdle: () => void = () => {};
  /** Asked for and not ended. */
  underWay = 0;
  /** Those of them of which an event has come. */
  open = 0;

  constructor(job: StreamJob) {
    this.#job = job;
    const beganMs = performance.now();
    const timer = setInterval(() => {
      const due = ((performance.now() - beganMs) / 1000) * job.openPerSecond;
      for (; this.#opened < Math.min(due, job.connections); this.#opened++) new Connection(this, job);
      if (this.#opened >= job.connections) clearInterval(timer);
    }, TICK_MS);
  }

  mark(): Mark {
    const { p50, p99, max } = this.#lateness.take();
    const mark = { events: this.#events, streams: this.#whole, open: this.open, lateness: { p50, p99, max } };
    this.#events = 0;
    this.#whole = 0;
    return { ...mark, failures: [...this.#failures] };
  }

  stop(whenIdle: () => void): void {
    this.#stopping = true;
    this.#onIdle = whenIdle;
    this.#checkIdle();
  }

  event(lateMicros: number): void {
    this.#events++;
    this.#lateness.add(lateMicros);
  }

  /** @returns whether the connection asks for another one */
  ended(failure: string | null): boolean {
    if (failure === null) this.#whole++;
    else this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
    this.#checkIdle();
    return failure === null && this.#job.repeat && !this.#stopping;
  }

  #checkIdle(): void {
    if (this.#stopping && this.underWay === 0) this.#onIdle();
  }
}

class Connection {
  readonly #streams: Streams;
  readonly #request: string;
  readonly #reader: StreamReader;
  readonly #socket: Socket;
  #nowMicros = 0;
  #isUnderWay = false;

  constructor(streams: Streams, { port, request, events }: StreamJob) {
    this.#streams = streams;
    this.#request = request;
    this.#reader = new StreamReader(events, (dueMicros) => streams.event(this.#nowMicros - dueMicros));
    const callback = (length: number) => this.#received(length);
    this.#socket = connect({ host: '127.0.0.1', port, onread: { buffer: shared, callback } });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the connection was closed'));
    this.#ask();
  }

  #ask(): void {
    this.#reader.reset();
    this.#isUnderWay = true;
    this.#streams.underWay++;
    this.#socket.write(this.#request, 'latin1');
  }

  #received(length: number): boolean {
    this.#nowMicros = monotonicMicros();
    try {
      const had = this.#reader.seen;
      const isWhole = this.#reader.feed(shared, length);
      if (had === 0 && this.#reader.seen > 0) this.#streams.open++;
      if (isWhole) this.#end(null);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
    return true;
  }

  #end(failure: string | null): void {
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    this.#streams.underWay--;
    if (this.#reader.seen > 0) this.#streams.open--;
    if (this.#streams.ended(failure)) this.#ask();
    else if (failure !== null) this.#socket.destroy();
  }
}

const streams = new Streams(JSON.parse(process.argv[2] ?? '') as StreamJob); // What `StreamLoad` wrote.
process.on('disconnect', () => process.exit(0));
process.on('message', (order: StreamOrder) => {
  if (order === 'mark') process.send?.(streams.mark());
  else streams.stop(() => process.send?.(streams.mark()));
});
