/** What both writers of Chat Completions answers share: who answers, how it ended, what it cost. */
import type { AnswerError, AnswerWriter, StopReason, TokenUsage } from '../answer';
import type { WriterContext } from '../dialect';

const FINISH_REASONS: Readonly<Record<StopReason, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** Stands where a refusal came without a word. */
export const REFUSAL_TEXT = 'The model refused to answer.';

export abstract class ChatWriter implements AnswerWriter {
  /** JSON texts. */
  protected id: string;
  protected model: string;
  /** Seconds since 1970. */
  protected readonly created: number;
  sawContent = false;
  usage: TokenUsage | null = null;
  state: 'open' | 'ended' | 'failed' = 'open';
  error: AnswerError | null = null;

  /** @param nowMs time of the answer */
  constructor(context: WriterContext, nowMs: number) {
    this.id = JSON.stringify(`chatcmpl-${context.requestId}`);
    this.model = JSON.stringify(context.model);
    this.created = Math.floor(nowMs / 1000);
  }

  begin(id: string, model: string, usage: TokenUsage | null): void {
    if (id !== '') this.id = JSON.stringify(id);
    if (model !== '') this.model = JSON.stringify(model);
    this.usage = usage;
  }

  abstract text(escaped: string): void;
  abstract thinking(escaped: string): void;
  abstract toolCall(id: string, name: string): void;
  abstract toolArguments(escaped: string): void;
  abstract take(): string;

  /** A chat message has no place for it. */
  signature(): void {}

  redactedThinking(): void {}

  end(reason: StopReason, _stopSequence: string | null, usage: TokenUsage | null): void {
    if (this.state !== 'open') return;
    this.usage = usage ?? this.usage;
    this.finish(reason, FINISH_REASONS[reason]);
    this.state = 'ended';
  }

  fail(error: AnswerError): void {
    if (this.state !== 'open') return;
    this.error = error;
    this.state = 'failed';
  }

  /** Writes the answer's end. */
  protected abstract finish(reason: StopReason, finishReason: string): void;

  /** JSON text of `usage`: OpenAI's count of the prompt includes what came from the cache. */
  protected usageJson({ input, output, cacheRead, cacheCreation }: TokenUsage): string {
    const prompt = input + cacheRead + cacheCreation;
    return JSON.stringify({
      prompt_tokens: prompt,
      completion_tokens: output,
      total_tokens: prompt + output,
      prompt_tokens_details: { cached_tokens: cacheRead },
    });
  }
}
