/** Writes down what a reader calls, in a form that does not depend on how the provider's body was cut. */
import type { AnswerError, AnswerSink, StopReason, TokenUsage } from '../../worker/dialects/answer';

export class RecordingSink implements AnswerSink {
  /** Name and arguments of each call; consecutive pieces of the same text are one. Texts stay escaped. */
  readonly calls: unknown[][] = [];

  begin(id: string, model: string, usage: TokenUsage | null): void {
    this.calls.push(['begin', id, model, usage]);
  }

  text(escaped: string): void {
    this.#piece('text', escaped);
  }

  thinking(escaped: string): void {
    this.#piece('thinking', escaped);
  }

  signature(escaped: string): void {
    this.calls.push(['signature', escaped]);
  }

  redactedThinking(escaped: string): void {
    this.calls.push(['redactedThinking', escaped]);
  }

  toolCall(id: string, name: string): void {
    this.calls.push(['toolCall', id, name]);
  }

  toolArguments(escaped: string): void {
    this.#piece('toolArguments', escaped);
  }

  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void {
    this.calls.push(['end', reason, stopSequence, usage]);
  }

  fail(error: AnswerError): void {
    this.calls.push(['fail', error]);
  }

  #piece(name: string, escaped: string): void {
    const last = this.calls.at(-1);
    if (last?.[0] === name) last[1] = String(last[1]) + escaped;
    else this.calls.push([name, escaped]);
  }
}
