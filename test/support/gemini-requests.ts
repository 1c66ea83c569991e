/** What Gemini is asked for, for tests: the parsed body of a translated request. */
import type { Provider } from '../../shared/config/config';
import type { RequestContext } from '../../worker/dialects/dialect';
import { geminiProvider } from '../../worker/dialects/gemini/provider';
import { viewOf } from '../../worker/json/view';

export interface GeminiBody {
  contents: Array<{ role: string; parts: Array<Record<string, unknown>> }>;
  systemInstruction?: unknown;
  tools?: unknown;
  toolConfig?: unknown;
  generationConfig?: Record<string, unknown>;
}

const PROVIDER: Provider = {
  name: 'gemini',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  dialect: 'gemini',
  keyHeader: 'x-goog-api-key',
  apiKey: 'k',
  passthroughKey: false,
  models: [],
  maxOutputTokens: null,
  modelMaxOutputTokens: {},
  enabled: true,
  headers: {},
  timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1 },
  connections: { max: 1, maxWaiting: 1 },
};

export interface Translated {
  path: string;
  body: GeminiBody;
  warnings: string[];
}

/** @param request an object, or JSON text */
export function translate(request: object | string, more: Partial<RequestContext> = {}): Translated {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const view = viewOf(typeof request === 'string' ? request : JSON.stringify(request));
  const context = { provider: PROVIDER, model: 'gemini-3.8-flash', stream: true, warn, ...more };
  const { path, body } = geminiProvider.translateRequest(view, context);
  // Tests look at what they expect to be there.
  return { path, body: JSON.parse(body.toString('utf8')) as GeminiBody, warnings };
}

/** A request with one message of the user's, or with these messages. */
export function ask(more: object = {}, messages: object[] = [{ role: 'user', content: 'Hi' }]): object {
  return { model: 'm', max_tokens: 100, messages, ...more };
}
