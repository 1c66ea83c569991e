import { z } from 'zod';
import type { Field } from './fields';
import * as fields from './fields';
import type { Path } from './problem';

/**
 * The file as it is written, defaults not yet filled in. Every member is optional here: what must be there depends on
 * other members (a provider of a preset's name needs little) and is checked where those are at hand. Unknown members
 * are mistakes everywhere except where the user chooses the names: `headers`, `parameters`, `routes`.
 */
const timeouts = z.strictObject({
  connect: optional(fields.duration(1)),
  first_byte: optional(fields.duration(1)),
  idle: optional(fields.duration(1)),
});

const connections = z.strictObject({
  max: optional(fields.count(1)),
  max_waiting: optional(fields.count(0)),
});

const model = z.strictObject({
  name: optional(fields.text),
  max_output_tokens: optional(fields.count(1)),
});

const provider = z.strictObject({
  name: optional(fields.text),
  api_base_url: optional(fields.text),
  api_key: optional(fields.secret),
  models: z.array(z.preprocess(bareModel, model)).optional(),
  max_output_tokens: optional(fields.count(1)),
  enabled: optional(fields.flag),
  dialect: optional(fields.dialect),
  message_format: optional(fields.text),
  headers: z.record(z.string(), required(fields.secret)).optional(),
  timeouts: timeouts.optional(),
  connections: connections.optional(),
});

const route = z.strictObject({
  provider: optional(fields.text),
  model: optional(fields.text),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

const performance = z.strictObject({
  request_timeout: optional(fields.duration(1)),
  stream_idle_timeout: optional(fields.duration(1)),
  max_request_body_size: optional(fields.size),
  max_concurrent_requests: optional(fields.count(1)),
  max_concurrent_per_provider: optional(fields.count(1)),
  metrics_enabled: optional(fields.flag),
  rate_limit_enabled: optional(fields.flag),
  rate_limit_requests_per_min: optional(fields.count(1)),
  circuit_breaker_enabled: optional(fields.flag),
});

export const fileSchema = z.strictObject({
  /** For editors; means nothing here. */
  $schema: z.unknown().optional(),
  host: optional(fields.host),
  port: optional(fields.port),
  workers: optional(fields.workers),
  api_key: optional(fields.secret),
  apikey: optional(fields.secret),
  trusted_proxies: z.array(required(fields.cidr)).optional(),
  log: optional(fields.flag),
  log_file: optional(fields.text),
  log_level: optional(fields.logLevel),
  shutdown_timeout: optional(fields.duration(0)),
  reload_drain_timeout: optional(fields.duration(0)),
  max_worker_memory: optional(fields.workerMemory),
  max_worker_age: optional(fields.workerAge),
  proxy_url: optional(fields.secret),
  providers: z.array(provider).optional(),
  routes: z.record(z.string(), z.preprocess(shortRoute, route)).optional(),
  performance: performance.optional(),
  longContextThreshold: optional(fields.count(1)),
});

export type RawFile = z.infer<typeof fileSchema>;
export type RawProvider = z.infer<typeof provider>;
export type RawModel = z.infer<typeof model>;
export type RawRoute = z.infer<typeof route>;

/** The members that an object at this path may have; undefined where the user chooses the names. */
export function knownKeys(path: Path): readonly string[] | undefined {
  const [top, at, member] = path;
  if (path.length === 0) return Object.keys(fileSchema.shape);
  if (path.length === 1 && top === 'performance') return Object.keys(performance.shape);
  if (path.length === 2 && top === 'routes') return Object.keys(route.shape);
  if (top !== 'providers' || typeof at !== 'number') return undefined;
  if (path.length === 2) return Object.keys(provider.shape);
  if (path.length === 3 && member === 'timeouts') return Object.keys(timeouts.shape);
  if (path.length === 3 && member === 'connections') return Object.keys(connections.shape);
  if (path.length === 4 && member === 'models') return Object.keys(model.shape);
  return undefined;
}

/** A model of which nothing but its name is said. */
function bareModel(value: unknown): unknown {
  return typeof value === 'string' ? { name: value } : value;
}

/** `"provider,model"`; the model may have commas of its own. */
function shortRoute(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const comma = value.indexOf(',');
  if (comma < 1 || value.slice(comma + 1).trim() === '') return value;
  return { provider: value.slice(0, comma).trim(), model: value.slice(comma + 1).trim() };
}

function optional<T>(field: Field<T>) {
  return required(field).optional();
}

function required<T>(field: Field<T>) {
  return z.unknown().transform((value, context): T => {
    const read = field.read(value);
    if (read !== undefined) return read;
    context.addIssue({
      code: 'custom',
      message: `expected ${field.expected}`,
      params: { secret: field.secret === true },
    });
    return z.NEVER;
  });
}
