/** Reads `generateContent`'s document, or the array of responses that a stream without `alt=sse` is. */
import { Buffer } from 'node:buffer';
import { BadDocument, type JsonView, viewOf } from '../../json/view';
import type { AnswerReader, AnswerSink } from '../answer';
import { Responses } from './responses';

const MAX_BYTES = 64 * 1024 * 1024;

export function readDocument(sink: AnswerSink): AnswerReader {
  return new DocumentReader(sink);
}

class DocumentReader implements AnswerReader {
  readonly #responses: Responses;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(sink: AnswerSink) {
    this.#responses = new Responses(sink);
  }

  feed(chunk: Uint8Array): void {
    if (this.#responses.ended) return;
    this.#bytes += chunk.length;
    // A copy: the chunk's memory is its giver's.
    if (this.#bytes <= MAX_BYTES) this.#chunks.push(Buffer.from(chunk));
    else this.#fail('The provider sent an answer that is too long');
  }

  end(): void {
    if (this.#responses.ended) return;
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    let document: JsonView;
    try {
      document = viewOf(text);
    } catch {
      this.#fail(text.trim() === '' ? 'The provider sent no answer' : 'The provider sent an answer that is not JSON');
      return;
    }
    try {
      this.#take(document);
    } catch (error) {
      if (!(error instanceof BadDocument)) throw error;
      this.#fail(`The provider sent an answer that cannot be read: ${error.message}`);
    }
  }

  #take(document: JsonView): void {
    if (document.kind !== 'object' && document.kind !== 'array') {
      this.#fail('The provider sent an answer that is no object');
      return;
    }
    for (const response of document.kind === 'array' ? document.items() : [document]) this.#responses.take(response);
    this.#responses.end();
  }

  #fail(message: string): void {
    this.#chunks = [];
    this.#responses.fail({ type: 'api_error', message });
  }
}
