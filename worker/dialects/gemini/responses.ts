/**
 * One answer out of Gemini's responses (https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse): of a
 * stream, each of which has the next parts, or the single one of a document.
 *
 * Left out: other candidates than the first, and parts that Anthropic's answers have no block for (images, code that
 * Google ran, calls of Google's own tools; none of them is asked for).
 */
import { randomBytes } from 'node:crypto';
import type { JsonView } from '../../json/view';
import { type AnswerError, type AnswerSink, escapeText, type StopReason, type TokenUsage } from '../answer';
import { encodeCallId } from './call-ids';
import { readGoogleError, withoutKeys } from './errors';
import { markSignature } from './signatures';

/** Why the content ended, where that is no failure. */
const STOP_REASON: Readonly<Record<string, StopReason>> = {
  STOP: 'end_turn',
  MAX_TOKENS: 'max_tokens',
  /** At a limit of the provider's own. */
  CONTINUATION: 'max_tokens',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  LANGUAGE: 'refusal',
  BLOCKLIST: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
  SPII: 'refusal',
  IMAGE_SAFETY: 'refusal',
  IMAGE_PROHIBITED_CONTENT: 'refusal',
  IMAGE_RECITATION: 'refusal',
  MODEL_ARMOR: 'refusal',
  ESCALATION: 'refusal',
};

/** Nothing that a client could use was made, or not all of it; the same request may succeed the next time. */
const FAILURES = new Set([
  'FINISH_REASON_UNSPECIFIED',
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
  'MISSING_THOUGHT_SIGNATURE',
  'NO_IMAGE',
  'IMAGE_OTHER',
  'OTHER',
  'PUP_LIMITED_DISABLED',
]);

const COUNTS = [
  'promptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'toolUsePromptTokenCount',
] as const;

export class Responses {
  readonly #sink: AnswerSink;
  readonly #counts = new Map<string, number>();
  readonly #ids = new Set<string>();
  #begun = false;
  #ended = false;
  #finishReason = '';
  #finishMessage = '';
  #blocked = false;
  #spoke = false;
  #called = false;
  #thinking = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** The sink's `end` or `fail` was called: nothing more is taken. */
  get ended(): boolean {
    return this.#ended;
  }

  fail(error: AnswerError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.fail(error);
  }

  /** The next response. @throws BadDocument for one with too many members */
  take(response: JsonView): void {
    if (this.#ended) return;
    const error = response.get('error');
    if (error?.kind === 'object') {
      const { type, message } = readGoogleError(500, shallow(error));
      this.fail({ type, message });
      return;
    }
    this.countUsage(response);
    this.#begin(response);
    if (response.get('promptFeedback')?.textOf('blockReason') !== undefined) this.#blocked = true;
    const candidate = response.get('candidates')?.items()[0];
    for (const part of candidate?.get('content')?.get('parts')?.items() ?? []) this.#part(part);
    this.#finishReason = candidate?.textOf('finishReason') ?? this.#finishReason;
    this.#finishMessage = candidate?.textOf('finishMessage') ?? this.#finishMessage;
  }

  /** A piece of text or of a thought, as `take` finds it. */
  text(escaped: string, isThought: boolean): void {
    if (escaped === '') return;
    this.#spoke = true;
    this.#thinking = isThought;
    if (isThought) this.#sink.thinking(escaped);
    else this.#sink.text(escaped);
  }

  /** Later counts replace earlier ones. */
  countUsage(response: JsonView): void {
    const usage = response.get('usageMetadata');
    for (const name of COUNTS) {
      const count = Number(usage?.get(name)?.raw() ?? Number.NaN);
      if (Number.isSafeInteger(count) && count >= 0) this.#counts.set(name, count);
    }
  }

  /** There are no more responses. */
  end(): void {
    if (this.#ended) return;
    const reason = this.#stopReason();
    if (reason === null) {
      this.fail({ type: 'api_error', message: this.#whyFailed() });
      return;
    }
    this.#ended = true;
    this.#sink.end(reason, null, this.#usage());
  }

  #begin(response: JsonView): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#sink.begin(response.textOf('responseId') ?? '', response.textOf('modelVersion') ?? '', this.#usage());
  }

  #part(part: JsonView): void {
    if (this.#ended) return;
    const call = part.get('functionCall');
    const signature = part.get('thoughtSignature');
    if (call?.kind === 'object') {
      this.#call(call, signature?.text() || null);
      return;
    }
    const text = part.get('text')?.inner() ?? '';
    const isThought = part.get('thought')?.raw() === 'true';
    if (isThought) this.text(text, true);
    if (signature !== undefined && signature.size > 2 && this.#thinking) {
      this.#sink.signature(markSignature(signature.inner()));
      this.#thinking = false;
    }
    if (!isThought) this.text(text, false);
  }

  #call(call: JsonView, signature: string | null): void {
    const name = call.textOf('name');
    const args = call.get('args');
    if (name === undefined || name === '') {
      this.fail({ type: 'api_error', message: 'The provider called a tool without naming it' });
      return;
    }
    if (args !== undefined && args.kind !== 'object') {
      this.fail({ type: 'api_error', message: 'The provider called a tool with arguments that are no object' });
      return;
    }
    this.#thinking = false;
    this.#called = true;
    this.#sink.toolCall(this.#callId(call.textOf('id') || null, signature), name);
    if (args !== undefined && args.members().size > 0) this.#sink.toolArguments(escapeText(args.raw()));
  }

  /** Ids are unique in an answer, whatever the provider does. */
  #callId(given: string | null, signature: string | null): string {
    const own = given !== null && !this.#ids.has(given) ? given : null;
    if (own !== null) this.#ids.add(own);
    return encodeCallId({ given: own, signature }, randomBytes(12).toString('hex'));
  }

  /** Null for a failure. A reason that is not known yet is none where there is an answer. */
  #stopReason(): StopReason | null {
    const reason = this.#finishReason;
    if (reason === '') return this.#blocked ? 'refusal' : null;
    let known = Object.hasOwn(STOP_REASON, reason) ? STOP_REASON[reason] : undefined;
    if (known === undefined && !FAILURES.has(reason) && (this.#spoke || this.#called)) known = 'end_turn';
    return known === 'end_turn' && this.#called ? 'tool_use' : (known ?? null);
  }

  #whyFailed(): string {
    if (this.#finishReason === '') return "The provider's answer ended before its last event";
    const why = this.#finishMessage === '' ? '' : `: ${withoutKeys(this.#finishMessage)}`;
    return `The provider ended its answer with ${withoutKeys(this.#finishReason)}${why}`;
  }

  /** Gemini's prompt count includes what came from the cache; Anthropic's excludes it. */
  #usage(): TokenUsage | null {
    if (this.#counts.size === 0) return null;
    const [prompt, cached, candidates, thoughts, toolUse] = COUNTS.map((name) => this.#counts.get(name) ?? 0);
    const cacheRead = cached ?? 0;
    return {
      input: Math.max(0, (prompt ?? 0) + (toolUse ?? 0) - cacheRead),
      output: (candidates ?? 0) + (thoughts ?? 0),
      cacheRead,
      cacheCreation: 0,
    };
  }
}

/** The members of an error that are read, without what a hostile provider nests in the others. */
function shallow(error: JsonView): Record<string, unknown> {
  const code = Number(error.get('code')?.raw());
  return { code: Number.isFinite(code) ? code : 500, message: error.textOf('message'), status: error.textOf('status') };
}
