/**
 * The forms in which clients get answers, how a provider's reader reads each of them, and what the form cannot say: the
 * part "Answers" of docs/translation.md.
 */
import type { AnswerReader, AnswerSink, AnswerWriter, StopReason, TokenUsage } from '../../worker/dialects/answer';
import { NO_USAGE } from '../../worker/dialects/answer';
import { anthropicClient } from '../../worker/dialects/anthropic/client';
import { anthropicReaders } from '../../worker/dialects/anthropic/readers';
import { openAiClient } from '../../worker/dialects/openai/client';
import { openAiProvider } from '../../worker/dialects/openai/provider';
import { chatProvider } from './chat-completions';
import type { SinkCall } from './strict-sink';

export interface AnswerForm {
  name: string;
  isStream: boolean;
  writer(): AnswerWriter;
  reader(sink: AnswerSink): AnswerReader;
  /** What its reader tells of an answer that was told like this. */
  expected(calls: readonly SinkCall[]): SinkCall[];
}

const WRITER = { requestId: 'req_1', model: 'asked', includeUsage: true };
const READER = { provider: chatProvider(), model: 'asked' };

export const FORMS: readonly AnswerForm[] = [
  {
    name: "Anthropic's stream",
    isStream: true,
    writer: () => anthropicClient.writeStream(WRITER),
    reader: (sink) => anthropicReaders.readStream(sink, READER),
    expected: (calls) => counted(named(calls, messageId)),
  },
  {
    name: "Anthropic's document",
    isStream: false,
    writer: () => anthropicClient.writeDocument(WRITER),
    reader: (sink) => anthropicReaders.readDocument(sink, READER),
    expected: (calls) => withoutBrokenCall(oneUsage(counted(named(calls, messageId)))),
  },
  {
    name: "OpenAI's stream",
    isStream: true,
    writer: () => openAiClient.writeStream(WRITER),
    reader: (sink) => openAiProvider.readStream(sink, READER),
    expected: (calls) => lateUsage(chatEnding(withRefusal(plainThinking(named(calls, chatId)), 'last'))),
  },
  {
    name: "OpenAI's document",
    isStream: false,
    writer: () => openAiClient.writeDocument(WRITER),
    reader: (sink) => openAiProvider.readDocument(sink, READER),
    expected: (calls) => oneUsage(chatEnding(inOrder(withRefusal(plainThinking(named(calls, chatId)), 'first')))),
  },
];

const messageId = (id: string) => (id.startsWith('msg_') ? id : `msg_${id || WRITER.requestId}`);
const chatId = (id: string) => id || `chatcmpl-${WRITER.requestId}`;

/** Every answer has an id and a model. */
function named(calls: readonly SinkCall[], idOf: (id: string) => string): SinkCall[] {
  let known: TokenUsage | null = null;
  return calls.map((call) => {
    if ('begin' in call) {
      const [id, model, usage] = call.begin;
      known = usage;
      return { begin: [idOf(id), model || WRITER.model, usage] };
    }
    return 'end' in call ? { end: [call.end[0], call.end[1], call.end[2] ?? known] } : call;
  });
}

/** In Anthropic's answers there are always counts. */
function counted(calls: readonly SinkCall[]): SinkCall[] {
  return calls.map((call) => {
    if ('begin' in call) return { begin: [call.begin[0], call.begin[1], call.begin[2] ?? NO_USAGE] };
    return 'end' in call ? { end: [call.end[0], call.end[1], call.end[2] ?? NO_USAGE] } : call;
  });
}

/** A document has its counts once. */
function oneUsage(calls: readonly SinkCall[]): SinkCall[] {
  const usage = endOf(calls)?.[2] ?? null;
  return calls.map((call) => ('begin' in call ? { begin: [call.begin[0], call.begin[1], usage] } : call));
}

/** In OpenAI's streams the counts come last. */
function lateUsage(calls: readonly SinkCall[]): SinkCall[] {
  return calls.map((call) => ('begin' in call ? { begin: [call.begin[0], call.begin[1], null] } : call));
}

/** Arguments that the limit of the answer cut off are no JSON, so a document leaves their call out. */
function withoutBrokenCall(calls: readonly SinkCall[]): SinkCall[] {
  const at = calls.findLastIndex((call) => 'toolArguments' in call);
  const last = calls[at];
  if (last === undefined || !('toolArguments' in last) || isJson(last.toolArguments)) return [...calls];
  return calls.toSpliced(at - 1, 2);
}

/** A chat message has no place for what proves thinking. */
function plainThinking(calls: readonly SinkCall[]): SinkCall[] {
  return joined(calls.filter((call) => !('signature' in call || 'redactedThinking' in call)));
}

/** A refusal without a word is said. */
function withRefusal(calls: readonly SinkCall[], where: 'first' | 'last'): SinkCall[] {
  if (endOf(calls)?.[0] !== 'refusal' || calls.some((call) => 'text' in call)) return [...calls];
  return calls.toSpliced(where === 'last' ? -1 : 1, 0, { text: 'The model refused to answer.' });
}

const CHAT_REASONS: Partial<Record<StopReason, StopReason>> = {
  stop_sequence: 'end_turn',
  pause_turn: 'end_turn',
  model_context_window_exceeded: 'max_tokens',
};

/** Chat Completions has fewer reasons, and counts what was written to the cache as plain input. */
function chatEnding(calls: readonly SinkCall[]): SinkCall[] {
  const called = calls.some((call) => 'toolCall' in call);
  return calls.map((call) => {
    if (!('end' in call)) return call;
    const [told, , usage] = call.end;
    const reason = CHAT_REASONS[told] ?? told;
    const ordinary = reason === 'end_turn' || reason === 'tool_use';
    const counts = usage && { ...usage, input: usage.input + usage.cacheCreation, cacheCreation: 0 };
    return { end: [ordinary ? (called ? 'tool_use' : 'end_turn') : reason, null, counts] };
  });
}

/** A chat document has one text for all thinking, one for all that is said, and the calls. */
function inOrder(calls: readonly SinkCall[]): SinkCall[] {
  const only = (...names: string[]) => calls.filter((call) => names.some((name) => name in call));
  return joined([
    ...only('begin'),
    ...only('thinking'),
    ...only('text'),
    ...only('toolCall', 'toolArguments'),
    ...only('end', 'fail'),
  ]);
}

/** Texts and thoughts that follow each other are one. */
function joined(calls: readonly SinkCall[]): SinkCall[] {
  const result: SinkCall[] = [];
  for (const call of calls) {
    const last = result.at(-1);
    if ('text' in call && last !== undefined && 'text' in last)
      result[result.length - 1] = { text: last.text + call.text };
    else if ('thinking' in call && last !== undefined && 'thinking' in last) {
      result[result.length - 1] = { thinking: last.thinking + call.thinking };
    } else result.push(call);
  }
  return result;
}

function endOf(calls: readonly SinkCall[]): [StopReason, string | null, TokenUsage | null] | undefined {
  const last = calls.at(-1);
  return last !== undefined && 'end' in last ? last.end : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
