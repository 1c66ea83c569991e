/** What a scenario can be told: in the request's `x-mock-params` header (JSON), by the test, or as a default. */
import type { WireUsage } from '../anthropic-wire';
import type { HeaderInput } from '../http-head';

export interface ScenarioParams {
  /** In every text delta, so that mixed-up streams are noticed. Default: `x-mock-marker`, or `r` and the number. */
  marker?: string;
  /** Of the words. Default 1. */
  seed?: number;
  /** Text deltas of an answer. Default 8. */
  deltas?: number;
  /** Ping events; see `StreamOptions.pingEvery`. */
  pingEvery?: number;
  /** Tool calls of `tools`. Default 3. */
  tools?: number;
  /** `tools`: characters of two UTF-16 units are cut in two by the deltas. Default true. */
  splitSurrogates?: boolean;
  /** Overrides single counts. */
  usage?: Partial<WireUsage>;
  /** Whether message_delta repeats the input's counts. Default true. */
  fullDeltaUsage?: boolean;
  stopReason?: string;
  /** More headers of the answer; they replace the mock's own of the same name. */
  headers?: HeaderInput;
  /** How an answer that is no stream is delimited. Default `length`. */
  framing?: 'length' | 'chunked' | 'close';
  /** Answers with `connection: close` and closes after it. */
  close?: boolean;
  /** Between two events of a stream. Default 0; `slow`: 50. */
  delayMs?: number;
  /** How many events a stream sends before it breaks or holds. Default 3. */
  afterEvents?: number;
  /** Waits after `afterEvents` events (a whole answer: before its head) until the test calls `request.release()`. */
  hold?: boolean;

  /** `error`: default 529. */
  status?: number;
  /** `error`: an object is sent as JSON, a string as it is. Default: the status' own error in Anthropic's shape. */
  body?: unknown;
  /** `error`, `sse-error`: error type. */
  errorType?: string;
  errorMessage?: string;
  /** `large`: length of the text. Default 1 MiB. */
  sizeBytes?: number;
  /** `cut`: length of each piece. Default 1. */
  cutBytes?: number;
  /** `cut`: cuts exactly here, instead of pieces of one length. */
  cutAt?: number[];
  /** `cut`: positions count in the stream, each piece being a chunk of its own, or in all bytes from the head on. */
  cutIn?: 'stream' | 'wire';
  /** `slow-reader`: bytes that are taken at once, and the pause after each. Default 16 KiB, 5 ms. */
  bytesPerRead?: number;
  pauseMs?: number;
  /** `endless`: ends properly after so many bytes. Default: never. */
  maxBytes?: number;
  /** `count_tokens`: default 4242. */
  inputTokens?: number;
  /** `early-401`: what becomes of the body that still comes. Default `drain`. */
  rest?: 'drain' | 'close' | 'reset';
}
