/** An answer as the list of the calls that told it. */
import type { AnswerError, AnswerSink, StopReason, TokenUsage } from '../../worker/dialects/answer';

/** Fragments of these may be cut anywhere: what counts is their sum. */
const JOINED = new Set(['text', 'thinking', 'toolArguments']);

export class RecordingSink implements AnswerSink {
  /** Each call: its name and arguments. Consecutive fragments of one kind are one call. */
  readonly calls: unknown[][] = [];

  begin(id: string, model: string, usage: TokenUsage | null): void {
    this.#add('begin', id, model, usage && { ...usage });
  }
  text(escaped: string): void {
    this.#add('text', escaped);
  }
  thinking(escaped: string): void {
    this.#add('thinking', escaped);
  }
  signature(escaped: string): void {
    this.#add('signature', escaped);
  }
  redactedThinking(escaped: string): void {
    this.#add('redactedThinking', escaped);
  }
  toolCall(id: string, name: string): void {
    this.#add('toolCall', id, name);
  }
  toolArguments(escaped: string): void {
    this.#add('toolArguments', escaped);
  }
  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void {
    this.#add('end', reason, stopSequence, usage && { ...usage });
  }
  fail(error: AnswerError): void {
    this.#add('fail', error);
  }

  #add(name: string, ...values: unknown[]): void {
    const last = this.calls.at(-1);
    if (JOINED.has(name) && last?.[0] === name) last[1] = `${last[1]}${values[0]}`;
    else this.calls.push([name, ...values]);
  }
}
