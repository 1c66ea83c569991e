/** Waiting for conditions: tests never sleep for a time that they hope is long enough. */
import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 10 s. */
  timeoutMs?: number;
  /** Between two tries. Default 20 ms. */
  intervalMs?: number;
  /** What is waited for, for the message of a failure. */
  what?: string;
  /** Gives up at once when it is aborted. */
  signal?: AbortSignal;
}

/**
 * Calls `condition` until it passes, and gives its result. It passes when it neither throws (or rejects) nor answers
 * `false` or `null`; `undefined` passes, so that a function of assertions can be given as it is.
 * @throws Error after `timeoutMs`, with the last failure as its cause and in its message
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, what = 'the condition', signal }: EventuallyOptions = {},
): Promise<Exclude<T, false | null>> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      // A condition that itself hangs must not hang the test.
      const result = await deadline(condition(), Math.max(1, until - performance.now()), what);
      if (result !== false && result !== null) return result as Exclude<T, false | null>; // Just excluded.
      failure = result;
    } catch (error) {
      failure = error;
    }
    if (performance.now() + intervalMs >= until) {
      const last = failure instanceof Error ? failure.message : String(failure);
      throw new Error(`${what}: not within ${timeoutMs} ms; last: ${last}`, { cause: failure });
    }
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** The result of `promise`, or an error when it is not settled within `timeoutMs`. Leaves no timer behind. */
export function deadline<T>(promise: T | Promise<T>, timeoutMs: number, what = 'the result'): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not within ${Math.round(timeoutMs)} ms`)), timeoutMs);
    Promise.resolve(promise)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** A promise that somebody else settles. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  isSettled: () => boolean;
}

export function deferred<T = void>(): Deferred<T> {
  let settle: (value: T) => void = () => {};
  let settled = false;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  const resolve = (value: T) => {
    settled = true;
    settle(value);
  };
  return { promise, resolve, isSettled: () => settled };
}
