/**
 * The middle of every translation: an answer as a series of calls, whatever the dialect it came in and whatever the one
 * it leaves in. Readers (one for each provider dialect) call, writers (one for each client dialect) are called.
 *
 * Texts travel *escaped*: as what stands between the quotes of a JSON string. All dialects are JSON, so a delta that is
 * cut out of one event can be put into another without being decoded and encoded again.
 */
import type { ErrorType } from '../../shared/errors';

/** Tokens as Anthropic counts them; `input` excludes what came from or went to the cache. */
export interface TokenUsage {
  input: number;
  output: number;
  cacheRead: number;
  cacheCreation: number;
}

/** Why an answer ended, in Anthropic's words (https://docs.anthropic.com/en/api/messages, `stop_reason`). */
export type StopReason =
  | 'end_turn'
  | 'max_tokens'
  | 'stop_sequence'
  | 'tool_use'
  | 'pause_turn'
  | 'refusal'
  | 'model_context_window_exceeded';

/** A provider's failure, told inside an answer or instead of one. */
export interface AnswerError {
  type: ErrorType;
  message: string;
}

/**
 * Takes one answer. Order: `begin` once; then contents, where calls for the same kind of content continue one block and
 * a call for another kind ends it (`toolCall` always begins a new one); last, exactly once, `end` or `fail`. `fail` may
 * come at any time, even first.
 */
export interface AnswerSink {
  /**
   * @param id of the provider's answer; empty when it gave none
   * @param model as the provider named it; empty when it did not
   */
  begin(id: string, model: string, usage: TokenUsage | null): void;
  text(escaped: string): void;
  thinking(escaped: string): void;
  /** Ends the thinking block that is open, or makes an empty one, with what proves it to its provider. */
  signature(escaped: string): void;
  /** A whole block of thinking that only its provider can read. */
  redactedThinking(escaped: string): void;
  /** Begins a call. `id` and `name` are plain texts. */
  toolCall(id: string, name: string): void;
  /** A piece of the JSON text of the open call's arguments, of any length. None at all means `{}`. */
  toolArguments(escaped: string): void;
  /** @param stopSequence the one that was met, where the provider tells it */
  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void;
  fail(error: AnswerError): void;
}

/** Reads a provider's body and calls its sink. Nothing that a provider sends makes it throw: then the sink's `fail` is called. */
export interface AnswerReader {
  feed(chunk: Uint8Array): void;
  /** The provider's body has ended. Calls `end` or `fail` of the sink where that has not happened. */
  end(): void;
}

/** Makes a client's body out of the calls. */
export interface AnswerWriter extends AnswerSink {
  /** What was written since the last call; empty when nothing was. A writer of whole documents has it all after the end. */
  take(): string;
  /** Something of the answer's content was written or is held. */
  readonly sawContent: boolean;
  /** The last counts, or null when the provider gave none. */
  readonly usage: TokenUsage | null;
  /** `open` until `end` or `fail` were called. */
  readonly state: 'open' | 'ended' | 'failed';
  /** What `fail` was called with. */
  readonly error: AnswerError | null;
}

/** A text as it stands between the quotes of a JSON string. */
export function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

export const NO_USAGE: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 };
