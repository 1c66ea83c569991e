/** Writes an answer as one Messages document (https://docs.anthropic.com/en/api/messages). */
import { type AnswerError, type AnswerWriter, NO_USAGE, type StopReason, type TokenUsage } from '../answer';
import type { WriterContext } from '../dialect';
import { messageId, usageJson } from './wire';

/** The answer may have ended anywhere, within a call's arguments, too. */
const CUT_OFF: ReadonlySet<StopReason> = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal']);

export class MessageWriter implements AnswerWriter {
  readonly #context: WriterContext;
  #out = '';
  #id = '';
  #model = '';
  /** Finished blocks, as JSON. */
  readonly #blocks: string[] = [];
  #open: 'text' | 'thinking' | 'tool' | null = null;
  /** What the open block begins with, and its text so far. */
  #head = '';
  #pieces: string[] = [];
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
    this.#id = id;
    this.#model = model;
    this.usage = usage;
  }

  text(escaped: string): void {
    if (escaped === '') return;
    if (this.#open !== 'text') this.#start('text', '{"type":"text","text":"');
    this.#pieces.push(escaped);
  }

  thinking(escaped: string): void {
    if (escaped === '') return;
    if (this.#open !== 'thinking') this.#start('thinking', '{"type":"thinking","thinking":"');
    this.#pieces.push(escaped);
  }

  signature(escaped: string): void {
    if (this.#open !== 'thinking') this.#start('thinking', '{"type":"thinking","thinking":"');
    this.#finish(`","signature":"${escaped}"}`);
  }

  redactedThinking(escaped: string): void {
    this.#close();
    this.sawContent = true;
    this.#blocks.push(`{"type":"redacted_thinking","data":"${escaped}"}`);
  }

  toolCall(id: string, name: string): void {
    this.#start('tool', `{"type":"tool_use","id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"input":`);
  }

  toolArguments(escaped: string): void {
    if (this.#open === 'tool') this.#pieces.push(escaped);
  }

  end(reason: StopReason, stopSequence: string | null, usage: TokenUsage | null): void {
    if (this.state !== 'open') return;
    if (CUT_OFF.has(reason)) this.#dropBrokenCall();
    this.#close();
    // Arguments that are no JSON cannot be told in this dialect.
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.usage = usage ?? this.usage;
    this.#out =
      `{"id":${messageId(this.#id, this.#context)},"type":"message","role":"assistant"` +
      `,"model":${JSON.stringify(this.#model || this.#context.model)},"content":[${this.#blocks.join(',')}]` +
      `,"stop_reason":"${reason}","stop_sequence":${JSON.stringify(stopSequence)}` +
      `,"usage":${usageJson(this.usage ?? NO_USAGE)}}`;
  }

  fail(error: AnswerError): void {
    if (this.state !== 'open') return;
    this.state = 'failed';
    this.error = error;
  }

  #start(kind: 'text' | 'thinking' | 'tool', head: string): void {
    this.#close();
    this.sawContent = true;
    this.#open = kind;
    this.#head = head;
  }

  #close(): void {
    if (this.#open === 'text') this.#finish('"}');
    else if (this.#open === 'thinking') this.#finish('","signature":""}');
    else if (this.#open === 'tool') this.#closeTool();
  }

  /** Half a call is none; as a failure the rest of the answer would be lost, and asked for again and again. */
  #dropBrokenCall(): void {
    if (this.#open !== 'tool' || argumentsText(this.#pieces.join('')) !== null) return;
    this.#open = null;
    this.#pieces = [];
  }

  #closeTool(): void {
    const input = argumentsText(this.#pieces.join(''));
    if (input === null) {
      this.fail({ type: 'api_error', message: 'The provider called a tool with arguments that are no JSON object' });
      return;
    }
    this.#pieces = [input];
    this.#finish('}');
  }

  #finish(tail: string): void {
    this.#blocks.push(this.#head + this.#pieces.join('') + tail);
    this.#pieces = [];
    this.#open = null;
  }
}

/** The JSON text of a call's arguments, or null when it is no object. */
function argumentsText(escaped: string): string | null {
  if (escaped === '') return '{}';
  try {
    const text = JSON.parse(`"${escaped}"`) as string; // A JSON string is a string.
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : null;
  } catch {
    return null;
  }
}
