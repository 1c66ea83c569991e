/** What becomes of a provider's answer on its way to the client: passed through, or translated. One for each exchange. */
import type { ProxyError } from '../../shared/errors';
import type { TokenUsage } from '../dialects/answer';
import type { AnswerFields, UpstreamError } from '../upstream/upstream';

/** How the client's answer begins. */
export interface AnswerHead {
  status: number;
  /** The provider's id of the request, or null. */
  requestId: string | null;
  /** All other headers, see `furtherLines`. */
  lines: string;
  /** The id and all of them are. */
  isAscii: boolean;
}

export type AnswerEnd =
  /** Whole. `last` is what has not been given out yet: where nothing was, the whole body. */
  | { kind: 'end'; last: Uint8Array | null }
  /** Whole, and by its status without a body. */
  | { kind: 'no_body' }
  /** A document of our own instead of the provider's. Nothing was given out. */
  | { kind: 'document'; body: string }
  /** The provider's own error answer, in the client's dialect. Nothing of it was given out. */
  | { kind: 'refusal'; error: ProxyError; requestId: string | null }
  /** Broken off. `told` is what the client hears of it, where that is not for the gateway to say. */
  | { kind: 'failure'; error: UpstreamError; told?: ProxyError };

export interface AnswerPath {
  /** The provider's head has come. Null: what the client gets shows at the end. */
  onHead(status: number, fields: AnswerFields): AnswerHead | null;
  /** Bytes for the client, now; null for none. Like the chunk itself they are only valid until the caller returns. */
  onData(chunk: Uint8Array): Uint8Array | null;
  /** The provider's body has ended, or nothing more of it is wanted. */
  onEnd(): AnswerEnd;
  /** The connection to the provider broke. What can be told all the same, or null. */
  onBroken(): AnswerEnd | null;
  /** The answer has failed before the provider's body ended. */
  readonly early: AnswerEnd | null;
  /** The provider has said everything; it has only to end its body. */
  readonly isComplete: boolean;
  /** The last bytes of an answer that has begun and failed; null: only a cut connection can tell it. */
  failure(error: ProxyError): Uint8Array | null;
  /** What may be sent at this point while the provider is silent; null for nothing. */
  ping(): Uint8Array | null;
  /** It is a stream: its bytes are counted as such. */
  readonly isStream: boolean;
  /** The first token of content has passed. */
  readonly sawContent: boolean;
  /** Calls back, once, with the token counts, and is over. */
  close(done: (usage: TokenUsage | null) => void): void;
}
