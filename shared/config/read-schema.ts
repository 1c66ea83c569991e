import { type Path, suggestion } from './problem';
import type { Report } from './report';
import { fileSchema, knownKeys, type RawFile } from './schema';

type Issue = NonNullable<ReturnType<typeof fileSchema.safeParse>['error']>['issues'][number];

/**
 * Checks the file's value against the schema and reports every mistake. What is mistaken is left out of the answer,
 * so that the rest can be checked further and everything is told in one go.
 */
export function readSchema(value: unknown, report: Report): RawFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report.problem([], 'expected an object with the configuration, such as {"port": 3456}');
    return {};
  }
  const rest: unknown = structuredClone(value);
  const parsed = fileSchema.safeParse(rest);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(issue.path.map(pathPart)) ?? [];
      for (const key of issue.keys) {
        const path = [...issue.path.map(pathPart), key];
        report.problem(path, `unknown key${suggestion(key, known)}`);
        if (path.length === 1) report.unknownKeys.push(key);
        leaveOut(rest, path);
      }
    } else {
      const path = issue.path.map(pathPart);
      report.problem(path, words(issue, path, value, report));
      leaveOut(rest, path);
    }
  }
  const again = fileSchema.safeParse(rest);
  // Everything mistaken is out; should something be left, there is nothing more to say than what is reported already.
  return again.success ? again.data : {};
}

function words(issue: Issue, path: Path, root: unknown, report: Report): string {
  if (issue.code === 'custom') {
    const isSecret = issue.params?.['secret'] === true;
    return isSecret ? issue.message : `${issue.message}, got ${report.show(path, valueAt(root, path))}`;
  }
  const got = `got ${report.show(path, valueAt(root, path))}`;
  if (issue.code !== 'invalid_type') return `${issue.message}, ${got}`;
  if (path.length === 2 && path[0] === 'routes')
    return `expected "provider,model" or {"provider": …, "model": …}, ${got}`;
  if (path.length === 4 && path[2] === 'models')
    return `expected a model's name or {"name": …, "max_output_tokens": …}, ${got}`;
  return `expected ${issue.expected === 'array' ? 'a list' : 'an object'}, ${got}`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, part) => {
    return typeof node === 'object' && node !== null ? Reflect.get(node, part) : undefined;
  }, root);
}

/** Takes one value out. A list keeps its indices: a provider becomes an empty one, another list goes as a whole. */
function leaveOut(root: unknown, path: Path): void {
  const last = path.at(-1);
  const parent = valueAt(root, path.slice(0, -1));
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  if (!Array.isArray(parent)) Reflect.deleteProperty(parent, last);
  else if (path[0] === 'providers' && path.length === 2) Reflect.set(parent, last, {});
  else leaveOut(root, path.slice(0, -1));
}

/** A path of JSON data holds names and indices only. */
function pathPart(part: PropertyKey): string | number {
  return typeof part === 'symbol' ? String(part) : part;
}
