import type { AnswerError, AnswerSink, StopReason, TokenUsage } from '../../worker/dialects/answer';

export type SinkCall =
  | { begin: [id: string, model: string, usage: TokenUsage | null] }
  | { text: string }
  | { thinking: string }
  | { signature: string }
  | { redactedThinking: string }
  | { toolCall: [id: string, name: string] }
  | { toolArguments: string }
  | { end: [reason: StopReason, stopSequence: string | null, usage: TokenUsage | null] }
  | { fail: AnswerError };

/**
 * Records an answer's calls in a form that does not depend on how its texts were cut: decoded, and joined where one
 * continues the other. Throws where a reader breaks the rules of `AnswerSink`: texts that cannot stand in a JSON string,
 * halves of characters, calls out of order.
 */
export class StrictSink implements AnswerSink {
  readonly calls: SinkCall[] = [];
  /** Of the texts, one for each call. */
  readonly pieces: string[] = [];
  #state: 'new' | 'open' | 'over' = 'new';

  begin(id: string, model: string, usage: TokenUsage | null): void {
    if (this.#state !== 'new') throw new Error('begin was called before');
    this.#state = 'open';
    this.calls.push({ begin: [id, model, usage] });
  }

  text(escaped: string): void {
    const text = this.#decoded(escaped);
    const last = this.calls.at(-1);
    if (last !== undefined && 'text' in last) last.text += text;
    else this.calls.push({ text });
  }

  thinking(escaped: string): void {
    const thinking = this.#decoded(escaped);
    const last = this.calls.at(-1);
    if (last !== undefined && 'thinking' in last) last.thinking += thinking;
    else this.calls.push({ thinking });
  }

  signature(escaped: string): void {
    this.calls.push({ signature: this.#decoded(escaped) });
  }

  redactedThinking(escaped: string): void {
    this.calls.push({ redactedThinking: this.#decoded(escaped) });
  }

  toolCall(id: string, name: string): void {
    this.#check();
    if (id === '' || name === '') throw new Error('a tool call without id or name');
    this.calls.push({ toolCall: [id, name] });
  }

  toolArguments(escaped: string): void {
    const text = this.#decoded(escaped);
    const last = this.calls.at(-1);
    if (last !== undefined && 'toolArguments' in last) last.toolArguments += text;
    else if (last !== undefined && 'toolCall' in last) this.calls.push({ toolArguments: text });
    else throw new Error('arguments without an open call');
  }

  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void {
    this.#check();
    this.#state = 'over';
    this.calls.push({ end: [reason, stopSequence, usage] });
  }

  fail(error: AnswerError): void {
    if (this.#state === 'over') throw new Error('fail was called after the end');
    this.#state = 'over';
    this.calls.push({ fail: error });
  }

  #decoded(escaped: string): string {
    this.#check();
    if (escaped === '') throw new Error('an empty text');
    const text: unknown = JSON.parse(`"${escaped}"`);
    if (typeof text !== 'string' || Buffer.from(text).toString() !== text)
      throw new Error(`half a character: ${escaped}`);
    this.pieces.push(text);
    return text;
  }

  #check(): void {
    if (this.#state === 'new') throw new Error('something came before begin');
    if (this.#state === 'over') throw new Error('something came after the end');
  }
}
