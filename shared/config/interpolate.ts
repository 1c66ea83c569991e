import type { Path } from './problem';

/** A text that asks for something that the environment does not have. */
export interface Unresolved {
  path: Path;
  /** The names asked for; those that are no names are left out. */
  names: string[];
  /**
   * Every name stands in braces or is all of the text. Where not, `$` may be a plain dollar sign and the name a part
   * of the text, which may be a secret.
   */
  isExplicit: boolean;
}

export interface Interpolated {
  /** A copy with every reference replaced; a text with an unresolved one stays as it is. */
  value: unknown;
  /** Texts that came from the environment: their values must not be shown. */
  fromEnvironment: { path: Path; names: string[] }[];
  unresolved: Unresolved[];
}

const REFERENCE = /\$(?:(\$)|\{([^}]*)\}?|([A-Za-z_][A-Za-z0-9_]*))/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${NAME}` and `$NAME` in every text inside `value` (not in keys) by the environment's value, once: what
 * comes in is not looked at again. `$$` stands for a dollar sign; a `$` that no name follows stays.
 */
export function interpolate(value: unknown, env: NodeJS.ProcessEnv): Interpolated {
  const result: Interpolated = { value: undefined, fromEnvironment: [], unresolved: [] };
  const walk = (node: unknown, path: Path): unknown => {
    if (typeof node === 'string') return replaced(node, path, env, result);
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, index]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, walk(member, [...path, key])]));
  };
  result.value = walk(value, []);
  return result;
}

function replaced(text: string, path: Path, env: NodeJS.ProcessEnv, result: Interpolated): string {
  const names: string[] = [];
  const missing: Unresolved = { path, names: [], isExplicit: true };
  let failed = false;
  const output = text.replace(REFERENCE, (reference, dollar?: string, braced?: string, bare?: string) => {
    if (dollar !== undefined) return '$';
    const name = braced ?? bare ?? '';
    const isName = NAME.test(name) && (braced === undefined || reference.endsWith('}'));
    const found = isName && Object.hasOwn(env, name) ? env[name] : undefined;
    if (found === undefined) {
      failed = true;
      if (isName) missing.names.push(name);
      missing.isExplicit &&= isName && (braced !== undefined || reference === text);
      return reference;
    }
    names.push(name);
    return found;
  });
  if (names.length > 0) result.fromEnvironment.push({ path, names });
  if (failed) result.unresolved.push(missing);
  return failed ? text : output;
}
