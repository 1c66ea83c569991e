/** The sink of an answer, to which no text goes that is cut inside a character. */
import type { AnswerSink } from '../answer';
import { wholeLength, withoutHalves } from './escaped';

/** What the pieces of a text are for. */
export type TextKind = 'text' | 'thinking' | 'toolArguments';
export type BlockKind = 'signature' | 'redactedThinking';

export class Outlet {
  readonly #sink: AnswerSink;
  /** The first half of a surrogate pair, and what it is a part of. */
  #half = '';
  #halfOf: TextKind = 'text';

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  put(kind: TextKind, escaped: string): void {
    let text = escaped;
    if (this.#half !== '') {
      if (this.#halfOf === kind) text = this.#half + escaped;
      else this.flush();
      this.#half = '';
    }
    const whole = wholeLength(text);
    if (whole < text.length) {
      this.#half = text.slice(whole);
      this.#halfOf = kind;
      text = text.slice(0, whole);
    }
    if (text !== '') this.#sink[kind](text.includes('\\u') ? withoutHalves(text) : text);
  }

  block(kind: BlockKind, escaped: string): void {
    this.flush();
    this.#sink[kind](escaped);
  }

  toolCall(id: string, name: string): void {
    this.flush();
    this.#sink.toolCall(id, name);
  }

  /** The other half does not come any more. */
  flush(): void {
    if (this.#half === '') return;
    this.#half = '';
    this.#sink[this.#halfOf]('\\ufffd');
  }
}
