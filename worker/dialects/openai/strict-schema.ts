/** Whether a JSON Schema is within what OpenAI enforces (https://platform.openai.com/docs/guides/structured-outputs). */
import { isObject } from '../../json/parsed';

const KEYWORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'anyOf'],
  ...['$ref', '$defs', 'title', 'description'],
]);
const MAX_SCHEMAS = 1000;

/**
 * True where `strict` may be asked for: every object closed, with all its properties required, and no keyword that is
 * not surely known. A schema that is refused there would cost the whole request; without `strict` it still guides.
 */
export function fitsStrict(schema: unknown): boolean {
  const pending: unknown[] = [schema];
  for (let seen = 0; pending.length > 0; seen++) {
    const next = pending.pop();
    if (seen > MAX_SCHEMAS || !isObject(next)) return false;
    if (!Object.keys(next).every((keyword) => KEYWORDS.has(keyword))) return false;
    const properties = next['properties'];
    if (next['type'] === 'object' || properties !== undefined) {
      if (!isObject(properties) || next['additionalProperties'] !== false) return false;
      const required: unknown[] = Array.isArray(next['required']) ? next['required'] : [];
      if (!Object.keys(properties).every((name) => required.includes(name))) return false;
      pending.push(...Object.values(properties));
    }
    if (next['items'] !== undefined) pending.push(next['items']);
    if (Array.isArray(next['anyOf'])) pending.push(...next['anyOf']);
    if (isObject(next['$defs'])) pending.push(...Object.values(next['$defs']));
  }
  return true;
}
