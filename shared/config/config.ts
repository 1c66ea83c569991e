/**
 * The configuration as the rest of the program sees it: validated once, at the edge, every default filled in,
 * every duration in milliseconds, every size in bytes. It is plain JSON data: the supervisor sends it to each
 * worker over IPC (never by environment or arguments, which other processes of the user can read).
 */
export interface Config {
  /** Bind address. Default `127.0.0.1`. */
  host: string;
  /** Bind port; 0 asks for any free one. Default 3456. */
  port: number;
  /** Number of worker processes, at least 1. Default: the number of usable cores. */
  workers: number;
  /** The key that clients must send, or null: then only local requests are served. */
  apiKey: string | null;
  /** CIDRs whose `x-forwarded-for` is believed. Default: none. */
  trustedProxies: string[];
  /** One access line for every request. Default false. Lifecycle messages are always logged. */
  log: boolean;
  /** A file that gets the log as JSON lines, instead of standard output. Default: none. */
  logFile: string | null;
  logLevel: LogLevel;
  /** How long the drain at the end of the service may take before what is left is cut. Default 30 s. */
  shutdownTimeoutMs: number;
  /** How long a worker that is replaced (reload, recycling, scaling) may take to finish. Default 15 min. */
  reloadDrainTimeoutMs: number;
  /** Resident memory beyond which a worker is replaced, or null. */
  maxWorkerMemoryBytes: number | null;
  /** Age beyond which a worker is replaced, or null. */
  maxWorkerAgeMs: number | null;
  /** HTTP(S) proxy through which providers are reached, or null. */
  proxyUrl: string | null;
  /** In the order of the file, disabled ones included. */
  providers: Provider[];
  /** Route name → where it goes. `default` is there whenever `providers` is not empty. */
  routes: Record<string, Route>;
  performance: Performance;
  /** Estimated tokens above which the `longContext` route is taken. Default 60,000. */
  longContextThreshold: number;
  /** Where this configuration came from: a file's absolute path, or null for the environment. */
  file: string | null;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type Dialect = 'anthropic' | 'openai' | 'gemini';

/** How a provider wants its key: the header's name, or none. */
export type KeyHeader = 'x-api-key' | 'bearer' | 'x-goog-api-key' | 'none';

export interface Provider {
  name: string;
  /** As configured, without a trailing slash; `joinUrl` knows how to add a path to it. */
  baseUrl: string;
  dialect: Dialect;
  keyHeader: KeyHeader;
  /** The provider's key; null where it needs none. Ignored when `passthroughKey` is set. */
  apiKey: string | null;
  /** `"api_key": "passthrough"`: the client's own credential is forwarded. Only for the anthropic dialect. */
  passthroughKey: boolean;
  /** Model ids that the provider is known to serve; may be empty. */
  models: string[];
  /** The most tokens that any of its models may be asked for in one answer, or null: then a client's wish is passed on. */
  maxOutputTokens: number | null;
  /** The same for single models, by name; it comes before the provider's. `maxOutputTokensOf` reads both. */
  modelMaxOutputTokens: Record<string, number>;
  enabled: boolean;
  /** Extra request headers, lower-case names. */
  headers: Record<string, string>;
  timeouts: ProviderTimeouts;
  connections: ProviderConnections;
}

export interface ProviderTimeouts {
  /** TCP and TLS connect. Default 10 s. */
  connectMs: number;
  /** From sending the request to the first byte of the answer. Default: `performance.requestTimeoutMs`. */
  firstByteMs: number;
  /** Silence within an answer. Default: `performance.streamIdleTimeoutMs`. */
  idleMs: number;
}

export interface ProviderConnections {
  /** Connections that one worker opens to the provider at most. Default 1024. */
  max: number;
  /** Requests of one worker that wait for a connection at most; one more is answered 503. Default 1024. */
  maxWaiting: number;
}

export interface Route {
  provider: string;
  /** The model that the provider is asked for; null keeps the request's. */
  model: string | null;
  /** Members that override those of the request's body. */
  parameters: Record<string, unknown>;
}

export interface Performance {
  /** Time to the first byte from a provider. Default 10 min, the official SDKs' own limit. */
  requestTimeoutMs: number;
  /** Silence within a provider's answer. Default 5 min. */
  streamIdleTimeoutMs: number;
  /** Default 32 MiB. */
  maxRequestBodyBytes: number;
  /** Requests in flight in the whole cluster, or null for no limit (default). Each worker admits its share. */
  maxConcurrentRequests: number | null;
  /** The same for each provider. */
  maxConcurrentPerProvider: number | null;
  /** Default true. */
  metricsEnabled: boolean;
  /** Default false. */
  rateLimitEnabled: boolean;
  /** Requests a minute that one client address may make. Default 1000. */
  rateLimitRequestsPerMin: number;
  /** Answer 503 at once while a provider is unavailable, instead of trying it. Default false. */
  circuitBreakerEnabled: boolean;
}
