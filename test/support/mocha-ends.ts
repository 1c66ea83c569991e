/**
 * Loaded by mocha (`.mocharc.json`), for the end of a run: one that is over and does not end is a failure that says what
 * is still open, not a wait for whoever started it. (Mocha's `--exit` would hide it.)
 */
const GRACE_MS = 15_000;

// An interrupted run takes along what it has started: listeners of `exit` do that, which a signal alone would skip.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export const mochaHooks = {
  afterAll(): void {
    const overdue = () => {
      const open = process.getActiveResourcesInfo().join(', ');
      console.error(`the tests are over, and ${GRACE_MS / 1000} s later this process has not ended: ${open}`);
      // Mocha sets its own in a listener of that event.
      process.on('exit', () => {
        process.exitCode = 1;
      });
      process.exit(1);
    };
    // It keeps nothing alive itself.
    setTimeout(overdue, GRACE_MS).unref();
  },
};
