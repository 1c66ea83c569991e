/** The real proxy before simulators of every dialect, and the official SDKs that speak to it. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { closeAll } from '../close-all';
import { type RunningProxy, startProxy } from '../proxy';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator';

export const PROXY_KEY = 'proxy-key-4e7a91c2';

/** Provider → what stands behind it. The names are those of presets where the proxy may know the provider by its name. */
const PROVIDERS = {
  'sim-anthropic': { dialect: 'anthropic', key: 'sk-ant-sim-5d1f0a' },
  'sim-openai': { dialect: 'openai', key: 'sk-proj-sim-9b2c7e' },
  'sim-gemini': { dialect: 'gemini', key: 'AIzaSim-3c8d6f' },
  deepseek: { dialect: 'openai', vendor: 'deepseek', key: 'sk-deep-sim-7a4e2b' },
  mistral: { dialect: 'openai', vendor: 'mistral', key: 'mistral-sim-1f9c5d' },
  openrouter: { dialect: 'openai', vendor: 'openrouter', key: 'sk-or-sim-8e3b6a' },
} as const satisfies Record<string, SimulatorOptions>;

export type ProviderName = keyof typeof PROVIDERS;
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as ProviderName[]; // The keys of that very table.

/** A model of a provider. */
export interface Target {
  provider: ProviderName;
  model: string;
}

/** One or two models of each provider: those that want different things. */
export const TARGETS: readonly Target[] = [
  { provider: 'sim-anthropic', model: 'claude-x' },
  { provider: 'sim-openai', model: 'gpt-4o' },
  { provider: 'sim-openai', model: 'gpt-5.1' },
  { provider: 'deepseek', model: 'deepseek-reasoner' },
  { provider: 'mistral', model: 'mistral-large' },
  { provider: 'openrouter', model: 'some/model' },
  { provider: 'sim-gemini', model: 'gemini-2.5-pro' },
  { provider: 'sim-gemini', model: 'gemini-3-pro' },
];

/** Tells its thinking, and does not insist on having it back. */
export const CHATTY: Target = { provider: 'deepseek', model: 'deepseek-chat' };

/** As a client names it. */
export function asked({ provider, model }: Target): string {
  return `${provider},${model}`;
}

export interface Proxied {
  proxy: RunningProxy;
  sims: Record<ProviderName, Simulator>;
  anthropic: Anthropic;
  openai: OpenAI;
  simOf(target: Target): Simulator;
  /** What went wrong at any simulator: refusals of requests, and failures of its own. */
  complaints(): unknown[];
  reset(): void;
  stop(): Promise<void>;
}

/** Starts it all: two workers, every line logged. */
export async function startProxied(): Promise<Proxied> {
  const entries = await Promise.all(
    PROVIDER_NAMES.map(async (name) => [name, await startSimulator(PROVIDERS[name])] as const),
  );
  const sims = Object.fromEntries(entries) as Record<ProviderName, Simulator>; // One for each name.
  const providers = entries.map(([name, sim]) => ({
    ...{ name, dialect: sim.dialect, api_base_url: sim.url, api_key: sim.key },
    models: [...TARGETS, CHATTY].filter(({ provider }) => provider === name).map(({ model }) => model),
  }));
  const routes = { default: 'sim-anthropic,claude-x' };
  const proxy = await startProxy({ config: { api_key: PROXY_KEY, log: true, log_level: 'debug', providers, routes } });
  return {
    ...{ proxy, sims },
    anthropic: new Anthropic({ apiKey: PROXY_KEY, authToken: null, baseURL: proxy.url, maxRetries: 0 }),
    openai: new OpenAI({ apiKey: PROXY_KEY, baseURL: `${proxy.url}/v1`, maxRetries: 0 }),
    simOf: ({ provider }) => sims[provider],
    complaints: () => entries.flatMap(([, sim]) => [...sim.refusals, ...sim.provider.failures]),
    reset() {
      for (const [, sim] of entries) sim.reset();
    },
    stop: () =>
      closeAll(
        () => proxy.stop(),
        ...entries.map(
          ([, sim]) =>
            () =>
              sim.close(),
        ),
      ),
  };
}

/** What a promise fails with. @throws Error when it does not */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`it did not fail: ${JSON.stringify(outcome.value)?.slice(0, 300)}`);
}

/** Whether the proxy translates between this client and that provider, where otherwise bytes go through as they are. */
export function isTranslated(client: 'anthropic' | 'openai', { provider }: Target): boolean {
  return PROVIDERS[provider].dialect !== client;
}

/** Whether a provider's models see. */
export function takesImages({ provider }: Target): boolean {
  return provider !== 'deepseek';
}

/** Whether a provider tells its thinking, as the simulators have it by default. */
export function tellsThinking({ provider }: Target): boolean {
  return provider !== 'sim-openai';
}
