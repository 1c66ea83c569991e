import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';

const IN_DIRECTORY = ['ccproxy.json', 'ccproxy.yaml', 'ccproxy.yml'];
const IN_HOME = ['config.json', 'config.yaml', 'config.yml'];

/** No secret is longer; a wrong path such as a log or a device is noticed instead of read. */
const MAX_SECRET_BYTES = 64 * 1024;

export interface FoundFile {
  /** Absolute, or null where there is none. */
  path: string | null;
  /** Who asked for it by name: `--config`, `CCPROXY_CONFIG`, or null where it was looked for. */
  namedBy: string | null;
  /** Files of lower rank beside it, that are not read. */
  passedOver: string[];
}

/** Which configuration file counts. A file that is named counts whether it exists or not. */
export function findFile(named: string | undefined, env: NodeJS.ProcessEnv, cwd: string, home: string): FoundFile {
  const fromEnv = env['CCPROXY_CONFIG'];
  if (named !== undefined) return { path: absolute(named, cwd, home), namedBy: '--config', passedOver: [] };
  if (fromEnv !== undefined && fromEnv !== '') {
    return { path: absolute(fromEnv, cwd, home), namedBy: 'CCPROXY_CONFIG', passedOver: [] };
  }
  for (const candidates of [
    IN_DIRECTORY.map((name) => join(cwd, name)),
    IN_HOME.map((n) => join(home, '.ccproxy', n)),
  ]) {
    const [path, ...passedOver] = candidates.filter(exists);
    if (path !== undefined) return { path, namedBy: null, passedOver };
  }
  return { path: null, namedBy: null, passedOver: [] };
}

/** An absolute path; a leading `~/` is the home directory, as in a shell. */
export function absolute(path: string, base: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : resolve(base, path);
}

/** A path as people like to read it: relative where it lies in the working directory. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}

/** The file's text, or in words why it cannot be had. */
export function readText(path: string): { ok: true; text: string } | { ok: false; reason: string } {
  try {
    return { ok: true, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** A secret from a file without the white space around it, or in words why it cannot be had. */
export function readSecret(path: string): { ok: true; text: string } | { ok: false; reason: string } {
  try {
    const found = statSync(path);
    if (!found.isFile()) return { ok: false, reason: 'is not a file' };
    if (found.size > MAX_SECRET_BYTES) return { ok: false, reason: 'is larger than 64 kB, which no secret is' };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  const read = readText(path);
  return read.ok ? { ok: true, text: read.text.trim() } : read;
}

function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    // What is there but cannot be looked at is not passed over in silence: reading it will tell.
    return !['ENOENT', 'ENOTDIR'].includes(codeOf(error));
  }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return code === 'EISDIR' ? 'is a directory' : `cannot be read (${code})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
