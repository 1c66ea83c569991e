/** Writes an answer as one `chat.completion` document (https://platform.openai.com/docs/api-reference/chat/object). */
import type { StopReason } from '../answer';
import type { WriterContext } from '../dialect';
import { ChatWriter, REFUSAL_TEXT } from './chat-writer';

interface Call {
  id: string;
  name: string;
  /** Escaped, like the texts below. */
  arguments: string;
}

export class CompletionWriter extends ChatWriter {
  #text = '';
  #thinking = '';
  readonly #calls: Call[] = [];
  #document = '';

  constructor(context: WriterContext, nowMs = Date.now()) {
    super(context, nowMs);
  }

  text(escaped: string): void {
    this.#text += escaped;
    this.sawContent ||= escaped !== '';
  }

  thinking(escaped: string): void {
    this.#thinking += escaped;
    this.sawContent ||= escaped !== '';
  }

  toolCall(id: string, name: string): void {
    this.#calls.push({ id, name, arguments: '' });
    this.sawContent = true;
  }

  toolArguments(escaped: string): void {
    const call = this.#calls.at(-1);
    if (call !== undefined) call.arguments += escaped;
  }

  take(): string {
    const document = this.#document;
    this.#document = '';
    return document;
  }

  protected finish(reason: StopReason, finishReason: string): void {
    const wordless = this.#text === '' && (this.#calls.length > 0 || reason === 'refusal');
    const refusal = wordless && reason === 'refusal' ? JSON.stringify(REFUSAL_TEXT) : 'null';
    const message = [
      '"role":"assistant"',
      `"content":${wordless ? 'null' : `"${this.#text}"`}`,
      `"refusal":${refusal}`,
      ...(this.#thinking === '' ? [] : [`"reasoning_content":"${this.#thinking}"`]),
      ...(this.#calls.length === 0 ? [] : [`"tool_calls":[${this.#calls.map(callJson).join()}]`]),
    ].join();
    const usage = this.usage === null ? '' : `,"usage":${this.usageJson(this.usage)}`;
    this.#document =
      `{"id":${this.id},"object":"chat.completion","created":${this.created},"model":${this.model},` +
      `"choices":[{"index":0,"message":{${message}},"logprobs":null,"finish_reason":"${finishReason}"}]${usage}}`;
  }
}

function callJson({ id, name, arguments: written }: Call): string {
  return (
    `{"id":${JSON.stringify(id)},"type":"function",` +
    `"function":{"name":${JSON.stringify(name)},"arguments":"${written || '{}'}"}}`
  );
}
