/** From a JSON Schema to a value that fits it: tool inputs and structured answers. Pure. */
import { isObject, type JsonObject, textAt, valueAt } from '../json/parsed';

/** A schema may refer to itself, or fan out without end: after so many values the rest is left empty. */
const MAX_VALUES = 1000;
const MAX_DEPTH = 24;
const MAX_ITEMS = 8;
const MAX_TEXT_LENGTH = 1000;

const TEXT_BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2025-01-01T00:00:00Z',
  date: '2025-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'sandbox@example.com',
  hostname: 'example.com',
  ipv4: '127.0.0.1',
  ipv6: '::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/**
 * A plausible value for `schema`: its const, the first of its enum, else by type: text `sandbox`, number 1, boolean
 * false, an object with its required properties, an empty array. Understands `$ref` within the document, `anyOf`,
 * `oneOf`, `allOf`, formats, and the bounds of numbers, texts and arrays; not `pattern`.
 */
export function sampleOf(schema: unknown): unknown {
  return new Sampler(schema).value(schema, 0);
}

/** The same for the input of a tool, which is an object whatever its schema says. */
export function sampleInput(schema: unknown): JsonObject {
  const value = sampleOf(schema);
  return isObject(value) ? value : {};
}

class Sampler {
  private values = 0;

  constructor(private readonly root: unknown) {}

  value(schema: unknown, depth: number): unknown {
    this.values += 1;
    if (!isObject(schema)) return 'sandbox';
    if (Object.hasOwn(schema, 'const')) return schema['const'];
    const options = valueAt(schema, 'enum');
    if (Array.isArray(options) && options.length > 0) return options[0];
    const type = typeOf(schema);
    if (depth >= MAX_DEPTH || this.values > MAX_VALUES) return type === 'object' ? {} : null;

    const reference = textAt(schema, '$ref');
    if (reference !== null) return this.value(this.resolve(reference), depth + 1);
    const branch = firstBranch(schema);
    if (branch !== undefined) return this.value(branch, depth + 1);
    const all = valueAt(schema, 'allOf');
    if (Array.isArray(all) && all.length > 0) return this.merged(schema, all, depth);
    switch (type) {
      case 'object':
        return this.object(schema, depth);
      case 'array':
        return this.array(schema, depth);
      case 'number':
      case 'integer':
        return numberOf(schema);
      case 'boolean':
        return false;
      case 'null':
        return null;
      default:
        return textOf(schema);
    }
  }

  private object(schema: JsonObject, depth: number): JsonObject {
    const properties = valueAt(schema, 'properties');
    const required = valueAt(schema, 'required');
    const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
    const entries: [string, unknown][] = [];
    for (const name of new Set(names)) {
      if (this.values > MAX_VALUES) break;
      entries.push([name, this.value(isObject(properties) ? valueAt(properties, name) : undefined, depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  private array(schema: JsonObject, depth: number): unknown[] {
    const count = Math.min(numberAt(schema, 'minItems') ?? 0, MAX_ITEMS);
    const items: unknown[] = [];
    while (items.length < count) items.push(this.value(valueAt(schema, 'items'), depth + 1));
    return items;
  }

  /** `allOf`: what each part makes, laid over one another; the last when they are not objects. */
  private merged(schema: JsonObject, parts: readonly unknown[], depth: number): unknown {
    const own = this.object(schema, depth);
    const made = parts.slice(0, MAX_ITEMS).map((part) => this.value(part, depth + 1));
    return made.every(isObject) ? Object.fromEntries([own, ...made].flatMap(Object.entries)) : made.at(-1);
  }

  /** A JSON pointer into this document, `#/$defs/Name`; undefined when it leads nowhere. */
  private resolve(reference: string): unknown {
    if (!reference.startsWith('#')) return undefined;
    let at = this.root;
    for (const part of reference.split('/').slice(1)) {
      if (!isObject(at)) return undefined;
      at = valueAt(at, part.replaceAll('~1', '/').replaceAll('~0', '~'));
    }
    return at;
  }
}

function typeOf(schema: JsonObject): string | null {
  const type = valueAt(schema, 'type');
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return type.find((name) => typeof name === 'string' && name !== 'null') ?? 'null';
  if (Object.hasOwn(schema, 'properties')) return 'object';
  return Object.hasOwn(schema, 'items') ? 'array' : null;
}

function firstBranch(schema: JsonObject): unknown {
  for (const key of ['anyOf', 'oneOf']) {
    const branches = valueAt(schema, key);
    if (!Array.isArray(branches) || branches.length === 0) continue;
    return branches.find((branch) => !isObject(branch) || branch['type'] !== 'null') ?? branches[0];
  }
  return undefined;
}

function numberOf(schema: JsonObject): number {
  const above = numberAt(schema, 'exclusiveMinimum');
  const below = numberAt(schema, 'exclusiveMaximum');
  const lowest = Math.max(numberAt(schema, 'minimum') ?? -Infinity, above === null ? -Infinity : above + 1);
  const highest = Math.min(numberAt(schema, 'maximum') ?? Infinity, below === null ? Infinity : below - 1);
  return Math.min(Math.max(1, Math.ceil(lowest)), highest);
}

function textOf(schema: JsonObject): string {
  const known = TEXT_BY_FORMAT[textAt(schema, 'format') ?? ''];
  if (known !== undefined) return known;
  const shortest = Math.min(numberAt(schema, 'minLength') ?? 0, MAX_TEXT_LENGTH);
  return 'sandbox'.padEnd(shortest, '.').slice(0, numberAt(schema, 'maxLength') ?? MAX_TEXT_LENGTH);
}

function numberAt(schema: JsonObject, key: string): number | null {
  const value = valueAt(schema, key);
  return typeof value === 'number' ? value : null;
}
