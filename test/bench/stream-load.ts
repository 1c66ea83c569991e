/**
 * Many paced streams at once, read by a process of its own (`stream-client.ts`), which counts their events and how late
 * each came by the far end's schedule.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { requestBytes } from '../support/raw-client';
import { deadline } from '../support/wait';
import type { Exchange } from './exchange';
import type { Lateness } from './lateness';

export interface StreamLoadOptions {
  connections: number;
  /** Connections opened in a second. */
  openPerSecond: number;
  /** Events of a stream. */
  events: number;
  /** Whether a connection asks for one stream after the other, until the load is told to stop. */
  repeat: boolean;
}

/** What was seen since the last mark; `open` and `failures` since the beginning. */
export interface Mark {
  events: number;
  /** Streams that ended whole. */
  streams: number;
  /** Streams of which an event has come and more are to come. */
  open: number;
  lateness: Lateness;
  failures: [reason: string, count: number][];
}

/** What the process answers with a mark: at once, or when all streams under way have ended. */
export type StreamOrder = 'mark' | 'stop';

/** What it is told at its start. */
export interface StreamJob extends StreamLoadOptions {
  port: number;
  /** Latin 1. */
  request: string;
}

export class StreamLoad {
  readonly #child: ChildProcess;

  constructor({ url, method, headers, body }: Exchange, options: StreamLoadOptions) {
    const { port, pathname } = new URL(url);
    const request = requestBytes(method, pathname, headers, Buffer.from(body)).toString('latin1');
    const job: StreamJob = { ...options, port: Number(port), request };
    this.#child = fork(join(__dirname, 'stream-client.js'), [JSON.stringify(job)]);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  mark(): Promise<Mark> {
    return this.#ask('mark', 10_000);
  }

  /** Begins no more streams and waits for those under way. @throws Error after `limitMs` */
  stop(limitMs: number): Promise<Mark> {
    return this.#ask('stop', limitMs).finally(() => this.end());
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(order: StreamOrder, limitMs: number): Promise<Mark> {
    this.#child.send(order);
    const [mark] = (await deadline(once(this.#child, 'message'), limitMs, `the streams' ${order}`)) as [Mark]; // All it sends.
    return mark;
  }
}

/** @throws Error when a stream failed */
export function expectNoFailures({ failures }: Mark): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw new Error(
    `${first[1]} streams: ${first[0]}${others.length > 0 ? `, and ${others.length} other failures` : ''}`,
  );
}
