/**
 * The seam to the providers: one request goes out, one handler hears of its answer. Which HTTP client does it is the
 * business of an implementation of `Upstream` alone.
 */
import type { UpstreamFailure } from '../../shared/metrics';

/**
 * Headers as they go over the wire. The same object means the same headers: to compare texts would take a time that
 * tells of the secrets in them.
 */
export interface HeaderText {
  /** As `headerLines` makes it: lower-case, one char per byte; without `host` and `content-length`. */
  readonly text: string;
}

export interface UpstreamRequest {
  /** Path and query, as they stand in the request line. */
  target: string;
  method: 'POST' | 'GET';
  /** Null: one cannot be sent, and so the request fails. */
  headers: HeaderText | null;
  /** In pieces that are sent one behind the other: a change to a large body need not copy it. */
  body: readonly Buffer[];
}

/** What the head of an answer says behind its first line. Texts hold one char per byte. */
export interface AnswerFields {
  /** Values as they came, of several the last; empty where there is none. */
  contentType: string;
  contentEncoding: string;
  retryAfter: string;
  requestId: string;
  /** `x-request-id` */
  otherId: string;
  /** Bytes, or null where the provider did not say. */
  contentLength: number | null;
  /**
   * What is not of this connection only, and not said anew to a client: lines as they came, but for names in lower case,
   * each with a line's end before it and none behind.
   */
  lines: string;
  /** All of it is ASCII. */
  isAscii: boolean;
}

/** Exactly one of `onEnd` and `onError` is called, last, unless the call is aborted: then none is. */
export interface UpstreamHandler {
  onHead(status: number, fields: AnswerFields): void;
  /**
   * The chunk is only valid within the call: the buffer it lies in is read into again. The last one of a body with a
   * `content-length` is valid until the next call, which follows at once.
   * @param isLast `onEnd` follows at once
   */
  onData(chunk: Buffer, isLast: boolean): void;
  onEnd(): void;
  onError(error: UpstreamError): void;
}

/** A request under way. */
export interface UpstreamCall {
  /** When the answer began, the kernel had all of the request: nobody reads its body any more. */
  readonly isSent: boolean;
  /** Stops reading from the provider; a little more data may still arrive. */
  pause(): void;
  resume(): void;
  /** Ends it at once and closes its connection. The handler hears nothing more. */
  abort(): void;
}

export interface ConnectionCounts {
  /** Connections with a request on them, or being made for one. */
  active: number;
  /** Kept alive for the next request. */
  idle: number;
  /** Requests that wait for a connection. */
  waiting: number;
}

/** The connections to one provider. */
export interface Upstream {
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  counts(): ConnectionCounts;
  /** Closes every connection at once. */
  destroy(): void;
}

/** `message` is fit for clients and logs: it names the provider's host at most, never a key. */
export class UpstreamError extends Error {
  readonly reason: UpstreamFailure;

  constructor(reason: UpstreamFailure, message: string) {
    super(message);
    this.name = 'UpstreamError';
    this.reason = reason;
  }
}
