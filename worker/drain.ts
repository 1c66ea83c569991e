/**
 * The end of a worker's life: takes nothing new, finishes what is in flight, closes what is idle.
 *
 * A connection is never closed under a request. Each answer tells its client to close; the connections that carry no
 * request by then are closed when nothing has come on them for a while, which is what every keep-alive client reckons
 * with. The engine tells nobody of its connections, so that the end of all is the end of this process.
 */
import { performance } from 'node:perf_hooks';
import type { DrainMessage } from '../shared/protocol';

export interface DrainParts {
  closeListener: () => void;
  /** Requests that are being answered. */
  inFlight: () => number;
  /** Connections of clients. */
  connections: () => number;
  /** @param cut how many requests the deadline cuts */
  ended: (cut: number) => void;
}

const POLL_MS = 20;
/** With no client connected there is nothing to wait for but what is on its way into this process. */
const NOBODY_QUIET_MS = 100;
/** A turn of the event loop that took less did next to nothing; after so many without one, twice as long will do. */
const CALM_TURN_MS = 0.1;
const PATIENCE_TURNS = 50;
/** A loop that is never calm: the listener is closed all the same. */
const CLOSE_WITHIN_MS = 1000;

export class Drain {
  readonly #parts: DrainParts;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #quietMs = Number.POSITIVE_INFINITY;
  /** When something was last in flight, or came. */
  #lastBusyMs = 0;
  #begunMs = 0;
  #lastPollMs = 0;
  #listening = true;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  get active(): boolean {
    return this.#timer !== null;
  }

  /** Begins, or, when it has begun, can only make the end come sooner. */
  begin({ timeoutMs, quietMs }: DrainMessage): void {
    const now = performance.now();
    this.#deadlineMs = Math.min(this.#deadlineMs, now + timeoutMs);
    this.#quietMs = Math.min(this.#quietMs, quietMs);
    if (this.active) return;
    this.#begunMs = now;
    this.#lastBusyMs = now;
    // The turn that this is part of began nobody knows when.
    this.#closeListener(Number.NEGATIVE_INFINITY, 0);
    this.#lastPollMs = now;
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /** Something came after all, before the process was gone. */
  goOn(): void {
    this.#lastBusyMs = this.#lastPollMs = performance.now();
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /** A request came. */
  touch(): void {
    if (this.active) this.#lastBusyMs = performance.now();
  }

  /**
   * Closing a listener resets the connections that wait to be accepted. The loop takes them in every turn, so the
   * listener is closed right after a short one: what came since then is next to nothing, whatever the load.
   */
  #closeListener(turnBeganMs: number, turns: number): void {
    setImmediate(() => {
      const now = performance.now();
      const calmMs = CALM_TURN_MS * 2 ** Math.floor(turns / PATIENCE_TURNS);
      if (now - turnBeganMs > calmMs && now - this.#begunMs < CLOSE_WITHIN_MS) {
        this.#closeListener(now, turns + 1);
        return;
      }
      this.#listening = false;
      this.#parts.closeListener();
    });
  }

  #poll(): void {
    const now = performance.now();
    // What came while the loop stood still is read after this: that time was not quiet.
    const lateMs = now - this.#lastPollMs - POLL_MS;
    this.#lastPollMs = now;
    if (lateMs > POLL_MS) this.#lastBusyMs += lateMs;
    const inFlight = this.#parts.inFlight();
    if (inFlight > 0) this.#lastBusyMs = now;
    if (now < this.#deadlineMs && (this.#listening || !this.#isQuiet(now - this.#lastBusyMs))) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#parts.ended(inFlight);
  }

  #isQuiet(quietMs: number): boolean {
    if (quietMs >= this.#quietMs) return true;
    return quietMs >= NOBODY_QUIET_MS && this.#parts.connections() === 0;
  }
}
