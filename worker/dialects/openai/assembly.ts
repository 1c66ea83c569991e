/**
 * Puts an answer's contents one after the other, as the Messages API wants them: in whatever order and however many
 * pieces a provider sends them. A call goes on live; what comes while its arguments are not whole waits for the end.
 */
import { randomBytes } from 'node:crypto';
import type { AnswerError, AnswerSink, TokenUsage } from '../answer';
import { type Finish, settle } from './finish';
import { type BlockKind, Outlet } from './outlet';
import { type Call, ToolCalls } from './tool-calls';

/** Characters that wait. */
const MAX_WAITING = 32 * 1024 * 1024;

type Content = 'text' | 'thinking' | BlockKind;
type Waiting = { content: Content; escaped: string } | { content: 'call'; call: Call };

export class Assembly {
  readonly #sink: AnswerSink;
  readonly #outlet: Outlet;
  readonly #calls = new ToolCalls();
  #begun = false;
  #over = false;
  /** The call that goes on live. */
  #open: Call | null = null;
  #waiting: Waiting[] = [];
  #waitingLength = 0;
  #hasCalls = false;
  #refused = false;
  #finish: Finish | null = null;
  usage: TokenUsage | null = null;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
    this.#outlet = new Outlet(sink);
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** The sink's `end` or `fail` was called. */
  get over(): boolean {
    return this.#over;
  }

  /** The provider has said why the answer ended. */
  get finished(): boolean {
    return this.#finish !== null;
  }

  begin(id: string, model: string): void {
    if (this.#begun || this.#over) return;
    this.#begun = true;
    this.#sink.begin(id, model, this.usage);
  }

  text(escaped: string): void {
    if (escaped !== '') this.#add('text', escaped);
  }

  refusal(escaped: string): void {
    if (escaped !== '') this.#refused = true;
    this.text(escaped);
  }

  thinking(escaped: string): void {
    if (escaped !== '') this.#add('thinking', escaped);
  }

  block(kind: BlockKind, escaped: string): void {
    if (escaped === '') return;
    this.#add(kind, escaped);
  }

  /**
   * A piece of a call.
   *
   * @param index null where the provider gave none; `id` and `name` are empty where it gave none
   * @param escaped a piece of the JSON text of its arguments
   */
  call(index: number | null, id: string, name: string, escaped: string): void {
    if (this.#over) return;
    const call = this.#calls.of(index, id, name);
    if (call === null) {
      this.fail({ type: 'api_error', message: 'The provider sent too many tool calls' });
      return;
    }
    if (call.closed) return;
    if (!call.placed) {
      call.placed = true;
      if (this.#isFree()) this.#open = call;
      else this.#waiting.push({ content: 'call', call });
    }
    if (escaped !== '') call.add(escaped);
    if (call === this.#open && call.name !== '') this.#goOn(call, escaped);
    else {
      call.held += escaped;
      this.#countWaiting(escaped.length);
    }
  }

  /** The first reason counts. */
  finish(finish: Finish): void {
    this.#finish ??= finish;
  }

  /** Nothing follows. */
  end(): void {
    if (this.#over) return;
    this.begin('', '');
    if (this.#open !== null) this.#goOn(this.#open, '');
    for (const item of this.#waiting) {
      if (this.#over) return;
      if (item.content === 'call') this.#goOn(item.call, '');
      else this.#put(item.content, item.escaped);
    }
    if (this.#over) return;
    this.#outlet.flush();
    this.#over = true;
    const { reason, stopSequence } = settle(this.#finish, this.#hasCalls, this.#refused);
    this.#sink.end(reason, stopSequence, this.usage);
  }

  fail(error: AnswerError): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.#sink.fail(error);
  }

  #add(content: Content, escaped: string): void {
    if (this.#over) return;
    if (this.#isFree()) {
      this.#put(content, escaped);
      return;
    }
    const last = this.#waiting.at(-1);
    if (last?.content === content && (content === 'text' || content === 'thinking')) last.escaped += escaped;
    else this.#waiting.push({ content, escaped });
    this.#countWaiting(escaped.length);
  }

  /** Something else may follow now; the open call, if there is one, is closed. */
  #isFree(): boolean {
    if (this.#waiting.length > 0) return false;
    if (this.#open === null) return true;
    if (!this.#open.begun || !this.#open.isComplete()) return false;
    this.#open.closed = true;
    this.#open = null;
    return true;
  }

  #goOn(call: Call, escaped: string): void {
    if (!call.begun) {
      if (call.name === '') {
        // Nothing at all was said of it: some servers send such an entry along with texts.
        if (call.held === '') return;
        this.fail({ type: 'api_error', message: 'The provider sent a tool call without a name' });
        return;
      }
      call.begun = true;
      this.#hasCalls = true;
      this.#outlet.toolCall(call.id === '' ? `call_${randomBytes(12).toString('hex')}` : call.id, call.name);
    }
    this.#outlet.put('toolArguments', call.held + escaped);
    call.held = '';
  }

  #put(content: Content, escaped: string): void {
    if (content === 'text' || content === 'thinking') this.#outlet.put(content, escaped);
    else this.#outlet.block(content, escaped);
  }

  #countWaiting(length: number): void {
    this.#waitingLength += length;
    if (this.#waitingLength > MAX_WAITING) {
      this.fail({
        type: 'api_error',
        message: 'The provider sent more beside an unfinished tool call than can be kept',
      });
    }
  }
}
