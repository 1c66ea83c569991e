import { SANDBOX_MODEL, SANDBOX_PROVIDER_NAME } from '../sandbox';
import { trimmedUrl } from './base-url';
import type { Performance, Provider } from './config';
import { readEndpoint } from './endpoint';
import { readHeaders } from './headers';
import { readModels } from './models';
import { type Endpoint, PRESETS, type Preset, presetOf } from './presets';
import type { Path } from './problem';
import type { Report } from './report';
import type { SecretReader } from './resolve-secret';
import type { RawProvider } from './schema';
import { isSensitiveName, keyMistake } from './secrets';

const PASSTHROUGH_DIALECT = '"passthrough" works with the anthropic dialect only';
const DEFAULT_CONNECT_MS = 10_000;
const DEFAULT_CONNECTIONS = 1024;

export interface ProviderContext {
  env: NodeJS.ProcessEnv;
  performance: Performance;
  report: Report;
  secret: SecretReader;
}

/** The providers of the file that are fit for use; what is wrong with the others is reported. */
export function readProviders(raw: readonly RawProvider[], context: ProviderContext): Provider[] {
  const names = new Set<string>();
  return raw.flatMap((item, index) => {
    const path = ['providers', index];
    if (context.report.isReported(path)) return [];
    const name = readName(item, path, names, context.report);
    const provider = readProvider(item, name ?? '', path, context);
    return name === undefined || provider === undefined ? [] : [provider];
  });
}

/** The providers whose key is in the environment, in the order of the presets; the sandbox where there is none. */
export function providersFromEnvironment(context: ProviderContext): Provider[] {
  const found: Provider[] = [];
  for (const preset of PRESETS.filter((candidate) => candidate.discovered)) {
    const key = keyFromEnvironment(preset, context);
    if (key !== undefined) found.push({ ...defaults(preset.name, context), ...withKey(preset, key) });
  }
  return found.length > 0 ? found : [sandbox(context)];
}

function sandbox(context: ProviderContext): Provider {
  const endpoint = { baseUrl: '', dialect: 'anthropic', keyHeader: 'none' } as const;
  return { ...defaults(SANDBOX_PROVIDER_NAME, context), ...withKey(endpoint, undefined), models: [SANDBOX_MODEL] };
}

function readName(raw: RawProvider, path: Path, names: Set<string>, report: Report): string | undefined {
  const here = [...path, 'name'];
  const name = raw.name;
  if (name === undefined || name === '') {
    report.problem(here, 'missing: every provider needs a name; routes refer to it');
  } else if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(name) || name.includes(',')) {
    report.problem(here, `must be plain ASCII text without a comma, got ${report.show(here, name)}`);
  } else if (name === SANDBOX_PROVIDER_NAME) {
    report.problem(here, `${report.show(here, name)} is the built-in provider's; choose another name`);
  } else if (names.has(name)) {
    report.problem(here, `${report.show(here, name)} is the name of another provider already; choose another`);
  } else {
    names.add(name);
    return name;
  }
  return undefined;
}

function readProvider(raw: RawProvider, name: string, path: Path, context: ProviderContext): Provider | undefined {
  const { report } = context;
  const preset = presetOf(raw.name ?? '');
  const headers = readHeaders(raw.headers ?? {}, [...path, 'headers'], report, context.secret);
  const endpoint = readEndpoint(raw, preset, path, report);
  const enabled = raw.enabled ?? true;
  const key = readKey(raw, preset, path, context);
  if (endpoint === undefined) return undefined;
  const hasKey =
    key !== undefined || Object.keys(headers).some(isSensitiveName) || report.isReported([...path, 'api_key']);
  if (enabled && !hasKey && (preset?.needsKey === true || raw.api_key !== undefined)) {
    const state = raw.api_key === undefined ? 'missing' : 'empty';
    const other = preset === undefined ? '' : `, and ${preset.env.join(' or ')} is not set`;
    report.warn([...path, 'api_key'], `${state}${other}: requests go without a key`);
  }
  if (key === 'passthrough' && endpoint.dialect !== 'anthropic') {
    report.problem([...path, 'api_key'], `${PASSTHROUGH_DIALECT}, not ${endpoint.dialect}`);
  }
  const base = defaults(name, context);
  return {
    ...base,
    ...withKey(endpoint, key),
    ...readModels(raw.models ?? [], [...path, 'models'], report),
    maxOutputTokens: raw.max_output_tokens ?? base.maxOutputTokens,
    enabled,
    headers,
    timeouts: {
      connectMs: raw.timeouts?.connect ?? base.timeouts.connectMs,
      firstByteMs: raw.timeouts?.first_byte ?? base.timeouts.firstByteMs,
      idleMs: raw.timeouts?.idle ?? base.timeouts.idleMs,
    },
    connections: {
      max: raw.connections?.max ?? base.connections.max,
      maxWaiting: raw.connections?.max_waiting ?? base.connections.maxWaiting,
    },
  };
}

function defaults(name: string, { performance }: ProviderContext) {
  return {
    name,
    models: [],
    maxOutputTokens: null,
    modelMaxOutputTokens: {},
    enabled: true,
    headers: {},
    timeouts: {
      connectMs: DEFAULT_CONNECT_MS,
      firstByteMs: performance.requestTimeoutMs,
      idleMs: performance.streamIdleTimeoutMs,
    },
    connections: { max: DEFAULT_CONNECTIONS, maxWaiting: DEFAULT_CONNECTIONS },
  };
}

function withKey(endpoint: Endpoint, key: string | undefined) {
  return {
    baseUrl: trimmedUrl(endpoint.baseUrl),
    dialect: endpoint.dialect,
    keyHeader: key === undefined ? ('none' as const) : endpoint.keyHeader,
    apiKey: key === undefined || key === 'passthrough' ? null : key,
    passthroughKey: key === 'passthrough',
  };
}

/** The provider's key, `passthrough`, or undefined for none. An empty one counts as none: then the environment's. */
function readKey(
  raw: RawProvider,
  preset: Preset | undefined,
  path: Path,
  context: ProviderContext,
): string | undefined {
  const here = [...path, 'api_key'];
  const given = raw.api_key === undefined ? undefined : context.secret(raw.api_key, here);
  if (given === undefined || given === '') return preset && keyFromEnvironment(preset, context);
  const mistake = keyMistake(given);
  if (mistake !== null) context.report.problem(here, mistake);
  return given;
}

function keyFromEnvironment(preset: Preset, { env, report }: ProviderContext): string | undefined {
  const name = preset.env.find((candidate) => (env[candidate] ?? '').trim() !== '');
  const key = name === undefined ? undefined : env[name]?.trim();
  if (name === undefined || key === undefined) return undefined;
  const mistake = keyMistake(key);
  if (mistake !== null) report.problemOutside(name, mistake);
  if (key === 'passthrough' && preset.dialect !== 'anthropic') report.problemOutside(name, PASSTHROUGH_DIALECT);
  return key;
}
