/** The answer to a count of tokens: the provider's, or an estimate of our own where it does not have the call. */
import type { ProxyError } from '../../shared/errors';
import type { TokenUsage } from '../dialects/answer';
import type { AnswerFields } from '../upstream/upstream';
import type { AnswerEnd, AnswerHead, AnswerPath } from './answer-path';

/** Statuses of a provider that does not have the call. */
const UNKNOWN_CALL: readonly number[] = [404, 501];

export class CountAnswer implements AnswerPath {
  readonly #providers: AnswerPath;
  readonly #estimate: () => string;
  #ours: AnswerEnd | null = null;

  /**
   * @param providers what becomes of the provider's own answer
   * @param estimate a document to answer with instead; made as soon as the provider's head has come, if at all
   */
  constructor(providers: AnswerPath, estimate: () => string) {
    this.#providers = providers;
    this.#estimate = estimate;
  }

  onHead(status: number, fields: AnswerFields): AnswerHead | null {
    if (!UNKNOWN_CALL.includes(status)) return this.#providers.onHead(status, fields);
    this.#ours = { kind: 'document', body: this.#estimate() };
    return null;
  }

  onData(chunk: Uint8Array): Uint8Array | null {
    return this.#providers.onData(chunk);
  }

  onEnd(): AnswerEnd {
    return this.#ours ?? this.#providers.onEnd();
  }

  onBroken(): AnswerEnd | null {
    return this.#providers.onBroken();
  }

  get early(): AnswerEnd | null {
    return this.#providers.early;
  }

  /** The estimate waits for nothing. */
  get isComplete(): boolean {
    return this.#ours !== null || this.#providers.isComplete;
  }

  failure(error: ProxyError): Uint8Array | null {
    return this.#providers.failure(error);
  }

  ping(): Uint8Array | null {
    return this.#providers.ping();
  }

  get isStream(): boolean {
    return this.#providers.isStream;
  }

  get sawContent(): boolean {
    return this.#providers.sawContent;
  }

  close(done: (usage: TokenUsage | null) => void): void {
    this.#providers.close(done);
  }
}
