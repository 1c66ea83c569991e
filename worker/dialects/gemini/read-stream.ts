/** Reads `streamGenerateContent?alt=sse`. */
import { BadDocument, type JsonView, viewOf } from '../../json/view';
import type { AnswerReader, AnswerSink } from '../answer';
import { SseReader } from '../sse';
import { Responses } from './responses';
import { TextTemplate } from './text-template';

/** Of one stream: a provider that never repeats itself costs no more than this. */
const MAX_TEMPLATES = 16;

export function readStream(sink: AnswerSink): AnswerReader {
  return new StreamReader(sink);
}

class StreamReader implements AnswerReader {
  readonly #responses: Responses;
  readonly #sse: SseReader;
  /** The one that matched last is the first to be tried. */
  #template: TextTemplate | null = null;
  #learned = 0;
  /** The last response that a template has read: its counts are read when they are the last ones. */
  #uncounted: string | null = null;

  constructor(sink: AnswerSink) {
    this.#responses = new Responses(sink);
    this.#sse = new SseReader(
      (data) => this.#event(data),
      () => this.#fail('The provider sent an event that is too long'),
    );
  }

  feed(chunk: Uint8Array): void {
    this.#sse.feed(chunk);
  }

  end(): void {
    this.#sse.end();
    this.#count();
    this.#responses.end();
  }

  #event(data: string): void {
    const text = this.#template?.match(data) ?? null;
    if (this.#template !== null && text !== null) {
      this.#responses.text(text, this.#template.isThought);
      this.#uncounted = data;
      return;
    }
    this.#count();
    // Neither is Google's, but some gateways' before it.
    if (data === '' || data === '[DONE]') return;
    const response = parse(data);
    if (response === null) this.#fail('The provider sent an event that is not JSON');
    else this.#take(data, response);
  }

  #take(data: string, response: JsonView): void {
    try {
      // Some gateways put a response into an array of its own.
      if (response.kind === 'array') for (const item of response.items()) this.#responses.take(item);
      else this.#responses.take(response);
      if (this.#responses.ended) this.#sse.stop();
      else if (response.kind === 'object' && this.#learned < MAX_TEMPLATES) this.#learn(data, response);
    } catch (error) {
      if (!(error instanceof BadDocument)) throw error;
      this.#fail(`The provider sent an event that cannot be read: ${error.message}`);
    }
  }

  #learn(data: string, response: JsonView): void {
    const template = TextTemplate.of(data, response);
    if (template === null) return;
    this.#template = template;
    this.#learned++;
  }

  #count(): void {
    if (this.#uncounted !== null) this.#responses.countUsage(viewOf(this.#uncounted));
    this.#uncounted = null;
  }

  #fail(message: string): void {
    this.#responses.fail({ type: 'api_error', message });
    this.#sse.stop();
  }
}

function parse(data: string): JsonView | null {
  try {
    const view = viewOf(data);
    return view.kind === 'object' || view.kind === 'array' ? view : null;
  } catch {
    return null;
  }
}
