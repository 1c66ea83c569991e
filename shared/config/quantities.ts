const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS: Record<string, number> = {
  b: 1,
  kb: 1024,
  kib: 1024,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
};

/** Longest duration that is accepted: a day. Timers of Node overflow at 24.8 days and would then fire at once. */
export const MAX_DURATION_MS = 86_400_000;

/**
 * `"30s"`, `"500ms"`, `"1m30s"`, `"1.5h"`, or milliseconds as a number or digits.
 *
 * @returns whole milliseconds, or undefined for anything else
 */
export function durationMs(value: unknown): number | undefined {
  const number = wholeOrDigits(value);
  if (number !== undefined) return number;
  if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) return undefined;
  let total = 0;
  for (const [, amount = '0', unit = 'ms'] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (DURATION_UNITS[unit] ?? 1);
  }
  return Math.round(total);
}

/** `"10mb"`, `"1.5GiB"` (both by 1024), or bytes as a number or digits. Undefined for anything else. */
export function sizeBytes(value: unknown): number | undefined {
  const number = wholeOrDigits(value);
  if (number !== undefined) return number;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]i?b|b)$/i.exec(value);
  if (match === null) return undefined;
  return Math.floor(Number(match[1]) * (SIZE_UNITS[(match[2] ?? 'b').toLowerCase()] ?? 1));
}

/** A whole number from 0 up, also as digits: what comes from the environment is text. Undefined for anything else. */
export function wholeOrDigits(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
