/** Asks the supervisor for the text of `/metrics`: it alone holds the whole cluster's. */
import type { MetricsTextMessage } from '../shared/protocol';
import type { MetricsSource } from './admin/pages';
import type { SupervisorLink } from './link';

/** A supervisor that says nothing for this long hangs. */
const TIMEOUT_MS = 5000;

type Rendered = { contentType: string; body: string } | null;

export class MetricsRelay implements MetricsSource {
  readonly #link: SupervisorLink;
  readonly #reportFirst: (then: () => void) => void;
  readonly #waiting = new Map<number, (rendered: Rendered) => void>();
  #lastId = 0;

  /** @param reportFirst sends this worker's own newest counts, so that a scrape never misses them */
  constructor(link: SupervisorLink, reportFirst: (then: () => void) => void) {
    this.#link = link;
    this.#reportFirst = reportFirst;
  }

  render(openMetrics: boolean): Promise<Rendered> {
    const requestId = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(requestId, null), TIMEOUT_MS);
      this.#waiting.set(requestId, (rendered) => {
        clearTimeout(timer);
        resolve(rendered);
      });
      this.#reportFirst(() => this.#link.send({ type: 'metrics_request', requestId, openMetrics }));
    });
  }

  receive(message: MetricsTextMessage): void {
    this.#settle(message.requestId, { contentType: message.contentType, body: message.body });
  }

  #settle(requestId: number, rendered: Rendered): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    waiting?.(rendered);
  }
}
