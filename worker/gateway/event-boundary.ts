/** Follows a stream's bytes and knows whether they end between two events: only there may something be put in. */

const NEWLINE = 0x0a;
const EMPTY_LINE = 0x0a0a;
const EMPTY_LINE_CRLF = 0x0a0d0a;

export class EventBoundary {
  /** The last three bytes so far, as one number: an empty line may come in pieces. Before the first byte all is well. */
  #last = EMPTY_LINE;

  feed(chunk: Uint8Array): void {
    for (let i = Math.max(0, chunk.length - 3); i < chunk.length; i++) {
      this.#last = ((this.#last << 8) | (chunk[i] ?? 0)) & 0xffffff;
    }
  }

  /** The bytes end with an empty line: LF LF, or LF CR LF. */
  get betweenEvents(): boolean {
    return (this.#last & 0xffff) === EMPTY_LINE || this.#last === EMPTY_LINE_CRLF;
  }

  /** The bytes end with a line's end. */
  get betweenLines(): boolean {
    return (this.#last & 0xff) === NEWLINE;
  }
}
