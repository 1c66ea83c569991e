/**
 * Ids of tool calls that carry Gemini's thought signature. Gemini wants the signature of a call back with the call, in
 * the next turn, on whichever worker that lands, and from clients that keep nothing but a call's id, name and arguments:
 * so the id is the only place for it.
 *
 *     toolu_<unique>                      Gemini gave no id: one of ours
 *     toolu_gem_<id>                      Gemini's own id
 *     toolu_gemx_<hexadecimal of the id>   Gemini's own id, with characters that Anthropic does not allow
 *     …__sig_<base64url of the signature's bytes>
 *     …__sigx_<base64url of the signature's text>   where that is not base64 as Google writes it
 *
 * Only characters of `[A-Za-z0-9_-]`: what Anthropic allows in an id.
 */

import { Buffer } from 'node:buffer';
export interface CallId {
  /** Gemini's own id, or null: then none is sent back to it. */
  given: string | null;
  /** As Gemini gave it, character for character; null when it gave none. */
  signature: string | null;
}

const OURS = 'toolu_';
const GIVEN = 'toolu_gem_';
const GIVEN_ENCODED = 'toolu_gemx_';
const SIGNATURE = '__sig_';
const SIGNATURE_ENCODED = '__sigx_';
const SAFE = /^[A-Za-z0-9_-]+$/;

/** @param unique of `[A-Za-z0-9]`, for a call to which Gemini gave no id */
export function encodeCallId({ given, signature }: CallId, unique: string): string {
  return prefix(given, unique) + suffix(signature);
}

/** What an id of ours carries; nothing for an id of another provider's. */
export function decodeCallId(id: string): CallId {
  // Nothing before the mark can look like it; the signature behind it may.
  const at = id.startsWith(OURS) ? id.indexOf('__sig') : -1;
  const front = at < 0 ? id : id.slice(0, at);
  return { given: givenId(front), signature: at < 0 ? null : signatureIn(id.slice(at)) };
}

function prefix(given: string | null, unique: string): string {
  if (given === null) return OURS + unique;
  if (SAFE.test(given) && !given.includes('__sig')) return GIVEN + given;
  return GIVEN_ENCODED + encode(given, 'hex');
}

function givenId(front: string): string | null {
  if (front.startsWith(GIVEN)) return front.slice(GIVEN.length);
  return front.startsWith(GIVEN_ENCODED) ? decode(front.slice(GIVEN_ENCODED.length), 'hex') : null;
}

function suffix(signature: string | null): string {
  if (signature === null) return '';
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.toString('base64') === signature) return SIGNATURE + bytes.toString('base64url');
  return SIGNATURE_ENCODED + encode(signature, 'base64url');
}

function signatureIn(text: string): string | null {
  if (text.startsWith(SIGNATURE)) return Buffer.from(text.slice(SIGNATURE.length), 'base64url').toString('base64');
  return text.startsWith(SIGNATURE_ENCODED) ? decode(text.slice(SIGNATURE_ENCODED.length), 'base64url') : null;
}

/** UTF-16, so that a text with half a character in it comes back, too. */
function encode(text: string, as: 'hex' | 'base64url'): string {
  return Buffer.from(text, 'utf16le').toString(as);
}

function decode(encoded: string, as: 'hex' | 'base64url'): string {
  return Buffer.from(encoded, as).toString('utf16le');
}
