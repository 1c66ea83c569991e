/** Refusals in Google's words, and reading JSON as its protobuf parser does. */
import { type JsonObject, Refused } from './refused';

export function invalid(message: string): Refused {
  return new Refused(message, { code: 'INVALID_ARGUMENT' });
}

/**
 * An object's members by their names in camel case; both spellings are taken.
 * @param at where it stands, in Google's spelling; empty for the request itself
 * @throws Refused for one that is not known, or there in both spellings
 */
export function members(written: JsonObject, known: readonly string[], at: string): JsonObject {
  const read: JsonObject = {};
  for (const [name, value] of Object.entries(written)) {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!known.includes(camel)) {
      const where = at === '' ? '' : ` at '${at}'`;
      throw invalid(`Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${where}: Cannot find field.`);
    }
    if (Object.hasOwn(read, camel)) throw invalid(`Invalid value at '${at}': ${camel} is set twice.`);
    // null stands for a field that is not set.
    if (value !== null) read[camel] = value;
  }
  return read;
}

export function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
