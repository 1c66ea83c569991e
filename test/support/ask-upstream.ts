/** Sends one request through an `Upstream` and tells what became of it; watches that its handler is called as agreed. */
import type { UpstreamFailure } from '../../shared/metrics';
import { headerLines } from '../../worker/upstream/http1/request-head';
import type {
  AnswerFields,
  Upstream,
  UpstreamCall,
  UpstreamError,
  UpstreamHandler,
  UpstreamRequest,
} from '../../worker/upstream/upstream';
import { fieldsOf, withPlainLines } from './answer-fields';
import { deferred } from './wait';

export interface WholeAnswer {
  kind: 'answer';
  status: number;
  fields: AnswerFields;
  body: Buffer;
}

export interface FailedCall {
  kind: 'failure';
  reason: UpstreamFailure;
  message: string;
  /** What had come of the body. */
  body: Buffer;
}

export type Outcome = WholeAnswer | FailedCall;

export interface AskOptions {
  onHead?: (call: UpstreamCall) => void;
  /** @param receivedBytes with this chunk */
  onData?: (call: UpstreamCall, receivedBytes: number) => void;
  /** Bodies too large to keep are counted only. */
  discardBody?: boolean;
}

export class Asked implements UpstreamHandler {
  readonly call: UpstreamCall;
  /** Never settles when the call is aborted. */
  readonly outcome: Promise<Outcome>;
  receivedBytes = 0;
  /** Null until the head is there. */
  status: number | null = null;
  isSettled: () => boolean;
  /** Calls of the handler that may not be. */
  readonly violations: string[] = [];
  readonly #options: AskOptions;
  readonly #settle: (outcome: Outcome) => void;
  #fields = fieldsOf([]);
  #chunks: Buffer[] = [];
  #aborted = false;
  /** What onEnd has to follow at once. */
  #wasLast = false;
  #isLate = false;
  #dispatched = false;

  constructor(upstream: Upstream, request: UpstreamRequest, options: AskOptions = {}) {
    const { promise, resolve, isSettled } = deferred<Outcome>();
    this.#options = options;
    this.outcome = promise;
    this.#settle = resolve;
    this.isSettled = isSettled;
    this.call = upstream.dispatch(request, this);
    this.#dispatched = true;
  }

  abort(): void {
    this.#aborted = true;
    this.call.abort();
  }

  onHead(status: number, fields: AnswerFields): void {
    this.#watch('onHead');
    if (this.status !== null) this.violations.push('a second onHead');
    if (status < 200) this.violations.push(`onHead of ${status}`);
    this.status = status;
    if (fields.isAscii && /[^\0-\x7f]/.test(JSON.stringify(fields))) this.violations.push('not all of it is ASCII');
    this.#fields = withPlainLines(fields);
    this.#options.onHead?.(this.call);
  }

  onData(chunk: Buffer, isLast: boolean): void {
    this.#watch('onData');
    if (this.status === null) this.violations.push('onData before onHead');
    if (chunk.length === 0) this.violations.push('onData without data');
    this.receivedBytes += chunk.length;
    // The buffer behind it is read into again.
    if (this.#options.discardBody !== true) this.#chunks.push(Buffer.from(chunk));
    this.#wasLast = isLast;
    this.#options.onData?.(this.call, this.receivedBytes);
    if (!isLast) return;
    queueMicrotask(() => {
      this.#isLate = true;
    });
  }

  onEnd(): void {
    this.#watch('onEnd');
    if (this.#isLate) this.violations.push('onEnd some time after the last onData');
    if (this.status === null) this.violations.push('onEnd before onHead');
    const body = Buffer.concat(this.#chunks);
    this.#settle({ kind: 'answer', status: this.status ?? 0, fields: this.#fields, body });
  }

  onError(error: UpstreamError): void {
    this.#watch('onError');
    const body = Buffer.concat(this.#chunks);
    this.#settle({ kind: 'failure', reason: error.reason, message: error.message, body });
  }

  #watch(what: string): void {
    if (!this.#dispatched) this.violations.push(`${what} before dispatch has returned`);
    if (this.#aborted) this.violations.push(`${what} after abort`);
    if (this.isSettled()) this.violations.push(`${what} after the end`);
    if (this.#wasLast && what !== 'onEnd') this.violations.push(`${what} after the last onData`);
  }
}

/** The defaults of a request that these tests do not look at. */
export function postRequest(target: string, body: string | Buffer = '{}', headers: string[] = []): UpstreamRequest {
  const text = headerLines(headers);
  return { target, method: 'POST', headers: text === null ? null : { text }, body: [Buffer.from(body)] };
}

/** Asks, and waits for the answer. @throws Error when the call fails, or its handler is not called as agreed */
export async function answerOf(
  upstream: Upstream,
  request: UpstreamRequest,
  options?: AskOptions,
): Promise<WholeAnswer> {
  return answerTo(new Asked(upstream, request, options));
}

/** Waits for the answer. @throws Error when there is none */
export async function answerTo(asked: Asked): Promise<WholeAnswer> {
  const outcome = await asked.outcome;
  if (asked.violations.length > 0) throw new Error(asked.violations.join(', '));
  if (outcome.kind === 'failure') throw new Error(`the call failed: ${outcome.reason}, ${outcome.message}`);
  return outcome;
}

/** Asks, and waits for the failure: its reason. @throws Error when it is answered after all */
export async function failureOf(
  upstream: Upstream,
  request: UpstreamRequest,
  options?: AskOptions,
): Promise<FailedCall> {
  const asked = new Asked(upstream, request, options);
  const outcome = await asked.outcome;
  if (asked.violations.length > 0) throw new Error(asked.violations.join(', '));
  if (outcome.kind === 'answer') throw new Error(`answered with ${outcome.status}: ${outcome.body.subarray(0, 200)}`);
  return outcome;
}
