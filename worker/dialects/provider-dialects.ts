/**
 * The dialects that requests are translated to. One that no provider of the configuration speaks is not loaded: the two
 * are a third of a worker's own files.
 */
import type { Provider } from '../../shared/config/config';
import type { ProviderDialect } from './dialect';

type Name = Exclude<Provider['dialect'], 'anthropic'>;

const loaded: Partial<Record<Name, ProviderDialect>> = {};

export function providerDialect(name: Name): ProviderDialect {
  loaded[name] ??= load(name);
  return loaded[name];
}

/** While a worker boots, so that no request waits for it. */
export function loadDialectsOf(providers: readonly Provider[]): void {
  for (const { dialect } of providers) if (dialect !== 'anthropic') providerDialect(dialect);
}

function load(name: Name): ProviderDialect {
  switch (name) {
    case 'openai':
      return (require('./openai/provider') as typeof import('./openai/provider')).openAiProvider;
    case 'gemini':
      return (require('./gemini/provider') as typeof import('./gemini/provider')).geminiProvider;
  }
}
