/** What each dialect can do, on either side: the seam between the gateway and the translations. */
import type { Provider } from '../../shared/config/config';
import type { ProxyError } from '../../shared/errors';
import type { JsonView } from '../json/view';
import type { AnswerReader, AnswerSink, AnswerWriter } from './answer';

/** A Messages request that goes to a provider of another dialect. */
export interface RequestContext {
  provider: Provider;
  /** What the provider is asked for. */
  model: string;
  /** The client wants a stream. */
  stream: boolean;
  /** Something that the provider does not have was left out; for the log. */
  warn(message: string): void;
}

export interface TranslatedRequest {
  /** Path with its version, and query: `/v1/chat/completions`. Joined to the provider's base URL by `joinUrl`. */
  path: string;
  body: Buffer;
  /** Further headers: flat list of lower-case name, value. */
  headers: string[];
}

/** What a reader has to know of the request that it reads the answer of. */
export interface AnswerContext {
  provider: Provider;
  model: string;
}

/** How a provider's answers are read. */
export interface ProviderReaders {
  /** For `text/event-stream`. */
  readStream(sink: AnswerSink, context: AnswerContext): AnswerReader;
  /** For one JSON document. */
  readDocument(sink: AnswerSink, context: AnswerContext): AnswerReader;
  /** What an answer with an error status means. `body` is what came of it, up to 64 KiB. */
  readError(status: number, body: string): ProxyError;
}

/** A dialect towards providers, into which Messages requests are translated. */
export interface ProviderDialect extends ProviderReaders {
  /**
   * @param request a valid Messages request: an object
   * @throws BadDocument for what the client did wrong or the provider cannot take; its message is the client's
   */
  translateRequest(request: JsonView, context: RequestContext): TranslatedRequest;
}

export interface WriterContext {
  /** Id of the answer where the provider gives none: the gateway's request id. */
  requestId: string;
  /** Model of the answer where the provider names none. */
  model: string;
  /** The client asked for a `usage` chunk (OpenAI's `stream_options.include_usage`). */
  includeUsage: boolean;
}

/** A dialect towards clients. */
export interface ClientDialect {
  writeStream(context: WriterContext): AnswerWriter;
  writeDocument(context: WriterContext): AnswerWriter;
  /** The status of an error answer, for what a provider of another dialect answered with `providerStatus`. */
  statusOf(error: ProxyError, providerStatus: number): number;
  /** The body of an error answer. */
  errorBody(error: ProxyError, requestId: string): string;
  /** The last bytes of a stream that failed. */
  streamError(error: ProxyError): string;
  /** What may be put between two events while a provider is silent. */
  readonly ping: string;
}
