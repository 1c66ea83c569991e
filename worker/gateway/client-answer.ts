/** What one client is answered: the provider's answer, a document or an error of our own, and the record of it. */
import { type ProxyError, statusOf } from '../../shared/errors';
import type { ClientDialect } from '../dialects/dialect';
import type { EngineResponse } from '../http/engine';
import { apiError, furtherLines, jsonReply, sendReply } from '../http/reply';
import { type ResponseEvents, ResponseWriter } from '../http/response-writer';
import type { AnswerHead } from './answer-path';
import { type ExchangeRecord, takeProviderId } from './exchange-record';
import { routeLines } from './headers';

export class ClientAnswer {
  readonly #res: EngineResponse;
  readonly #client: ClientDialect;
  readonly #record: ExchangeRecord;
  readonly #events: ResponseEvents;
  readonly #writer: ResponseWriter;
  /** The worker drains: answers tell the client to close the connection. */
  readonly #closing: () => boolean;

  constructor(
    res: EngineResponse,
    client: ClientDialect,
    record: ExchangeRecord,
    closing: () => boolean,
    events: ResponseEvents,
  ) {
    this.#res = res;
    this.#client = client;
    this.#record = record;
    this.#closing = closing;
    this.#events = events;
    this.#writer = new ResponseWriter(res, events);
  }

  /** True once a byte of it may have left: from then on no other answer can be given. */
  get started(): boolean {
    return this.#writer.started;
  }

  /** It was ended, cut, or aborted by the client. */
  get closed(): boolean {
    return this.#writer.closed;
  }

  /** An error of our own, as the whole answer. It must not have begun. */
  refuse(error: ProxyError): void {
    const record = this.#record;
    record.status = statusOf(error);
    record.refused = error.type;
    const body = this.#client.errorBody(error, record.requestId);
    sendReply(this.#res, apiError(error, body, record.requestId, routeLines(record)), this.#options());
    this.#events.finished();
  }

  /** A document of our own. */
  reply(body: string): void {
    const record = this.#record;
    record.status = 200;
    const lines = furtherLines(['request-id', record.requestId]) + routeLines(record);
    sendReply(this.#res, jsonReply(200, body, lines), this.#options());
    this.#events.finished();
  }

  /** @returns false for a head that is too large: nothing is set */
  begin({ status, requestId, lines, isAscii }: AnswerHead): boolean {
    const record = this.#record;
    takeProviderId(record, requestId);
    record.status = status;
    const idAndLines = record.requestId + routeLines(record) + lines;
    return this.#writer.begin({ status, idAndLines, isAscii, closing: this.#closing() });
  }

  /** False: stop the provider until `drained`. */
  write(bytes: Uint8Array): boolean {
    return this.#writer.write(bytes);
  }

  /** @param last where nothing was written before, the whole body */
  end(last: Uint8Array | null): void {
    this.#writer.end(last ?? undefined);
  }

  /** @param bytes the last of those that were written one by one */
  endWith(bytes: Uint8Array): void {
    this.#writer.endWith(bytes);
  }

  endWithoutBody(): void {
    this.#writer.endWithoutBody();
  }

  /**
   * Ends a failed answer: with an error instead of it, its last bytes, or, where neither fits, a cut connection.
   * @param last of an answer that has begun
   */
  fail(error: ProxyError, last: (error: ProxyError) => Uint8Array | null): void {
    if (!this.started) {
      this.refuse(error);
      return;
    }
    const bytes = last(error);
    if (bytes === null) this.cut();
    else this.end(bytes);
  }

  cut(): void {
    this.#writer.cut();
  }

  /** The client went away. */
  aborted(): void {
    this.#writer.aborted();
    if (this.#record.status === 0) this.#record.status = 499;
  }

  /** To be called every few seconds while the client takes nothing. */
  keepWaiting(): void {
    this.#writer.keepWaiting();
  }

  #options() {
    return { headOnly: false, closing: this.#closing() };
  }
}
