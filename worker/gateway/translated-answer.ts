/** An answer that comes in the provider's dialect and goes in the client's. */
import { Buffer } from 'node:buffer';
import { providerSecrets } from '../../shared/config/secrets';
import type { ProxyError } from '../../shared/errors';
import { redactor } from '../../shared/logger';
import type { AnswerReader, AnswerWriter, TokenUsage } from '../dialects/answer';
import type { AnswerContext, ClientDialect, ProviderReaders, WriterContext } from '../dialects/dialect';
import { furtherLines, JSON_TYPE } from '../http/reply';
import { type AnswerFields, UpstreamError } from '../upstream/upstream';
import type { AnswerEnd, AnswerHead, AnswerPath } from './answer-path';
import { foreignId, isCoded, isEventStream, secondsOf } from './headers';

/** Of a provider's error answer; nothing more of it is wanted. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Of an answer that has to be kept whole. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

export interface Translation {
  client: ClientDialect;
  provider: ProviderReaders;
  /** The client asked for a stream. */
  stream: boolean;
  reader: AnswerContext;
  writer: WriterContext;
}

export class TranslatedAnswer implements AnswerPath {
  readonly #translation: Translation;
  readonly #writer: AnswerWriter;
  #reader: AnswerReader | null = null;
  /** The provider's status where it is none of success, and what came of its body. */
  #errorStatus = 0;
  #errorFields: AnswerFields | null = null;
  #errorPieces: Buffer[] = [];
  #errorBytes = 0;
  #document: Buffer | null = null;
  #bytes = 0;
  early: AnswerEnd | null = null;

  constructor(translation: Translation) {
    this.#translation = translation;
    const { client, stream, writer } = translation;
    this.#writer = stream ? client.writeStream(writer) : client.writeDocument(writer);
  }

  get isStream(): boolean {
    return this.#translation.stream;
  }

  get sawContent(): boolean {
    return this.#writer.sawContent;
  }

  get isComplete(): boolean {
    return this.#writer.state === 'ended';
  }

  onHead(status: number, fields: AnswerFields): AnswerHead | null {
    if (status < 200 || status > 299) {
      this.#errorStatus = status;
      this.#errorFields = fields;
      return null;
    }
    const { provider, reader, stream } = this.#translation;
    if (isCoded(fields)) {
      this.#fail('The provider compressed its answer, unasked');
      return null;
    }
    // What the provider sends counts, not what it was asked for: either form can be made into either.
    const isStream = isEventStream(fields);
    this.#reader = isStream ? provider.readStream(this.#writer, reader) : provider.readDocument(this.#writer, reader);
    const lines = stream ? STREAM_LINES : DOCUMENT_LINES;
    return { status: 200, requestId: foreignId(fields), lines, isAscii: true };
  }

  onData(chunk: Uint8Array): Uint8Array | null {
    if (this.#reader === null) {
      this.#keepError(chunk);
      return null;
    }
    this.#bytes += chunk.length;
    if (!this.isStream && this.#bytes > MAX_DOCUMENT_BYTES) {
      this.#fail(`The provider sent an answer of more than ${MAX_DOCUMENT_BYTES} bytes`);
      return null;
    }
    this.#reader.feed(chunk);
    return this.#written();
  }

  onEnd(): AnswerEnd {
    if (this.#reader === null) return this.#refusal();
    this.#reader.end();
    const last = this.#written();
    if (this.early !== null) return this.early;
    return { kind: 'end', last: this.#document ?? last };
  }

  /** With an error status, what came of its body will do. */
  onBroken(): AnswerEnd | null {
    return this.#errorFields === null ? null : this.#refusal();
  }

  failure(error: ProxyError): Uint8Array | null {
    // Without a stream there is nothing that could follow; but then nothing was given out either.
    if (!this.isStream) return null;
    this.#writer.fail(error);
    return Buffer.from(this.#writer.take());
  }

  ping(): Uint8Array | null {
    // Before the provider's head, and with an error status, the client's own head is not known.
    return this.isStream && this.#reader !== null && this.#writer.state === 'open'
      ? Buffer.from(this.#translation.client.ping)
      : null;
  }

  close(done: (usage: TokenUsage | null) => void): void {
    done(this.#writer.usage);
  }

  /** What the writer has, unless it has failed: then that is the end, and `failure` has the rest. */
  #written(): Uint8Array | null {
    const { state, error } = this.#writer;
    if (state === 'failed' && error !== null) {
      const told = { ...error, message: this.#withoutSecrets(error.message) };
      this.early = { kind: 'failure', error: new UpstreamError('error_in_answer', told.message), told };
      return null;
    }
    const text = this.#writer.take();
    if (text === '') return null;
    const bytes = Buffer.from(text);
    if (this.isStream) return bytes;
    this.#document = bytes;
    return null;
  }

  #keepError(chunk: Uint8Array): void {
    const room = MAX_ERROR_BYTES - this.#errorBytes;
    const piece = Buffer.from(chunk.subarray(0, room));
    this.#errorBytes += piece.length;
    this.#errorPieces.push(piece);
    if (this.#errorBytes === MAX_ERROR_BYTES) this.early = this.#refusal();
  }

  #refusal(): AnswerEnd {
    const { client, provider } = this.#translation;
    const fields = this.#errorFields;
    // A compressed body would be no text.
    const body = fields !== null && !isCoded(fields) ? Buffer.concat(this.#errorPieces).toString('utf8') : '';
    const error = provider.readError(this.#errorStatus, body);
    const retryAfter = error.retryAfter ?? secondsOf(fields?.retryAfter ?? '');
    return {
      kind: 'refusal',
      requestId: fields === null ? null : foreignId(fields),
      error: {
        ...error,
        message: this.#withoutSecrets(error.message),
        status: client.statusOf(error, this.#errorStatus),
        ...(retryAfter !== null && { retryAfter }),
      },
    };
  }

  /** Some providers quote the key that they refuse. */
  #withoutSecrets(message: string): string {
    return redactor(providerSecrets(this.#translation.reader.provider))(message);
  }

  #fail(message: string): void {
    this.#writer.fail({ type: 'api_error', message });
    this.early = { kind: 'failure', error: new UpstreamError('bad_response', message) };
  }
}

const STREAM_LINES = furtherLines([
  ...['content-type', 'text/event-stream; charset=utf-8'],
  ...['cache-control', 'no-cache'],
]);
const DOCUMENT_LINES = furtherLines(['content-type', JSON_TYPE]);
