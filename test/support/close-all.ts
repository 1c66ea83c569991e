/** Teardown that cannot be cut short: what stays open keeps the test process alive, long after the last test. */
import { deadline } from './wait';

/** More than `RunningProxy.stop` may take. */
const STEP_LIMIT_MS = 30_000;

/**
 * Takes every step, one after the other, whatever became of those before it: stops proxies, closes providers, and may
 * end with assertions. @throws Error what a step threw, once all are taken; of several all the messages
 */
export async function closeAll(...steps: (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await deadline(Promise.resolve(step()), STEP_LIMIT_MS, `teardown: ${step}`);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  if (errors.length > 1) throw new AggregateError(errors, messages.join('\n'));
}
