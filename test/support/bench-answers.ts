/** What the far end of the benchmarks says: documents and streams of every dialect, made once. */
import { DEFAULT_USAGE, streamEvents, type WireMessage } from './anthropic-wire';

/** The text of a delta. An answer is whole when it has it as often as it should. */
export const MARK = ' some words of text';
/** Deltas of a stream that comes as fast as it is taken, and how often its document says the same. */
export const DELTAS = 100;
/** The same for the short document: with it an Anthropic answer has about 550 bytes. */
export const SHORT_MARKS = 15;

/** Models of the far end. */
export const STREAM_MODEL = 'm';
export const SHORT_MODEL = 'short';

/** A stream of so many deltas, one every `intervalMs`, each with the time at which it was due. */
export function pacedModel(intervalMs: number, events: number): string {
  return `paced-${intervalMs}-${events}`;
}

export interface Pace {
  /** 1 to 1000. */
  intervalMs: number;
  events: number;
}

/** Null for a model that is not paced. */
export function paceOf(model: string): Pace | null {
  const [, intervalMs, events] = /^paced-(\d+)-(\d+)$/.exec(model) ?? [];
  return events === undefined ? null : { intervalMs: Number(intervalMs), events: Number(events) };
}

/** A dialect's way to say it. */
export interface Form {
  document(marks: number): string;
  /** The events of a whole stream with these deltas. */
  events(texts: readonly string[]): string[];
}

export const FORMS: Readonly<Record<'anthropic' | 'openai' | 'gemini', Form>> = {
  anthropic: {
    document: (marks) => JSON.stringify(message(MARK.repeat(marks))),
    events: (texts) => streamEvents(message(texts.join('')), { cut: () => [...texts], pingEvery: 0 }),
  },
  openai: {
    document: (marks) =>
      JSON.stringify({
        ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: 1, model: 'm', usage: CHAT_USAGE },
        choices: [{ index: 0, message: { role: 'assistant', content: MARK.repeat(marks) }, finish_reason: 'stop' }],
      }),
    events: (texts) => [
      chunk([choice({ role: 'assistant', content: '' }, null)]),
      ...texts.map((content) => chunk([choice({ content }, null)])),
      chunk([choice({}, 'stop')]),
      chunk([], { usage: CHAT_USAGE }),
      'data: [DONE]\n\n',
    ],
  },
  gemini: {
    document: (marks) => JSON.stringify(generated(MARK.repeat(marks), marks, { finishReason: 'STOP' })),
    events: (texts) =>
      texts.map((text, i) => {
        const last = i === texts.length - 1 ? { finishReason: 'STOP' } : {};
        return `data: ${JSON.stringify(generated(text, i + 1, last))}\r\n\r\n`;
      }),
  },
};

const CHAT_USAGE = { prompt_tokens: 43, completion_tokens: 100, total_tokens: 143 };

function message(text: string): WireMessage {
  return {
    ...{ id: 'msg_bench', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
    ...{ content: [{ type: 'text', text }], stop_sequence: null, usage: DEFAULT_USAGE },
  };
}

function chunk(choices: readonly object[], more: object = {}): string {
  const data = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more };
  return `data: ${JSON.stringify(data)}\n\n`;
}

function choice(delta: object, finish: string | null): object {
  return { index: 0, delta, logprobs: null, finish_reason: finish };
}

function generated(text: string, output: number, more: object): object {
  return {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...more }],
    usageMetadata: { promptTokenCount: 43, candidatesTokenCount: output, totalTokenCount: 43 + output },
    ...{ modelVersion: 'm', responseId: 'bench' },
  };
}
