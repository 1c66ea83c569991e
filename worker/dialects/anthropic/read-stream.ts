/**
 * Reads the event stream of an Anthropic provider (https://platform.claude.com/docs/en/build-with-claude/streaming).
 * Events and blocks that are not known are passed over, and so are the blocks of tools that the provider runs itself.
 */
import { BadDocument, type JsonView, viewOf } from '../../json/view';
import { type AnswerReader, type AnswerSink, escapeText, type TokenUsage } from '../answer';
import { SseReader } from '../sse';
import { DeltaShape } from './delta-shape';
import { readErrorObject } from './errors';
import { readStopReason, readUsage } from './read-usage';

type BlockKind = 'text' | 'thinking' | 'tool_use' | 'ignored';

/** Deltas with a text for the sink, the kind of block that has them, and the member with the text. */
const DELTAS = {
  text_delta: { kind: 'text', member: 'text' },
  thinking_delta: { kind: 'thinking', member: 'thinking' },
  input_json_delta: { kind: 'tool_use', member: 'partial_json' },
} as const;

export class MessageStreamReader implements AnswerReader {
  readonly #sink: AnswerSink;
  readonly #events: SseReader;
  readonly #shape = new DeltaShape();
  #over = false;
  #begun = false;
  #usage: TokenUsage | null = null;
  #stopReason: string | undefined;
  #stopSequence: string | null = null;
  #sawToolCall = false;
  /** Of the open block; null between two. */
  #kind: BlockKind | null = null;
  #signature = '';
  /** Arguments that came whole, with the block's beginning: JSON text. */
  #wholeInput = '';

  constructor(sink: AnswerSink) {
    this.#sink = sink;
    this.#events = new SseReader(
      (data) => this.#event(data),
      () => this.#fail('The provider sent an event that is too long'),
    );
  }

  feed(chunk: Uint8Array): void {
    this.#events.feed(chunk);
  }

  end(): void {
    this.#events.end();
    if (!this.#over) this.#fail("The provider's stream ended before its last event");
  }

  /** Hot: most events are deltas of one form, see `DeltaShape`. */
  #event(data: string): void {
    if (this.#over) return;
    const content = this.#shape.match(data);
    if (content !== null) {
      this.#give(content);
      return;
    }
    // What OpenAI's streams end with; some providers of both dialects have it everywhere.
    if (data === '[DONE]') return;
    try {
      this.#parsed(viewOf(data));
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof BadDocument)) throw error;
      this.#fail('The provider sent an event that is not valid');
    }
  }

  #parsed(event: JsonView): void {
    switch (event.textOf('type')) {
      case 'message_start':
        this.#begin(event.get('message'));
        return;
      case 'content_block_start':
        this.#blockStart(event.get('content_block'));
        return;
      case 'content_block_delta':
        this.#delta(event.get('delta'));
        return;
      case 'content_block_stop':
        this.#blockStop();
        return;
      case 'message_delta':
        this.#stopReason = event.get('delta')?.textOf('stop_reason') ?? this.#stopReason;
        this.#stopSequence = event.get('delta')?.textOf('stop_sequence') ?? this.#stopSequence;
        this.#usage = readUsage(event.get('usage'), this.#usage);
        return;
      case 'message_stop':
        this.#begin(undefined);
        this.#blockStop();
        this.#finish();
        this.#sink.end(readStopReason(this.#stopReason, this.#sawToolCall), this.#stopSequence, this.#usage);
        return;
      case 'error':
        this.#finish();
        this.#sink.fail(readErrorObject(event.get('error')));
        return;
    }
  }

  #begin(message: JsonView | undefined): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#usage = readUsage(message?.get('usage'), null);
    this.#sink.begin(message?.textOf('id') ?? '', message?.textOf('model') ?? '', this.#usage);
  }

  #blockStart(block: JsonView | undefined): void {
    this.#begin(undefined);
    this.#blockStop();
    switch (block?.textOf('type')) {
      case 'text':
        this.#kind = 'text';
        this.#give(block?.get('text')?.inner() ?? '');
        return;
      case 'thinking':
        this.#kind = 'thinking';
        this.#give(block?.get('thinking')?.inner() ?? '');
        this.#signature = block?.get('signature')?.inner() ?? '';
        return;
      case 'tool_use':
        this.#kind = 'tool_use';
        this.#sawToolCall = true;
        this.#sink.toolCall(block?.textOf('id') ?? '', block?.textOf('name') ?? '');
        if ((block?.get('input')?.members().size ?? 0) > 0) this.#wholeInput = block?.get('input')?.raw() ?? '';
        return;
      case 'redacted_thinking':
        this.#sink.redactedThinking(block?.get('data')?.inner() ?? '');
        break;
    }
    this.#kind = 'ignored';
  }

  #delta(delta: JsonView | undefined): void {
    const type = delta?.textOf('type') ?? '';
    if (type === 'signature_delta') {
      if (this.#kind === 'thinking') this.#signature += delta?.get('signature')?.inner() ?? '';
      return;
    }
    if (!Object.hasOwn(DELTAS, type)) return;
    const { kind, member } = DELTAS[type as keyof typeof DELTAS]; // A name that the table has is one of its names.
    // A text whose block was never begun is a text all the same.
    if (this.#kind === null && kind !== 'tool_use') {
      this.#begin(undefined);
      this.#kind = kind;
    }
    const content = delta?.get(member);
    if (this.#kind !== kind || content?.kind !== 'string') return;
    this.#shape.learn(content);
    this.#give(content.inner());
  }

  /** A piece of the open block's text, thought or arguments. */
  #give(escaped: string): void {
    if (escaped === '') return;
    if (this.#kind === 'text') this.#sink.text(escaped);
    else if (this.#kind === 'thinking') this.#sink.thinking(escaped);
    else {
      this.#wholeInput = '';
      this.#sink.toolArguments(escaped);
    }
  }

  #blockStop(): void {
    this.#shape.forget();
    if (this.#signature !== '') this.#sink.signature(this.#signature);
    if (this.#wholeInput !== '') this.#sink.toolArguments(escapeText(this.#wholeInput));
    this.#signature = '';
    this.#wholeInput = '';
    this.#kind = null;
  }

  #fail(message: string): void {
    this.#finish();
    this.#sink.fail({ type: 'api_error', message });
  }

  #finish(): void {
    this.#over = true;
    this.#events.stop();
  }
}
