/** Reads an answer that is one JSON document (https://platform.openai.com/docs/api-reference/chat/object). */
import { Buffer } from 'node:buffer';
import type { AnswerReader, AnswerSink } from '../answer';
import type { AnswerContext } from '../dialect';
import { quirksOf } from './quirks';
import { ChunkReader } from './read-chunk';

const MAX_BYTES = 32 * 1024 * 1024;

export function readDocument(sink: AnswerSink, context: AnswerContext): AnswerReader {
  return new DocumentReader(sink, quirksOf(context.provider, context.model).earlierThinking === 'reasoning_details');
}

class DocumentReader implements AnswerReader {
  readonly #reader: ChunkReader;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(sink: AnswerSink, packsDetails: boolean) {
    this.#reader = new ChunkReader(sink, packsDetails);
  }

  feed(chunk: Uint8Array): void {
    if (this.#reader.assembly.over) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_BYTES) {
      // A copy: the chunk's memory is its giver's.
      this.#pieces.push(Buffer.from(chunk));
      return;
    }
    this.#pieces = [];
    this.#fail(`The provider's answer is longer than ${MAX_BYTES} bytes`);
  }

  end(): void {
    const { assembly } = this.#reader;
    if (assembly.over) return;
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    let document: unknown;
    try {
      document = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
    } catch {
      this.#fail("The provider's answer is no valid JSON");
      return;
    }
    this.#reader.read(document);
    if (assembly.begun) this.#reader.end();
    else this.#fail("The provider's answer has no choices");
  }

  #fail(message: string): void {
    this.#reader.assembly.fail({ type: 'api_error', message });
  }
}
