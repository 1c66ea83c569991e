/**
 * Signatures of thinking blocks. A client sends them back whoever made them, and another provider's is a 400 from Gemini:
 * so Gemini's own are marked.
 */
const MARK = 'gemini:';

/** @param signature of a thought or of the text behind it, as Gemini gave it, escaped or not */
export function markSignature(signature: string): string {
  return MARK + signature;
}

/** The signature as Gemini gave it; null for one that is not Gemini's. */
export function unmarkSignature(signature: string | undefined): string | null {
  return signature?.startsWith(MARK) ? signature.slice(MARK.length) : null;
}
