/**
 * What a provider sends behind the answer, until its body ends: the client has all that it is to get and need not wait for
 * it, but a connection that is read to its end can be used again.
 */
import type { UpstreamCall } from '../upstream/upstream';

const MAX_MS = 1000;
/** Beyond it a new connection is cheaper. */
const MAX_BYTES = 64 * 1024;

export class Remainder {
  readonly #call: UpstreamCall;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  /** It may take a moment from now. */
  constructor(call: UpstreamCall) {
    this.#call = call;
    this.#timer = setTimeout(() => call.abort(), MAX_MS);
  }

  drop(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_BYTES) return;
    this.ended();
    this.#call.abort();
  }

  ended(): void {
    clearTimeout(this.#timer);
  }
}
