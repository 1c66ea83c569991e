/** Reads the event stream of an answer (https://platform.openai.com/docs/api-reference/chat-streaming). */
import type { AnswerReader, AnswerSink } from '../answer';
import type { AnswerContext } from '../dialect';
import { SseReader } from '../sse';
import { FastPath } from './fast-path';
import { quirksOf } from './quirks';
import { ChunkReader } from './read-chunk';

const DONE = '[DONE]';

export function readStream(sink: AnswerSink, context: AnswerContext): AnswerReader {
  return new StreamReader(sink, quirksOf(context.provider, context.model).earlierThinking === 'reasoning_details');
}

class StreamReader implements AnswerReader {
  readonly #chunks: ChunkReader;
  readonly #fast = new FastPath();
  readonly #sse: SseReader;

  constructor(sink: AnswerSink, packsDetails: boolean) {
    this.#chunks = new ChunkReader(sink, packsDetails);
    this.#sse = new SseReader(
      (data) => this.#read(data),
      () => this.#fail('The provider sent an event that is too long'),
    );
  }

  feed(chunk: Uint8Array): void {
    this.#sse.feed(chunk);
  }

  end(): void {
    this.#sse.end();
    const { assembly } = this.#chunks;
    if (assembly.over) return;
    // Not everybody sends [DONE]; but who does not say why the answer ended has not ended it.
    if (assembly.finished) this.#chunks.end();
    else this.#fail("The provider's stream ended before its last event");
  }

  #read(data: string): void {
    const escaped = this.#fast.match(data);
    if (escaped !== null) this.#take(escaped);
    else this.#parse(data);
    if (this.#chunks.assembly.over) this.#sse.stop();
  }

  #take(escaped: string): void {
    switch (this.#fast.kind) {
      case 'content':
        this.#chunks.text(escaped);
        break;
      case 'arguments':
        this.#chunks.callArguments(this.#fast.index, escaped);
        break;
      default:
        this.#chunks.assembly.thinking(escaped);
    }
  }

  #parse(data: string): void {
    const text = data.trim();
    if (text === '') return;
    if (text === DONE) {
      this.#chunks.end();
      return;
    }
    let chunk: unknown;
    try {
      chunk = JSON.parse(text);
    } catch {
      this.#fail('The provider sent an event that is no JSON');
      return;
    }
    this.#chunks.read(chunk);
    if (this.#chunks.assembly.begun) this.#fast.learn(data, chunk);
  }

  #fail(message: string): void {
    this.#chunks.assembly.fail({ type: 'api_error', message });
  }
}
