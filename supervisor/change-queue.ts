/** Planned changes of the workers: made one at a time, in the order in which they were asked for. */
import type { ControlOutcome } from '../shared/protocol';

const DRAINING: ControlOutcome = { ok: false, reason: 'the service drains' };

export class ChangeQueue {
  /** Settled when the last one is over; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #draining = false;
  /** Whoever waits for a change when the service is told to end has waited long enough. */
  readonly #drains: Promise<ControlOutcome>;
  #drainBegins: (outcome: ControlOutcome) => void = () => {};

  constructor() {
    this.#drains = new Promise((resolve) => {
      this.#drainBegins = resolve;
    });
  }

  /** No change is under way, and none waits. */
  get idle(): boolean {
    return this.#underWay === 0;
  }

  /** Makes the change when all before it are over. Settles as it does; the next one begins either way. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    this.#underWay++;
    const made = this.#last.then(change).finally(() => this.#underWay--);
    this.#last = made.catch(() => {});
    return made;
  }

  /**
   * The same for a change that an operator asks for. When the service drains it is not begun any more; one that is
   * under way goes on, but resolves at once as refused.
   */
  request(change: () => Promise<ControlOutcome>): Promise<ControlOutcome> {
    const made = this.inTurn(async () => (this.#draining ? DRAINING : change()));
    return Promise.race([made, this.#drains]);
  }

  /** The service drains from now on. */
  drain(): void {
    this.#draining = true;
    this.#drainBegins(DRAINING);
  }
}
