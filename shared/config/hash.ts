import { createHash, scryptSync } from 'node:crypto';
import type { Config } from './config';

/** A configuration as it comes into force, and the hash of it as it was loaded. */
export interface HashedConfig {
  config: Config;
  hash: string;
}

/**
 * First 12 hex digits of a SHA-256 over everything in a configuration except where it came from. The same content has
 * the same hash on every machine and after every restart; any change, of a key too, changes it.
 *
 * The hash is public (/status), so that it must not serve to guess a weak `api_key`: with plain SHA-256 that takes
 * nanoseconds a guess. The whole content therefore goes through scrypt first: some 20 ms a guess. The salt is a fixed
 * label: a random one would give each machine and each start a hash of its own. Not in a thread: each of libuv's threads
 * would keep the 8 MB that it takes.
 */
export function configHash({ file, ...content }: Config): string {
  const slow = scryptSync(canonical(content), 'ccproxy configuration hash', 32, { N: 8192, r: 8, p: 1 });
  return createHash('sha256').update(slow).digest('hex').slice(0, 12);
}

/** JSON with the members of every object in the order of their names. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
