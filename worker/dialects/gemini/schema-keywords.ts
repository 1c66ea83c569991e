/**
 * Keywords of a JSON Schema that may stand in several parts of it: in the schema itself, in what it refers to, in what it
 * is composed of (`allOf`). The first part that has a keyword is the one that counts.
 */
import type { JsonView } from '../../json/view';

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);

export function find(parts: JsonView[], name: string): JsonView | undefined {
  for (const part of parts) {
    const value = part.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The types that a schema names, or the one that its keywords speak of. */
export function typesOf(parts: JsonView[]): string[] {
  const type = find(parts, 'type');
  const named = type?.kind === 'array' ? type.items().map((item) => item.text()) : [type?.text()];
  // Generators of OpenAPI write upper case, and `nullable`.
  const types = new Set(named.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()])));
  const known = [...types].filter((name) => TYPES.has(name));
  if (known.length === 0) {
    if (find(parts, 'properties') !== undefined) known.push('object');
    else if (find(parts, 'items') !== undefined || find(parts, 'prefixItems') !== undefined) known.push('array');
    else known.push(...enumTypes(parts));
  }
  if (known.length > 0 && !known.includes('null') && find(parts, 'nullable')?.raw() === 'true') known.push('null');
  return known;
}

/** Of an enum or constant without a type: a node without one is refused by some models. */
function enumTypes(parts: JsonView[]): string[] {
  const values = find(parts, 'enum')?.items() ?? [];
  const constant = find(parts, 'const');
  const kinds = new Set([...values, ...(constant === undefined ? [] : [constant])].map((value) => value.kind));
  return (['string', 'number', 'boolean'] as const).filter((kind) => kinds.has(kind));
}

/** Gemini has no exclusive bounds: for integers the next one, for other numbers the bound itself. */
export function bounds(type: 'number' | 'integer', parts: JsonView[]): string[] {
  const members: string[] = [];
  for (const [name, exclusive, step] of [
    ['minimum', 'exclusiveMinimum', 1],
    ['maximum', 'exclusiveMaximum', -1],
  ] as const) {
    const bound = find(parts, name);
    const beyond = find(parts, exclusive);
    if (bound?.kind === 'number') members.push(`"${name}":${bound.raw()}`);
    else if (beyond?.kind === 'number') {
      const next = Number(beyond.raw()) + step;
      const isExact = type === 'integer' && Number.isSafeInteger(next);
      members.push(`"${name}":${isExact ? next : beyond.raw()}`);
    }
  }
  return members;
}

export function isCount(view: JsonView | undefined): view is JsonView {
  return view?.kind === 'number' && /^\d{1,9}$/.test(view.raw());
}

/** A map whose keys are described by one pattern is a map. */
export function onlyPattern(parts: JsonView[]): JsonView | undefined {
  const patterns = find(parts, 'patternProperties')?.members();
  return patterns?.size === 1 ? patterns.values().next().value : undefined;
}
