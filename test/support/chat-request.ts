/** Translates Chat Completions requests for tests: in and out as values. */
import type { Dialect, Provider } from '../../shared/config/config';
import { translateChatRequest } from '../../worker/dialects/openai/from-request';
import { viewOf } from '../../worker/json/view';

export interface Translated {
  /** The Messages request. */
  body: Record<string, unknown>;
  json: string;
  warnings: string[];
}

export interface TranslationOptions {
  model?: string;
  dialect?: Dialect;
  stream?: boolean;
}

/** @param request a value, or its JSON text; `messages` are added where it has none */
export function translateChat(request: unknown, options: TranslationOptions = {}): Translated {
  const { model = 'claude-sonnet-4-5', dialect = 'anthropic', stream = false } = options;
  const warnings: string[] = [];
  const whole =
    typeof request === 'string' ? request : JSON.stringify({ messages: [user('Hi')], ...(request as object) });
  const context = { provider: provider(dialect), model, stream, warn: (message: string) => warnings.push(message) };
  const json = translateChatRequest(viewOf(whole), context).toString('utf8');
  return { body: JSON.parse(json), json, warnings };
}

export function user(content: unknown) {
  return { role: 'user', content };
}

function provider(dialect: Dialect): Provider {
  return {
    name: 'p',
    baseUrl: 'http://127.0.0.1:1',
    dialect,
    keyHeader: 'none',
    apiKey: null,
    passthroughKey: false,
    models: [],
    maxOutputTokens: null,
    modelMaxOutputTokens: {},
    enabled: true,
    headers: {},
    timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1 },
    connections: { max: 1, maxWaiting: 1 },
  };
}
