/** The deadlines of one exchange. Pure: times come in, what is due comes out; whoever asks does it. */
import type { ProviderTimeouts } from '../../shared/config/config';
import type { Phase } from './exchange-record';

/** Silence towards a client after which a stream gets a `ping`. */
export const PING_AFTER_MS = 15_000;
const KEEP_WAITING_EVERY_MS = 3000;

export type Due = 'first_byte_timeout' | 'idle_timeout' | 'client_stalled' | 'keep_waiting' | 'ping';

export class ExchangeClock {
  /** When the provider must have begun to answer. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #lastByteAt = 0;
  /** When the client was last sent something, or took it. */
  #lastSentAt = 0;
  #lastWaitAt = 0;
  /** Since the last look. */
  #hasReceived = false;
  #hasSent = false;

  /** The first byte must come within that time. */
  expectWithin(nowMs: number, limitMs: number): void {
    this.#deadlineMs = nowMs + limitMs;
  }

  /** The provider's head has come. */
  answered(nowMs: number): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#lastByteAt = this.#lastSentAt = nowMs;
  }

  /** The provider has sent something. That it was now is found at the next look: the time costs more than a flag. */
  received(): void {
    this.#hasReceived = true;
  }

  /** The client was sent something. */
  sent(): void {
    this.#hasSent = true;
  }

  /** The client takes more: the provider's silence begins anew. */
  drained(nowMs: number): void {
    this.#lastByteAt = this.#lastSentAt = nowMs;
  }

  /** This process did not run for so long: nobody else is to blame. */
  slept(ms: number): void {
    this.#deadlineMs += ms;
    this.#lastByteAt += ms;
    this.#lastSentAt += ms;
  }

  /** @param paused what is left is the client's to take */
  due(nowMs: number, phase: Phase, paused: boolean, timeouts: ProviderTimeouts): Due | null {
    if (phase === 'waiting') return nowMs >= this.#deadlineMs ? 'first_byte_timeout' : null;
    if (phase !== 'response') return null;
    if (this.#hasReceived) this.#lastByteAt = nowMs;
    if (this.#hasSent) this.#lastSentAt = nowMs;
    this.#hasReceived = this.#hasSent = false;
    if (nowMs - this.#lastByteAt >= timeouts.idleMs) return paused ? 'client_stalled' : 'idle_timeout';
    if (!paused) return nowMs - this.#lastSentAt >= PING_AFTER_MS ? 'ping' : null;
    if (nowMs - this.#lastWaitAt < KEEP_WAITING_EVERY_MS) return null;
    this.#lastWaitAt = nowMs;
    return 'keep_waiting';
  }
}
