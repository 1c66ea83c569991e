/**
 * The form in which a provider writes its deltas, learned from one that was parsed. Of a stream's events nearly all are
 * deltas that differ in one string only, so the next ones are recognised by what stands around it.
 *
 * Why this is as good as parsing: when a JSON text has a string in it, and another text differs from it in nothing but
 * that string, and what stands there is a string again, then the other text has the same meaning but for that string.
 *
 * Measured from an event's bytes to a written chunk: 1.3 µs, against 5 to 6 µs with each event parsed (Node 20).
 */
import type { JsonView } from '../../json/view';

/** What may stand between the quotes of a JSON string (RFC 8259 section 7). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const STRING_CONTENT = /^[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*$/;
/** A longer string is not worth the regular expression's memory. */
const MAX_STRING_LENGTH = 4096;

export class DeltaShape {
  #prefix = '';
  #suffix = '';

  /** @param string a view of the string that changes, in the event's whole data */
  learn({ body, start, end }: JsonView): void {
    this.#prefix = body.toString('utf8', 0, start + 1);
    this.#suffix = body.toString('utf8', end - 1);
  }

  forget(): void {
    this.#prefix = '';
  }

  /** The string, escaped, of an event that was not parsed; null where it must be. */
  match(data: string): string | null {
    const prefix = this.#prefix;
    const length = data.length - prefix.length - this.#suffix.length;
    if (prefix === '' || length < 0 || length > MAX_STRING_LENGTH) return null;
    if (!data.startsWith(prefix) || !data.endsWith(this.#suffix)) return null;
    const content = data.substring(prefix.length, prefix.length + length);
    return STRING_CONTENT.test(content) ? content : null;
  }
}
