/** The signals of the supervisor; listened to from the first moment, so that none has its default effect. */
import { isatty } from 'node:tty';

/**
 * A terminal's Ctrl-C reaches the whole process group, and npm forwards it once more: a second signal this soon is the
 * same wish, not a more urgent one.
 */
const SAME_SIGNAL_MS = 500;
const STDOUT = 1;

export class Signals {
  /** Resolves to the name of the first signal that ends the service. */
  readonly first: Promise<string>;
  /** Another one, later: the operator means it. */
  readonly second: Promise<string>;
  /** SIGHUP. Until somebody listens it is ignored, like the two below. */
  reload = (): void => {};
  /** SIGTTIN (1) and SIGTTOU (-1). */
  step = (_by: 1 | -1): void => {};

  constructor() {
    let first = (_signal: string) => {};
    let second = first;
    this.first = new Promise((resolve) => {
      first = resolve;
    });
    this.second = new Promise((resolve) => {
      second = resolve;
    });
    let firstAtMs = Number.NaN;
    const receive = (signal: string) => {
      if (Number.isNaN(firstAtMs)) {
        firstAtMs = performance.now();
        first(signal);
      } else if (performance.now() - firstAtMs >= SAME_SIGNAL_MS) {
        second(signal);
      }
    };
    process.on('SIGINT', receive);
    process.on('SIGTERM', receive);
    const hadTerminal = isatty(STDOUT);
    process.on('SIGHUP', () => {
      // Sent by an operator it means a reload, by a terminal window that was closed the end.
      if (hadTerminal && !isatty(STDOUT)) receive('SIGHUP');
      else this.reload();
    });
    process.on('SIGTTIN', () => this.step(1));
    process.on('SIGTTOU', () => this.step(-1));
    // Its default would open a debugger into the process that holds all keys.
    process.on('SIGUSR1', () => {});
  }
}
