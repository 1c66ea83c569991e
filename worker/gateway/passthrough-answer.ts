/** An answer that goes to the client byte for byte, and is only read along. */
import { Buffer } from 'node:buffer';
import type { ProxyError } from '../../shared/errors';
import type { TokenUsage } from '../dialects/answer';
import type { ClientDialect } from '../dialects/dialect';
import { type AnswerTap, DocumentTap, StreamTap, type TapRules } from '../dialects/tap';
import { type AnswerFields, UpstreamError } from '../upstream/upstream';
import type { AnswerEnd, AnswerHead, AnswerPath } from './answer-path';
import { EventBoundary } from './event-boundary';
import { isCoded, isEventStream } from './headers';
import { InflatingFeed } from './inflate';

export class PassthroughAnswer implements AnswerPath {
  readonly #client: ClientDialect;
  readonly #rules: TapRules;
  readonly #boundary = new EventBoundary();
  #status = 0;
  #tap: AnswerTap | null = null;
  #inflate: InflatingFeed | null = null;
  #expectedBytes: number | null = null;
  #held: Uint8Array | null = null;
  isStream = false;
  readonly early = null;
  readonly isComplete = false;

  constructor(client: ClientDialect, rules: TapRules) {
    this.#client = client;
    this.#rules = rules;
  }

  get sawContent(): boolean {
    return this.#tap?.sawContent ?? false;
  }

  onHead(status: number, fields: AnswerFields): AnswerHead {
    this.#status = status;
    this.isStream = isEventStream(fields);
    this.#expectedBytes = fields.contentLength;
    if (status === 200) this.#startTap(fields);
    const { requestId, lines, isAscii } = fields;
    return { status, requestId, lines, isAscii };
  }

  onData(chunk: Uint8Array): Uint8Array | null {
    const isAll = chunk.length === this.#expectedBytes;
    if (this.#inflate === null) this.#tap?.feed(chunk, isAll);
    else this.#inflate.feed(chunk);
    if (this.isStream) this.#boundary.feed(chunk);
    else if (isAll) {
      // It leaves in one write, with its length. `Buffer.from` would cost twice the cycles.
      this.#held = Buffer.allocUnsafe(chunk.length);
      this.#held.set(chunk);
      return null;
    }
    return chunk;
  }

  onEnd(): AnswerEnd {
    if (this.#status === 204 || this.#status === 304) return { kind: 'no_body' };
    if (this.#endedTooEarly()) {
      return {
        kind: 'failure',
        error: new UpstreamError('closed', "The provider's stream ended before its last event"),
      };
    }
    return { kind: 'end', last: this.#held };
  }

  onBroken(): null {
    return null;
  }

  failure(error: ProxyError): Uint8Array | null {
    if (!this.isStream || this.#inflate !== null) return null;
    // Within an event its next line follows: the last `event:` of an event is the one that counts to a client.
    return Buffer.from((this.#boundary.betweenLines ? '' : '\n') + this.#client.streamError(error));
  }

  ping(): Uint8Array | null {
    const fits = this.isStream && this.#boundary.betweenEvents && this.#inflate === null && this.#status === 200;
    return fits ? Buffer.from(this.#client.ping) : null;
  }

  close(done: (usage: TokenUsage | null) => void): void {
    const account = () => {
      const usage = this.#tap?.usage() ?? null;
      this.#tap = null;
      done(usage);
    };
    if (this.#inflate === null) account();
    else this.#inflate.end(account);
  }

  #startTap(fields: AnswerFields): void {
    const tap = this.isStream ? new StreamTap(this.#rules) : new DocumentTap(this.#rules);
    this.#tap = tap;
    if (isCoded(fields)) this.#inflate = new InflatingFeed(fields.contentEncoding.toLowerCase(), tap);
  }

  /** A stream that can be read along, and has had neither its last event nor an error. */
  #endedTooEarly(): boolean {
    return this.isStream && this.#tap !== null && this.#inflate === null && !this.#tap.isComplete();
  }
}
