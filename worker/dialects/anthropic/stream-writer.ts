/** Writes an answer as the Messages API streams it (https://docs.anthropic.com/en/docs/build-with-claude/streaming). */
import { type AnswerError, type AnswerWriter, NO_USAGE, type StopReason, type TokenUsage } from '../answer';
import type { WriterContext } from '../dialect';
import { errorEvent, messageId, usageJson } from './wire';

export class MessageStreamWriter implements AnswerWriter {
  readonly #context: WriterContext;
  #out = '';
  #begun = false;
  #index = -1;
  #open: 'text' | 'thinking' | 'tool' | null = null;
  /** What stands before a delta's text in the open block. */
  #delta = '';
  #hasArguments = false;
  sawContent = false;
  usage: TokenUsage | null = null;
  state: AnswerWriter['state'] = 'open';
  error: AnswerError | null = null;

  constructor(context: WriterContext) {
    this.#context = context;
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  begin(id: string, model: string, usage: TokenUsage | null): void {
    if (this.#begun) return;
    this.#begun = true;
    this.usage = usage;
    const message =
      `{"id":${messageId(id, this.#context)},"type":"message","role":"assistant"` +
      `,"model":${JSON.stringify(model || this.#context.model)},"content":[],"stop_reason":null,"stop_sequence":null` +
      `,"usage":${usageJson(usage ?? NO_USAGE)}}`;
    this.#out += `event: message_start\ndata: {"type":"message_start","message":${message}}\n\n`;
  }

  // Per token: one concatenation, no object.
  text(escaped: string): void {
    if (escaped === '') return;
    if (this.#open !== 'text') this.#start('text', '{"type":"text","text":""}', '"type":"text_delta","text":"');
    this.#out += `${this.#delta}${escaped}"}}\n\n`;
  }

  thinking(escaped: string): void {
    if (escaped === '') return;
    if (this.#open !== 'thinking') this.#startThinking();
    this.#out += `${this.#delta}${escaped}"}}\n\n`;
  }

  signature(escaped: string): void {
    if (this.#open !== 'thinking') this.#startThinking();
    this.#out += `${deltaOf(this.#index, '"type":"signature_delta","signature":"')}${escaped}"}}\n\n`;
    this.#close();
  }

  redactedThinking(escaped: string): void {
    this.#start('thinking', `{"type":"redacted_thinking","data":"${escaped}"}`, '');
    this.#close();
  }

  toolCall(id: string, name: string): void {
    const block = `{"type":"tool_use","id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"input":{}}`;
    this.#start('tool', block, '"type":"input_json_delta","partial_json":"');
    this.#hasArguments = false;
  }

  toolArguments(escaped: string): void {
    if (escaped === '' || this.#open !== 'tool') return;
    this.#hasArguments = true;
    this.#out += `${this.#delta}${escaped}"}}\n\n`;
  }

  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void {
    if (this.state !== 'open') return;
    this.begin('', '', null);
    this.#close();
    this.state = 'ended';
    this.usage = usage ?? this.usage;
    const delta = `{"stop_reason":"${reason}","stop_sequence":${JSON.stringify(stopSequence)}}`;
    this.#out +=
      `event: message_delta\ndata: {"type":"message_delta","delta":${delta},"usage":${usageJson(this.usage ?? NO_USAGE)}}\n\n` +
      'event: message_stop\ndata: {"type":"message_stop"}\n\n';
  }

  fail(error: AnswerError): void {
    if (this.state !== 'open') return;
    this.state = 'failed';
    this.error = error;
    this.#out += errorEvent(error);
  }

  #startThinking(): void {
    this.#start('thinking', '{"type":"thinking","thinking":"","signature":""}', '"type":"thinking_delta","thinking":"');
  }

  #start(kind: 'text' | 'thinking' | 'tool', block: string, delta: string): void {
    this.begin('', '', null);
    this.#close();
    this.sawContent = true;
    this.#open = kind;
    this.#index++;
    this.#delta = deltaOf(this.#index, delta);
    this.#out += `event: content_block_start\ndata: {"type":"content_block_start","index":${this.#index},"content_block":${block}}\n\n`;
  }

  #close(): void {
    if (this.#open === null) return;
    if (this.#open === 'tool' && !this.#hasArguments) this.#out += `${this.#delta}{}"}}\n\n`;
    this.#open = null;
    this.#out += `event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`;
  }
}

function deltaOf(index: number, delta: string): string {
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{${delta}`;
}
