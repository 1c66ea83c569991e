/**
 * OpenRouter's `reasoning_details`: what proves or encrypts a model's thinking, which must come back as it was
 * (https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks; Gemini's tool calls fail without).
 * No worker remembers it: it travels in the `signature` of a thinking block, or the `data` of a redacted one.
 */
import { Buffer } from 'node:buffer';
import { isObject, type JsonObject, textAt } from '../../json/parsed';

/** Tells our own from what other providers put there. */
const MARK = 'openrouter.';

/** The member of a detail that is text for a reader. */
export function textMember(detail: JsonObject): 'text' | 'summary' {
  return textAt(detail, 'type') === 'reasoning.summary' ? 'summary' : 'text';
}

/** A detail as a text without any character that JSON escapes; empty for one that is nested too deep to be written. */
export function packDetail(detail: JsonObject): string {
  const text = detailText(detail);
  return text === '' ? '' : MARK + Buffer.from(text).toString('base64url');
}

/** A detail as JSON, or empty: what can be parsed may still be too deep to be written. */
export function detailText(detail: JsonObject): string {
  try {
    return JSON.stringify(detail);
  } catch {
    return '';
  }
}

/** The detail of a signature, or null where the signature is another provider's. */
export function unpackDetail(signature: string): JsonObject | null {
  if (!signature.startsWith(MARK)) return null;
  try {
    const detail: unknown = JSON.parse(Buffer.from(signature.slice(MARK.length), 'base64url').toString('utf8'));
    return isObject(detail) ? detail : null;
  } catch {
    return null;
  }
}
