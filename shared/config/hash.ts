import { createHash, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
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
 * nanoseconds a guess. The whole content therefore goes through scrypt first: some 20 ms a guess, in a thread beside the
 * one that calls, which at a start has other things to do. The salt is a fixed label: a random one would give each
 * machine and each start a hash of its own.
 */
export async function configHash({ file, ...content }: Config): Promise<string> {
  const slow = await slowly(canonical(content), 'ccproxy configuration hash', 32, { N: 8192, r: 8, p: 1 });
  return createHash('sha256').update(slow).digest('hex').slice(0, 12);
}

const slowly = promisify<string, string, number, ScryptOptions, Buffer>(scrypt);

/** JSON with the members of every object in the order of their names. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
