/** A value that came out of `JSON.parse`, looked at with care. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for `{…}`, false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text's object, or null where it is none. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The own property `key` when it is a text; `constructor` and its kin are not found. */
export function textAt(object: JsonObject, key: string): string | null {
  const value = valueAt(object, key);
  return typeof value === 'string' ? value : null;
}

/** The own property `key`, or undefined. */
export function valueAt(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
