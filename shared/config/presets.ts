import type { Dialect, KeyHeader } from './config';

/** One address at which a known provider speaks one dialect. */
export interface Endpoint {
  baseUrl: string;
  dialect: Dialect;
  /** How the key is sent when there is one. */
  keyHeader: KeyHeader;
  /** Only `dialect` chooses it: its address is that of the whole server, and may mean its other dialect as well. */
  asked?: true;
}

/** What is known about a provider of a well-known name. */
export interface Preset extends Endpoint {
  name: string;
  /** Environment variables that may hold the key, the first set one counts. */
  env: readonly string[];
  /** Whether the variable alone, without a configuration file, makes the provider exist. */
  discovered: boolean;
  /** False where requests without a key are normal. */
  needsKey: boolean;
  /** The same service in other dialects. */
  others: readonly Endpoint[];
}

/** In the order in which providers are looked for in the environment. */
export const PRESETS: readonly Preset[] = [
  preset('anthropic', 'anthropic', 'https://api.anthropic.com', 'x-api-key', ['ANTHROPIC_API_KEY']),
  preset('openai', 'openai', 'https://api.openai.com/v1', 'bearer', ['OPENAI_API_KEY']),
  preset('gemini', 'gemini', 'https://generativelanguage.googleapis.com/v1beta', 'x-goog-api-key', [
    'GEMINI_API_KEY',
    'GOOGLE_API_KEY',
  ]),
  {
    ...preset('deepseek', 'anthropic', 'https://api.deepseek.com/anthropic', 'x-api-key', ['DEEPSEEK_API_KEY']),
    others: [{ baseUrl: 'https://api.deepseek.com', dialect: 'openai', keyHeader: 'bearer' }],
  },
  {
    ...preset('openrouter', 'openai', 'https://openrouter.ai/api/v1', 'bearer', ['OPENROUTER_API_KEY']),
    others: [{ baseUrl: 'https://openrouter.ai/api', dialect: 'anthropic', keyHeader: 'bearer' }],
  },
  preset('groq', 'openai', 'https://api.groq.com/openai/v1', 'bearer', ['GROQ_API_KEY']),
  preset('mistral', 'openai', 'https://api.mistral.ai/v1', 'bearer', ['MISTRAL_API_KEY']),
  preset('xai', 'openai', 'https://api.x.ai/v1', 'bearer', ['XAI_API_KEY']),
  {
    ...preset('ollama', 'openai', 'http://localhost:11434/v1', 'bearer', ['OLLAMA_API_KEY']),
    discovered: false,
    needsKey: false,
    // https://docs.ollama.com/api/anthropic-compatibility; its cloud takes the key as Bearer only.
    others: [{ baseUrl: 'http://localhost:11434', dialect: 'anthropic', keyHeader: 'bearer', asked: true }],
  },
];

/** The preset of that name, or undefined. */
export function presetOf(name: string): Preset | undefined {
  return PRESETS.find((candidate) => candidate.name === name);
}

function preset(name: string, dialect: Dialect, baseUrl: string, keyHeader: KeyHeader, env: readonly string[]): Preset {
  return { name, dialect, baseUrl, keyHeader, env, discovered: true, needsKey: true, others: [] };
}
