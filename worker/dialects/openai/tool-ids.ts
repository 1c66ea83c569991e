/** Ids of tool calls towards services that do not take every id. */
import { createHash } from 'node:crypto';
import type { Quirks } from './quirks';

const MAX_LENGTH = 40;
const SHORT = /^[A-Za-z0-9]{9}$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The id under which a service knows a call. It depends on the id alone, so that a call and its result get the same one,
 * in every request and on every worker; an id that fits stays as it is.
 */
export function toolIdFor(id: string, rule: Quirks['toolIds']): string {
  if (rule === 'up to 40 characters') {
    return id.length <= MAX_LENGTH ? id : `call_${digestOf(id).toString('base64url').slice(0, 32)}`;
  }
  if (SHORT.test(id)) return id;
  let short = '';
  for (const byte of digestOf(id).subarray(0, 9)) short += ALPHABET[byte % ALPHABET.length];
  return short;
}

function digestOf(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}
