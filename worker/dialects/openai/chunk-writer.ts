/**
 * Writes an answer as `chat.completion.chunk` events (https://platform.openai.com/docs/api-reference/chat-streaming).
 * What changes from one delta to the next is a text between two constants, so that is what is joined: no object is
 * made for a token.
 */
import type { AnswerError, StopReason, TokenUsage } from '../answer';
import type { WriterContext } from '../dialect';
import { ChatWriter, REFUSAL_TEXT } from './chat-writer';
import { chatStreamError } from './error-body';

export class ChunkWriter extends ChatWriter {
  readonly #includeUsage: boolean;
  #written = '';
  /** Up to the delta's value, and from behind it. */
  #head = '';
  #tail = '';
  #textHead = '';
  #thinkingHead = '';
  #argumentsHead = '';
  #stringTail = '';
  #argumentsTail = '';
  #calls = 0;
  /** A call is open and has had no arguments. */
  #bareCall = false;
  #sawText = false;

  constructor(context: WriterContext, nowMs = Date.now()) {
    super(context, nowMs);
    this.#includeUsage = context.includeUsage;
    this.#prepare();
  }

  override begin(id: string, model: string, usage: TokenUsage | null): void {
    super.begin(id, model, usage);
    this.#prepare();
    this.#delta('{"role":"assistant","content":""}');
  }

  text(escaped: string): void {
    if (escaped === '') return;
    this.#closeCall();
    this.sawContent = true;
    this.#sawText = true;
    this.#written += this.#textHead + escaped + this.#stringTail;
  }

  thinking(escaped: string): void {
    if (escaped === '') return;
    this.#closeCall();
    this.sawContent = true;
    this.#written += this.#thinkingHead + escaped + this.#stringTail;
  }

  toolCall(id: string, name: string): void {
    this.#closeCall();
    this.sawContent = true;
    const call = { index: this.#calls, id, type: 'function', function: { name, arguments: '' } };
    this.#delta(JSON.stringify({ tool_calls: [call] }));
    this.#argumentsHead = `${this.#head}{"tool_calls":[{"index":${this.#calls},"function":{"arguments":"`;
    this.#calls++;
    this.#bareCall = true;
  }

  toolArguments(escaped: string): void {
    if (escaped === '') return;
    this.#bareCall = false;
    this.#written += this.#argumentsHead + escaped + this.#argumentsTail;
  }

  override signature(): void {
    this.#closeCall();
  }

  override redactedThinking(): void {
    this.#closeCall();
  }

  override fail(error: AnswerError): void {
    if (this.state === 'open') this.#written += chatStreamError(error);
    super.fail(error);
  }

  take(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }

  protected finish(reason: StopReason, finishReason: string): void {
    this.#closeCall();
    if (reason === 'refusal' && !this.#sawText) this.#delta(JSON.stringify({ refusal: REFUSAL_TEXT }));
    this.#written += `${this.#head}{},"logprobs":null,"finish_reason":"${finishReason}"}]}\n\n`;
    if (this.#includeUsage && this.usage !== null) {
      this.#written += `${this.#opening()}"choices":[],"usage":${this.usageJson(this.usage)}}\n\n`;
    }
    this.#written += 'data: [DONE]\n\n';
  }

  #prepare(): void {
    // OpenAI has a null in every chunk before the one with the counts.
    this.#head = `${this.#opening()}${this.#includeUsage ? '"usage":null,' : ''}"choices":[{"index":0,"delta":`;
    this.#tail = ',"logprobs":null,"finish_reason":null}]}\n\n';
    this.#textHead = `${this.#head}{"content":"`;
    this.#thinkingHead = `${this.#head}{"reasoning_content":"`;
    this.#stringTail = `"}${this.#tail}`;
    this.#argumentsTail = `"}}]}${this.#tail}`;
  }

  #opening(): string {
    return `data: {"id":${this.id},"object":"chat.completion.chunk","created":${this.created},"model":${this.model},`;
  }

  #delta(json: string): void {
    this.#written += this.#head + json + this.#tail;
  }

  /** A client parses the arguments of every call: none at all are an empty object. */
  #closeCall(): void {
    if (this.#bareCall) this.toolArguments('{}');
  }
}
