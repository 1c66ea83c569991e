/** Numbers that both processes must agree on. */

/** Largest request head that is served, bytes. Claude Code's beta headers alone take over 1 KB. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** Most worker processes. */
export const MAX_WORKERS = 1024;

/** Requests of a client are counted by the clock's minute. */
export const RATE_WINDOW_MS = 60_000;
