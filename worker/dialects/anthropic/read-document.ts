/** Reads the answer of an Anthropic provider that came as one document: a message, with all its content. */
import { Buffer } from 'node:buffer';
import { BadDocument, type JsonView, viewOf } from '../../json/view';
import { type AnswerReader, type AnswerSink, escapeText } from '../answer';
import { readErrorObject } from './errors';
import { readStopReason, readUsage } from './read-usage';

const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

export class MessageDocumentReader implements AnswerReader {
  readonly #sink: AnswerSink;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #over = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  feed(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#bytes += chunk.length;
    // A copy: the chunk's memory is its giver's.
    if (this.#bytes <= MAX_DOCUMENT_BYTES) this.#chunks.push(Uint8Array.from(chunk));
    else this.#fail('The provider sent an answer that is too long');
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    try {
      const message = viewOf(body);
      if (message.get('content')?.kind === 'array') this.#read(message);
      else if (message.get('error') !== undefined) this.#sink.fail(readErrorObject(message.get('error')));
      else this.#fail('The provider sent an answer that is no message');
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof BadDocument)) throw error;
      this.#fail('The provider sent an answer that is not valid');
    }
  }

  #read(message: JsonView): void {
    const usage = readUsage(message.get('usage'), null);
    this.#sink.begin(message.textOf('id') ?? '', message.textOf('model') ?? '', usage);
    let sawToolCall = false;
    for (const block of message.get('content')?.items() ?? []) {
      this.#block(block);
      sawToolCall ||= block.textOf('type') === 'tool_use';
    }
    const reason = readStopReason(message.textOf('stop_reason'), sawToolCall);
    this.#sink.end(reason, message.textOf('stop_sequence') ?? null, usage);
  }

  #block(block: JsonView): void {
    const inner = (name: string) => block.get(name)?.inner() ?? '';
    switch (block.textOf('type')) {
      case 'text':
        if (inner('text') !== '') this.#sink.text(inner('text'));
        return;
      case 'thinking':
        if (inner('thinking') !== '') this.#sink.thinking(inner('thinking'));
        if (inner('signature') !== '') this.#sink.signature(inner('signature'));
        return;
      case 'redacted_thinking':
        this.#sink.redactedThinking(inner('data'));
        return;
      case 'tool_use': {
        this.#sink.toolCall(block.textOf('id') ?? '', block.textOf('name') ?? '');
        const input = block.get('input');
        if ((input?.members().size ?? 0) > 0) this.#sink.toolArguments(escapeText(input?.raw() ?? ''));
        return;
      }
    }
  }

  #fail(message: string): void {
    this.#over = true;
    this.#chunks = [];
    this.#sink.fail({ type: 'api_error', message });
  }
}
