/**
 * A client's JSON Schema as Gemini takes it in `parametersJsonSchema` and `responseJsonSchema`.
 *
 * These members take real JSON Schema, unlike the OpenAPI subset of `parameters` (which is a 400 for every keyword that
 * it does not know, and cannot say null, tuples or maps). What Google documents for them is kept: type, format, title,
 * description, enum of texts and numbers, items, prefixItems, minItems, maxItems, minimum, maximum, anyOf, oneOf (read
 * as anyOf), properties, additionalProperties, required. The rest is left out, or said in those words where that is
 * possible: const, exclusive bounds, lists of types, allOf, tuples of draft 7. References are put in place: a `$ref`
 * with something beside it, or to what Google does not find, is a 400.
 *
 * A client's schema may be hostile: depth, nodes and bytes are bounded, and what is beyond a bound is said as
 * "anything". The same schema always gives the same text.
 */
import type { JsonView } from '../../json/view';
import { bounds, find, isCount, onlyPattern, typesOf } from './schema-keywords';

/** Of schemas in each other. Tools in use have up to 12. */
const MAX_DEPTH = 16;
const MAX_NODES = 2000;
/** A reference may be used often: what comes out may be larger than what went in, but not without bound. */
const MAX_GROWTH = 8;
const ROOM_BYTES = 4096;
const MAX_POINTER_STEPS = 32;
/** Of `$ref` to `$ref`, and of `allOf` in `allOf`. */
const MAX_PARTS = 32;

/** By type. Any other is a 400 for some models. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['date-time'],
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};
const COUNTS = ['minItems', 'maxItems'] as const;
const ANYTHING = '{}';

/** Of an answer. @returns JSON text */
export function answerSchema(schema: JsonView): string {
  return new Cleaner(schema).node(schema, 0);
}

/**
 * Of a function's arguments, which Gemini wants to be an object: choices at the top become properties that may be there.
 *
 * @returns JSON text, or null for a function without arguments: such a one has no schema at Gemini
 */
export function parametersSchema(schema: JsonView): string | null {
  return new Cleaner(schema).parameters(schema);
}

class Cleaner {
  readonly #root: JsonView;
  /** Being written: an object in it that is one of these is a cycle. */
  readonly #open = new Set<JsonView>();
  #nodes = 0;
  /** Of texts, choices and names that may still be copied. */
  #bytes: number;

  constructor(root: JsonView) {
    this.#root = root;
    this.#bytes = root.size * MAX_GROWTH + ROOM_BYTES;
  }

  node(schema: JsonView, depth: number): string {
    if (schema.kind !== 'object' || this.#isFull()) return ANYTHING;
    this.#nodes++;
    const parts = this.#parts(schema);
    const texts = this.#texts(parts);
    const types = typesOf(parts);
    // A schema within itself is told once.
    if (parts.some((part) => this.#open.has(part))) return object([...texts, ...types.slice(0, 1).map(typeMember)]);
    for (const part of parts) this.#open.add(part);
    const members = this.#members(parts, types, depth);
    for (const part of parts) this.#open.delete(part);
    return object([...texts, ...members]);
  }

  parameters(schema: JsonView): string | null {
    const parts = this.#parts(schema);
    for (const part of parts) this.#open.add(part);
    const choices = (find(parts, 'anyOf') ?? find(parts, 'oneOf'))?.items() ?? [];
    const optional = choices.slice(0, MAX_PARTS).flatMap((choice) => this.#parts(choice));
    const members = this.#object(parts, 0, optional);
    const describesAny = members.some((member) => /^"(?:properties|additionalProperties)":(?:\{|true)/.test(member));
    return describesAny ? object([...this.#texts(parts), typeMember('object'), ...members]) : null;
  }

  #isFull(): boolean {
    return this.#nodes >= MAX_NODES || this.#bytes <= 0;
  }

  #members(parts: JsonView[], types: string[], depth: number): string[] {
    const choices = find(parts, 'anyOf') ?? find(parts, 'oneOf');
    // Properties beside choices count more: such choices mostly say which of the properties are required together.
    if (choices !== undefined && choices.items().length > 0 && find(parts, 'properties') === undefined) {
      if (depth >= MAX_DEPTH) return [];
      return [
        `"anyOf":[${choices
          .items()
          .map((choice) => this.node(choice, depth + 1))
          .join(',')}]`,
      ];
    }
    if (types.length <= 1) return this.#typed(types[0] ?? null, parts, depth);
    if (depth >= MAX_DEPTH) return [];
    const branches = types.map((type) => {
      if (this.#isFull()) return ANYTHING;
      this.#nodes++;
      return object(this.#typed(type, parts, depth + 1));
    });
    return [`"anyOf":[${branches.join(',')}]`];
  }

  /** A schema, what it refers to and what it is composed of: the first that has a keyword is the one that counts. */
  #parts(schema: JsonView): JsonView[] {
    const parts: JsonView[] = [];
    const queue = [schema];
    for (const part of queue) {
      if (parts.length >= MAX_PARTS || part.kind !== 'object' || parts.includes(part)) continue;
      parts.push(part);
      const target = this.#resolve(part.textOf('$ref'));
      if (target !== undefined) queue.push(target);
      for (const member of part.get('allOf')?.items() ?? []) if (queue.length < MAX_PARTS) queue.push(member);
    }
    return parts;
  }

  /** `#`, `#/$defs/Name` and the like (RFC 6901); undefined for what is not in this schema. */
  #resolve(ref: string | undefined): JsonView | undefined {
    if (ref === undefined || !ref.startsWith('#')) return undefined;
    const steps = ref.split('/', MAX_POINTER_STEPS);
    let target: JsonView | undefined = steps[0] === '#' ? this.#root : undefined;
    for (const step of steps.slice(1)) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      target = target?.kind === 'array' ? target.items()[Number(name)] : target?.get(name);
    }
    return target;
  }

  #texts(parts: JsonView[]): string[] {
    return ['title', 'description'].flatMap((name) => {
      const text = find(parts, name);
      return text?.kind === 'string' ? [`"${name}":${this.#copy(text)}`] : [];
    });
  }

  /** Keywords other than texts, for one type; null where the schema names none. */
  #typed(type: string | null, parts: JsonView[], depth: number): string[] {
    const members: string[] = [];
    if (type !== null) members.push(typeMember(type));
    const format = find(parts, 'format')?.text();
    if (format !== undefined && FORMATS[type ?? '']?.includes(format)) members.push(`"format":"${format}"`);
    const choices = this.#enum(type, parts);
    if (choices !== null) members.push(choices);
    if (type === 'number' || type === 'integer') members.push(...bounds(type, parts));
    if (type === 'array') members.push(...this.#array(parts, depth));
    if (type === 'object') members.push(...this.#object(parts, depth));
    return members;
  }

  #enum(type: string | null, parts: JsonView[]): string | null {
    const constant = find(parts, 'const');
    const values = find(parts, 'enum')?.items() ?? (constant === undefined ? [] : [constant]);
    const wanted = (value: JsonView) =>
      // An empty text among the choices is a 400.
      (value.kind === 'string' && value.size > 2 && (type === null || type === 'string')) ||
      (value.kind === 'number' && (type === null || type === 'number' || type === 'integer'));
    const kept = new Set<string>();
    for (const value of values) {
      if (this.#bytes <= 0) break;
      if (wanted(value)) kept.add(this.#copy(value));
    }
    return kept.size === 0 ? null : `"enum":[${[...kept].join(',')}]`;
  }

  #array(parts: JsonView[], depth: number): string[] {
    const members: string[] = [];
    const items = find(parts, 'items');
    const tuple = items?.kind === 'array' ? items : find(parts, 'prefixItems');
    if (depth < MAX_DEPTH) {
      if (items?.kind === 'object') members.push(`"items":${this.node(items, depth + 1)}`);
      if (tuple !== undefined && tuple.items().length > 0) {
        members.push(
          `"prefixItems":[${tuple
            .items()
            .map((item) => this.node(item, depth + 1))
            .join(',')}]`,
        );
      }
    }
    for (const name of COUNTS) {
      const count = find(parts, name);
      if (isCount(count)) members.push(`"${name}":${count.raw()}`);
    }
    return members;
  }

  /** @param optional more parts, whose properties are never required */
  #object(parts: JsonView[], depth: number, optional: JsonView[] = []): string[] {
    if (depth >= MAX_DEPTH) return [];
    const members: string[] = [];
    const properties = new Map<string, string>();
    for (const part of [...parts, ...optional]) {
      for (const [name, property] of part.get('properties')?.members() ?? []) {
        if (properties.has(name) || property.raw() === 'false') continue;
        if (this.#isFull()) break;
        this.#bytes -= name.length;
        properties.set(name, this.node(property, depth + 1));
      }
    }
    if (properties.size > 0) {
      const written = [...properties].map(([name, property]) => `${JSON.stringify(name)}:${property}`);
      members.push(`"properties":{${written.join(',')}}`);
      // A required property that is not described is a 400.
      const required = new Set(
        parts.flatMap(
          (part) =>
            part
              .get('required')
              ?.items()
              .map((item) => item.text()) ?? [],
        ),
      );
      const known = [...properties.keys()].filter((name) => required.has(name));
      if (known.length > 0) members.push(`"required":${JSON.stringify(known)}`);
    }
    const others = find(parts, 'additionalProperties') ?? onlyPattern(parts);
    if (others?.kind === 'boolean') members.push(`"additionalProperties":${others.raw()}`);
    else if (others?.kind === 'object') members.push(`"additionalProperties":${this.node(others, depth + 1)}`);
    return members;
  }

  #copy(value: JsonView): string {
    this.#bytes -= value.size;
    return value.raw();
  }
}

function object(members: string[]): string {
  return `{${members.join(',')}}`;
}

function typeMember(type: string): string {
  return `"type":"${type}"`;
}
