/** Questions to the supervisor, each with one answer: the whole cluster's metrics, and an operator's commands. */
import type { ControlCommand, ControlOutcome, SupervisorMessage } from '../shared/protocol';
import type { MetricsSource } from './admin/pages';
import type { SupervisorLink } from './link';

/** A supervisor that says nothing for this long hangs. */
const METRICS_TIMEOUT_MS = 5000;

type Answer = Extract<SupervisorMessage, { requestId: number }>;

export class SupervisorCalls implements MetricsSource {
  readonly #link: SupervisorLink;
  readonly #reportFirst: (then: () => void) => void;
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();
  #lastId = 0;

  /** @param reportFirst sends this worker's own newest counts, so that a scrape never misses them */
  constructor(link: SupervisorLink, reportFirst: (then: () => void) => void) {
    this.#link = link;
    this.#reportFirst = reportFirst;
  }

  /** How many wait for an answer. */
  get pending(): number {
    return this.#waiting.size;
  }

  async render(openMetrics: boolean): Promise<{ contentType: string; body: string } | null> {
    const answer = await this.#ask(METRICS_TIMEOUT_MS, (requestId) =>
      this.#reportFirst(() => this.#link.send({ type: 'metrics_request', requestId, openMetrics })),
    );
    return answer?.type === 'metrics_text' ? answer : null;
  }

  /** It may take long: every worker is replaced, and each has its time to boot. */
  async control(command: ControlCommand): Promise<ControlOutcome> {
    const answer = await this.#ask(null, (requestId) =>
      this.#link.send({ type: 'control_request', requestId, command }),
    );
    return answer?.type === 'control_result' ? answer.outcome : { ok: false, reason: 'the supervisor did not answer' };
  }

  receive(answer: Answer): void {
    this.#settle(answer.requestId, answer);
  }

  /** @param timeoutMs then the answer is null; without one it is waited for as long as this worker lives */
  #ask(timeoutMs: number | null, send: (requestId: number) => void): Promise<Answer | null> {
    const requestId = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = timeoutMs === null ? undefined : setTimeout(() => this.#settle(requestId, null), timeoutMs);
      this.#waiting.set(requestId, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      send(requestId);
    });
  }

  #settle(requestId: number, answer: Answer | null): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    waiting?.(answer);
  }
}
