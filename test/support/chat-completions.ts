/** Chat Completions as a provider sends them, and the readers under test. */
import type { Provider } from '../../shared/config/config';
import type { AnswerReader, AnswerSink } from '../../worker/dialects/answer';
import type { AnswerContext } from '../../worker/dialects/dialect';
import { openAiProvider } from '../../worker/dialects/openai/provider';
import { viewOf } from '../../worker/json/view';
import { type SinkCall, StrictSink } from './strict-sink';

export function chatProvider(name = 'generic', baseUrl = 'http://127.0.0.1:9/v1'): Provider {
  return {
    name,
    baseUrl,
    dialect: 'openai',
    keyHeader: 'bearer',
    apiKey: null,
    passthroughKey: false,
    models: [],
    maxOutputTokens: null,
    modelMaxOutputTokens: {},
    enabled: true,
    headers: {},
    timeouts: { connectMs: 1000, firstByteMs: 1000, idleMs: 1000 },
    connections: { max: 1, maxWaiting: 1 },
  };
}

export interface Translated {
  body: Record<string, unknown>;
  messages: unknown[];
  warnings: string[];
  path: string;
}

/** Translates a Messages request and parses what came of it. */
export function translated(request: object, name = 'generic', model = 'some-model', stream = false): Translated {
  const warnings: string[] = [];
  const context = { provider: chatProvider(name), model, stream, warn: (message: string) => warnings.push(message) };
  const { path, body } = openAiProvider.translateRequest(viewOf(JSON.stringify(request)), context);
  const parsed = JSON.parse(body.toString('utf8')) as Record<string, unknown>; // The writer's own: an object, or the test fails below.
  return { body: parsed, messages: Array.isArray(parsed['messages']) ? parsed['messages'] : [], warnings, path };
}

/** A chunk whose one choice has that delta. */
export function chunk(delta: object | null, choice: object = {}, rest: object = {}): object {
  const choices = [{ index: 0, delta, finish_reason: null, ...choice }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices, ...rest };
}

export function events(chunks: ReadonlyArray<object | string>, lineEnd = '\n'): string {
  const datas = chunks.map((data) => (typeof data === 'string' ? data : JSON.stringify(data)));
  return datas.map((data) => `data: ${data}${lineEnd}${lineEnd}`).join('');
}

export function streamCalls(stream: string | Buffer | readonly Buffer[], name = 'generic', model = 'm-1'): SinkCall[] {
  return calls(openAiProvider.readStream, stream, name, model);
}

export function documentCalls(document: string | Buffer | object, name = 'generic'): SinkCall[] {
  const body = typeof document === 'string' || Buffer.isBuffer(document) ? document : JSON.stringify(document);
  return calls(openAiProvider.readDocument, body, name, 'm-1');
}

function calls(
  reader: (sink: AnswerSink, context: AnswerContext) => AnswerReader,
  body: string | Buffer | readonly Buffer[],
  name: string,
  model: string,
): SinkCall[] {
  const sink = new StrictSink();
  const reading = reader(sink, { provider: chatProvider(name), model });
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body;
  for (const piece of pieces) reading.feed(piece);
  reading.end();
  return sink.calls;
}

/** The last call: `end` or `fail`. */
export function lastOf(recorded: readonly SinkCall[]): SinkCall {
  const last = recorded.at(-1);
  if (last === undefined) throw new Error('the sink was never called');
  return last;
}

/** Without `begin` and the last call. */
export function contentsOf(recorded: readonly SinkCall[]): SinkCall[] {
  return recorded.filter((call) => !('begin' in call || 'end' in call || 'fail' in call));
}
