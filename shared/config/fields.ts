import { isIP } from 'node:net';
import { MAX_WORKERS } from '../limits';
import type { Dialect, LogLevel } from './config';
import { durationMs, MAX_DURATION_MS, sizeBytes, wholeOrDigits } from './quantities';

/** How one value is read, from the file, from the environment or from a flag. */
export interface Field<T> {
  /** What belongs here, to follow "expected ". */
  expected: string;
  /** The value, or undefined where it is not what is expected. */
  read(value: unknown): T | undefined;
  /** The value may be a secret and is never shown. */
  secret?: boolean;
}

/** A secret in place, or the path of the file that holds it. */
export type SecretSource = string | { file: string };

export const text: Field<string> = { expected: 'text', read: textOf };

export const flag: Field<boolean> = {
  expected: 'true or false',
  read: (value) =>
    value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined,
};

export const port = count(0, 65_535);
export const workers: Field<number | 'auto'> = {
  expected: `"auto" or a whole number from 1 to ${MAX_WORKERS}`,
  read: (value) => (value === 'auto' ? 'auto' : count(1, MAX_WORKERS).read(value)),
};

/** An address to listen on: IPv4, IPv6 (with or without brackets) or a name, without scheme and port. */
export const host: Field<string> = {
  expected: 'an address or a name to listen on, such as 127.0.0.1 or 0.0.0.0',
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    const bare = /^\[.*\]$/.test(value) ? value.slice(1, -1) : value;
    if (isIP(bare) !== 0) return bare;
    // Digits and dots alone are an address with a mistake in it, not a name.
    return /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?$/i.test(value) && !/^[\d.]+$/.test(value)
      ? value
      : undefined;
  },
};

const LEVELS: Record<string, LogLevel> = {
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  // Names that other loggers use.
  fatal: 'error',
  warning: 'warn',
  trace: 'debug',
};

export const logLevel: Field<LogLevel> = {
  expected: '"error", "warn", "info" or "debug"',
  read: (value) => own(LEVELS, value),
};

const DIALECTS: Record<string, Dialect> = { anthropic: 'anthropic', openai: 'openai', gemini: 'gemini' };

export const dialect: Field<Dialect> = {
  expected: '"anthropic", "openai" or "gemini"',
  read: (value) => own(DIALECTS, value),
};

/** A duration in milliseconds, at least `least`. */
export function duration(least: number): Field<number> {
  return {
    expected: `a duration from ${least}ms to 24h, such as "30s", "500ms" or "5m" (a number means milliseconds)`,
    read: (value) => within(durationMs(value), least, MAX_DURATION_MS),
  };
}

/** No timer waits for it, so that it may be longer than one can. */
export const workerAge: Field<number> = {
  expected: 'a duration from 1s to 8760h, such as "12h"',
  read: (value) => within(durationMs(value), 1000, 365 * MAX_DURATION_MS),
};

/** A size in bytes; up to what one Buffer safely holds everywhere. */
export const size: Field<number> = {
  expected: 'a size from 1 byte to 2047mb, such as "10mb" (a number means bytes)',
  read: (value) => within(sizeBytes(value), 1, 2047 * 1024 ** 2),
};

/** Below the least a worker would be over its limit as soon as it has booted. */
export const workerMemory: Field<number> = {
  expected: 'a size from 64mb up, such as "512mb" (a number means bytes)',
  read: (value) => within(sizeBytes(value), 64 * 1024 ** 2, Number.MAX_SAFE_INTEGER),
};

/** A whole number from `least` to `most`. */
export function count(least: number, most = Number.MAX_SAFE_INTEGER): Field<number> {
  return {
    expected: `a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? 'up' : `to ${most}`}`,
    read: (value) => within(wholeOrDigits(value), least, most),
  };
}

/** An address range; a single address stands for itself. */
export const cidr: Field<string> = {
  expected: 'an address range such as "10.0.0.0/8", or one address',
  read: (value) => {
    const match = typeof value === 'string' ? /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) : null;
    const address = match?.[1] ?? '';
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const prefix = match?.[2] === undefined ? most : Number(match[2]);
    return most === -1 || prefix > most ? undefined : `${address}/${prefix}`;
  },
};

export const secret: Field<SecretSource> = {
  expected: 'text or {"file": "PATH"}',
  secret: true,
  read: (value) => {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
    const file = 'file' in value ? value.file : undefined;
    return typeof file === 'string' && file !== '' ? { file } : undefined;
  },
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function own<T>(table: Record<string, T>, value: unknown): T | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
