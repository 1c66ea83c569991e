/** A provider as the configuration has it, for pure parts that want one. */
import type { Provider } from '../../shared/config/config';

export function openAiTestProvider(more: Partial<Provider> = {}): Provider {
  return {
    name: 'p',
    baseUrl: 'http://127.0.0.1:1',
    dialect: 'openai',
    keyHeader: 'bearer',
    apiKey: null,
    passthroughKey: false,
    models: [],
    maxOutputTokens: null,
    modelMaxOutputTokens: {},
    enabled: true,
    headers: {},
    timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1 },
    connections: { max: 1, maxWaiting: 1 },
    ...more,
  };
}
