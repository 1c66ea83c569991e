/**
 * What a simulator gave out and wants back: providers tell thinking that is theirs from any other, and refuse a
 * conversation in which it is missing or changed.
 */
import { canonical, isList, isObject, isString, Refused } from './refused';
import { callId, SOME_SIGNATURE, type Turn, type WireContext } from './turn';

/** Google's own values for calls that no Gemini model made; https://ai.google.dev/gemini-api/docs/thought-signatures */
const NOT_OURS = ['context_engineering_is_the_way_to_go', 'skip_thought_signature_validator'];

export class GivenOut {
  /** Gemini: a call, as its name and arguments → the signatures that it came with. */
  readonly #calls = new Map<string, Set<string>>();
  /** Anthropic: thinking with its signature. */
  readonly #thinking = new Set<string>();
  /** Ids of calls that came with thinking (DeepSeek). */
  readonly #thoughtIds = new Set<string>();

  note(turn: Turn, { number }: Pick<WireContext, 'number'>): void {
    for (const [i, call] of (turn.calls ?? []).entries()) {
      if (turn.thinking !== undefined) this.#thoughtIds.add(callId(call, 'openai', number, i));
      if (call.signature === undefined) continue;
      const key = callKey(call.name, call.input);
      this.#calls.set(key, (this.#calls.get(key) ?? new Set()).add(call.signature));
    }
    if (turn.thinking !== undefined) {
      this.#thinking.add(thinkingKey(turn.thinkingSignature ?? SOME_SIGNATURE, turn.thinking));
    }
  }

  clear(): void {
    this.#calls.clear();
    this.#thinking.clear();
    this.#thoughtIds.clear();
  }

  /**
   * The signatures of a Gemini request. Of a step's calls in the turn under way the first must have one; a signature
   * that was given out must come back with its call, wherever that stands.
   * @throws Refused
   */
  checkGemini(contents: readonly unknown[]): void {
    const turnStart = contents.findLastIndex(
      (content) => isObject(content) && content['role'] === 'user' && hasText(content),
    );
    for (const [i, content] of contents.entries()) {
      let isFirst = true;
      for (const part of partsOf(content)) {
        const { functionCall: call, thoughtSignature: signature } = part;
        if (!isObject(call)) continue;
        const given = this.#calls.get(callKey(String(call['name']), call['args'] ?? {}));
        const isNeeded = given !== undefined || (isFirst && i > turnStart);
        isFirst = false;
        if (signature === undefined && isNeeded) throw missingSignature(String(call['name']), i + 1);
        if (!isString(signature)) continue;
        const isRight = given === undefined ? NOT_OURS.includes(signature) : given.has(signature);
        if (!isRight) throw new Refused('Thought signature is not valid.', { code: 'INVALID_ARGUMENT' });
      }
    }
  }

  /** Thinking that came from here must come back with its signature. @throws Refused */
  checkAnthropic(messages: readonly unknown[]): void {
    for (const [i, message] of messages.entries()) {
      const content = isObject(message) && isList(message['content']) ? message['content'] : [];
      for (const [j, block] of content.entries()) {
        if (!isObject(block) || block['type'] !== 'thinking') continue;
        if (this.#thinking.has(thinkingKey(block['signature'], block['thinking']))) continue;
        throw new Refused(`messages.${i}.content.${j}: Invalid \`signature\` in \`thinking\` block`);
      }
    }
  }

  /** https://api-docs.deepseek.com/guides/thinking_mode#tool-calls @throws Refused */
  checkDeepSeek(messages: readonly unknown[]): void {
    const turnStart = messages.findLastIndex((message) => isObject(message) && message['role'] === 'user');
    for (const [i, message] of messages.entries()) {
      if (i < turnStart || !isObject(message) || !isList(message['tool_calls'])) continue;
      const thought = message['tool_calls'].some((call) => isObject(call) && this.#thoughtIds.has(String(call['id'])));
      if (!thought || (isString(message['reasoning_content']) && message['reasoning_content'] !== '')) continue;
      throw new Refused(`Missing \`reasoning_content\` field in the assistant message at message index ${i}.`);
    }
  }
}

function callKey(name: string, args: unknown): string {
  return `${name} ${canonical(args)}`;
}

function thinkingKey(signature: unknown, thinking: unknown): string {
  return `${signature} ${thinking}`;
}

function partsOf(content: unknown): Record<string, unknown>[] {
  return isObject(content) && isList(content['parts']) ? content['parts'].filter(isObject) : [];
}

function hasText(content: unknown): boolean {
  return partsOf(content).some((part) => isString(part['text']));
}

function missingSignature(name: string, position: number): Refused {
  const message = `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\` , position ${position}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`;
  return new Refused(message, { code: 'INVALID_ARGUMENT' });
}
