import type { Path } from './problem';
import { durationMs, MAX_DURATION_MS } from './quantities';
import { knownKeys } from './schema';

/**
 * Files of the Go CCProxy and of claude-code-router load unchanged. Here their spellings become ours, and what they
 * have and we do not is taken out with a warning, so that the schema knows one spelling only.
 */
export interface Respelled {
  value: unknown;
  /** From a place in `value` to the one in the file. */
  sourceOf(path: Path): Path;
  problems: { path: Path; message: string }[];
  warnings: { path: Path; message: string }[];
}

/** Other names, lower-case, for members of the root. */
const ROOT_NAMES: Record<string, string> = { router: 'routes' };

/** Members that mean nothing here, lower-case, by the kind of object they stand in, with the reason. */
const IGNORED: Record<'root' | 'provider' | 'route' | 'performance', Record<string, string>> = {
  root: {
    security: 'restrict access with "api_key", "host" and a firewall instead; Go CCProxy did not act on it either',
    transformers: 'transformer scripts are not loaded; dialects are built in',
    non_interactive_mode: 'a server has no interactive mode',
    custom_router_path: 'router scripts are not run; name routes instead',
    statusline: 'it is about a client',
  },
  provider: {
    transformers: 'the provider\'s "dialect" decides how requests are translated',
    transformer: 'the provider\'s "dialect" decides how requests are translated',
    created_at: 'it was kept by Go CCProxy for itself',
    updated_at: 'it was kept by Go CCProxy for itself',
  },
  route: { conditions: 'a route is chosen by its name; Go CCProxy did not evaluate conditions either' },
  performance: {
    cache_enabled: 'answers are not cached',
    cache_ttl: 'answers are not cached',
    circuit_breaker_threshold: 'when a provider counts as unavailable is not configurable',
    circuit_breaker_timeout: 'when a provider is tried again is not configurable',
  },
};

/** Where Go CCProxy writes "" for "not set". Elsewhere an empty text is what it is. */
const EMPTY_IS_ABSENT = new Set([
  'host',
  'log_file',
  'proxy_url',
  'api_base_url',
  'message_format',
  'model',
  'dialect',
]);

/** Brings every key that the schema knows into its spelling. Does not change `value`. */
export function respell(value: unknown): Respelled {
  const moved = new Map<string, Path>();
  const result: Respelled = {
    value,
    sourceOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const source = moved.get(JSON.stringify(path.slice(0, length)));
        if (source !== undefined) return [...source, ...path.slice(length)];
      }
      return path;
    },
    problems: [],
    warnings: [],
  };
  const speller = new Speller(result, moved);
  result.value = speller.spell(value, [], []);
  return result;
}

class Speller {
  constructor(
    private readonly result: Respelled,
    private readonly moved: Map<string, Path>,
  ) {}

  /** @param path the place in the result; @param source the same place in the file */
  spell(value: unknown, path: Path, source: Path): unknown {
    if (Array.isArray(value)) {
      const isOfObjects = path.length === 1 || (path.length === 3 && path[2] === 'models');
      if (path[0] !== 'providers' || !isOfObjects) return value;
      return value.map((item, index) => this.spell(item, [...path, index], [...source, index]));
    }
    if (!isObject(value)) return value;
    const known = knownKeys(path);
    if (known === undefined && !(path.length === 1 && path[0] === 'routes')) return value;
    const members = new Map<string, unknown>();
    for (const [written, member] of Object.entries(value)) {
      const key = known === undefined ? written : this.keyOf(written, known, path);
      const memberSource = [...source, written];
      if (this.isLeftOut(key, member, path, memberSource)) continue;
      if (members.has(key)) {
        this.result.problems.push({ path: memberSource, message: `given twice, as "${key}" too; keep one` });
        continue;
      }
      const memberPath = [...path, key];
      if (key !== written || JSON.stringify(path) !== JSON.stringify(source)) {
        this.moved.set(JSON.stringify(memberPath), memberSource);
      }
      members.set(key, this.goDuration(this.spell(member, memberPath, memberSource), memberPath, memberSource));
    }
    if (path.length === 0) this.relocate(members);
    return Object.fromEntries(members);
  }

  private keyOf(written: string, known: readonly string[], path: Path): string {
    if (known.includes(written)) return written;
    const lower = written.toLowerCase();
    const renamed = path.length === 0 && Object.hasOwn(ROOT_NAMES, lower) ? ROOT_NAMES[lower] : undefined;
    return renamed ?? known.find((candidate) => candidate.toLowerCase() === lower) ?? written;
  }

  private isLeftOut(key: string, member: unknown, path: Path, source: Path): boolean {
    const ignored = ignoredAt(path);
    const reason = Object.hasOwn(ignored, key.toLowerCase()) ? ignored[key.toLowerCase()] : undefined;
    if (reason !== undefined) {
      const isEmpty = member === null || (Array.isArray(member) && member.length === 0);
      if (!isEmpty) this.result.warnings.push({ path: source, message: `ignored: ${reason}` });
      return true;
    }
    // A key without a value is no key, except where that would quietly open the door.
    if (member === null) return !(path.length === 0 && (key === 'api_key' || key === 'apikey'));
    return member === '' && EMPTY_IS_ABSENT.has(key) && knownKeys(path)?.includes(key) === true;
  }

  /** Members that stand elsewhere in claude-code-router: a threshold among the routes, the time limit at the root. */
  private relocate(root: Map<string, unknown>): void {
    const routes = root.get('routes');
    if (isObject(routes) && Object.hasOwn(routes, 'longContextThreshold')) {
      const { longContextThreshold, ...others } = routes;
      root.set('routes', others);
      this.move(root, [], 'longContextThreshold', longContextThreshold, ['routes', 'longContextThreshold']);
    }
    const limit = [...root.keys()].find((key) => key.toLowerCase() === 'api_timeout_ms');
    if (limit === undefined) return;
    const value = root.get(limit);
    root.delete(limit);
    const before = root.get('performance') ?? {};
    if (!isObject(before)) return;
    const performance = new Map(Object.entries(before));
    this.move(performance, ['performance'], 'request_timeout', value, [limit]);
    root.set('performance', Object.fromEntries(performance));
  }

  private move(into: Map<string, unknown>, parent: Path, key: string, value: unknown, source: Path): void {
    const place = [...parent, key];
    const written = this.moved.get(JSON.stringify(source)) ?? source;
    if (into.has(key)) {
      this.result.problems.push({ path: written, message: `given twice, as "${place.join('.')}" too; keep one` });
      return;
    }
    into.set(key, value);
    this.moved.set(JSON.stringify(place), written);
  }

  /** Go CCProxy saves its durations as nanoseconds: 30 s as 30000000000, a year if they were milliseconds. */
  private goDuration(value: unknown, path: Path, source: Path): unknown {
    const name = path.join('.');
    if (name !== 'shutdown_timeout' && name !== 'performance.request_timeout') return value;
    const number = typeof value === 'number' ? durationMs(value) : undefined;
    if (number === undefined || number <= MAX_DURATION_MS || number < 1e9 || number % 1e6 !== 0) return value;
    const message = `read as nanoseconds, as Go CCProxy writes them: ${number / 1e9} s; better write "${number / 1e9}s"`;
    this.result.warnings.push({ path: source, message });
    return number / 1e6;
  }
}

function ignoredAt(path: Path): Record<string, string> {
  if (path.length === 0) return IGNORED.root;
  if (path.length === 1 && path[0] === 'performance') return IGNORED.performance;
  if (path.length !== 2) return {};
  return path[0] === 'providers' ? IGNORED.provider : path[0] === 'routes' ? IGNORED.route : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
