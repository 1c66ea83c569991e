/**
 * Clients send the same tools with each request, and to translate a tool's schema takes longer than all else that is to
 * be done for it: what became of a schema is remembered by its text.
 */
import type { JsonView } from '../../json/view';
import { parametersSchema } from './schema';

/** Larger ones are rare. */
const MAX_SCHEMA_BYTES = 16 * 1024;
/** Of all that is remembered; then it begins anew. */
const MAX_CHARS = 4 * 1024 * 1024;

const known = new Map<string, string | null>();
let chars = 0;

/** The same as `parametersSchema`. */
export function knownParametersSchema(schema: JsonView): string | null {
  if (schema.size > MAX_SCHEMA_BYTES) return parametersSchema(schema);
  const text = schema.raw();
  const before = known.get(text);
  if (before !== undefined) return before;
  const translated = parametersSchema(schema);
  chars += text.length + (translated?.length ?? 0);
  if (chars > MAX_CHARS) {
    known.clear();
    chars = 0;
  } else {
    known.set(text, translated);
  }
  return translated;
}
