/** A request as the mock provider got it, and what it answered. */
import type { Head, RawHeader } from '../http-head';
import { deferred } from '../wait';

export class MockRequest {
  /** From 1, in the order of arrival. */
  readonly number: number;
  /** Requests on the same connection have the same one. */
  readonly connectionId: number;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly path: string;
  readonly query: string;
  /** The head's bytes, with the empty line. */
  readonly rawHead: Buffer;
  /** In order, with duplicates, names as written. */
  readonly rawHeaders: readonly RawHeader[];
  /** Lower-case names; duplicates joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the answer's text deltas carry. */
  marker = '';
  /** The scenario that answers, or `handler`. */
  scenario = '';

  /** `performance.now()` when the head was there, the body was whole, the first byte was answered, it was over. */
  readonly startedAt = performance.now();
  bodyAt: number | null = null;
  answeredAt: number | null = null;
  finishedAt: number | null = null;

  /** Bytes given to the connection for this answer, framing included; the kernel may still hold some. */
  sentBytes = 0;
  isAborted = false;
  isFinished = false;

  readonly #body: Buffer[] = [];
  readonly #wireBody: Buffer[] = [];
  readonly #sentWire: Buffer[] = [];
  readonly #sentBody: Buffer[] = [];
  readonly #received = deferred<Buffer>();
  readonly #aborted = deferred();
  readonly #finished = deferred();
  readonly #released = deferred();

  constructor(number: number, connectionId: number, head: Head) {
    const [method = '', target = '', version] = head.firstLine.split(' ');
    if (version !== 'HTTP/1.1') throw new Error(`no HTTP/1.1 request: ${JSON.stringify(head.firstLine)}`);
    const question = target.indexOf('?');
    this.number = number;
    this.connectionId = connectionId;
    this.method = method;
    this.target = target;
    this.path = question < 0 ? target : target.slice(0, question);
    this.query = question < 0 ? '' : target.slice(question + 1);
    this.rawHead = head.raw;
    this.rawHeaders = head.rawHeaders;
    this.headers = head.headers;
  }

  /** The body as far as it came, without chunk framing. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** The same with chunk framing. */
  get wireBody(): Buffer {
    return Buffer.concat(this.#wireBody);
  }

  /** The body as JSON. */
  json(): Record<string, unknown> {
    return JSON.parse(this.body.toString('utf8'));
  }

  /** Whether the client asked for a stream. */
  get wantsStream(): boolean {
    try {
      return this.json()['stream'] === true;
    } catch {
      return false;
    }
  }

  /** The exact bytes of the answer's body, without chunk framing, with content encoding. Empty for `endless`. */
  get sentBody(): Buffer {
    return Buffer.concat(this.#sentBody);
  }

  /** The exact bytes of the whole answer. Empty for `endless`. */
  get sentWire(): Buffer {
    return Buffer.concat(this.#sentWire);
  }

  /** Resolves with the body when all of it has come. */
  get received(): Promise<Buffer> {
    return this.#received.promise;
  }

  /** Resolves when the client closed the connection before the answer was complete. */
  get aborted(): Promise<void> {
    return this.#aborted.promise;
  }

  /** Resolves when the mock is through with it, in whatever way. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Resolves after `release()`. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Lets a scenario with `hold` go on. May be called before it holds. */
  release(): void {
    this.#released.resolve();
  }

  // What follows is for the mock's own code.

  addBody(data: Buffer, wire: Buffer): void {
    if (data.length > 0) this.#body.push(data);
    this.#wireBody.push(wire);
  }

  markReceived(): void {
    this.bodyAt = performance.now();
    this.#received.resolve(this.body);
  }

  addSentWire(bytes: Buffer, keep: boolean): void {
    this.answeredAt ??= performance.now();
    this.sentBytes += bytes.length;
    if (keep) this.#sentWire.push(bytes);
  }

  addSentBody(bytes: Buffer): void {
    this.#sentBody.push(bytes);
  }

  markAborted(): void {
    if (this.isFinished) return;
    this.isAborted = true;
    this.#aborted.resolve();
  }

  markFinished(): void {
    this.isFinished = true;
    this.finishedAt = performance.now();
    this.#finished.resolve();
  }
}
