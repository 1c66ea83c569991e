import { readJson } from './document-json';
import type { Path } from './problem';

/** As a member of a plain object it would be the object's prototype. */
const UNUSABLE_KEY = '__proto__';

/** Line and column in the text, both from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A value as it stands in the text, the same for JSON and YAML. */
export type SourceNode = Position &
  (
    | { kind: 'object'; members: SourceMember[] }
    | { kind: 'list'; items: SourceNode[] }
    | { kind: 'scalar'; value: string | number | boolean | null }
  );

/** A member of an object; its position is that of its key. */
export interface SourceMember extends Position {
  key: string;
  node: SourceNode;
}

/** A mistake in the text itself. The message never quotes the text, which may be a secret. */
export interface SyntaxProblem extends Position {
  path: Path;
  message: string;
}

export type SourceTree = { ok: true; root: SourceNode } | { ok: false; problem: SyntaxProblem };

export type ParsedDocument =
  | {
      ok: true;
      /** Plain objects, lists, texts, numbers, booleans and nulls. */
      value: unknown;
      /** The position of a key or list item; of the nearest one around it where the path does not exist. */
      locate(path: Path): Position;
      /** Keys that are given twice (the last one is in `value`) or cannot be keys (left out). */
      problems: SyntaxProblem[];
    }
  | { ok: false; problems: SyntaxProblem[] };

/**
 * Reads a configuration's text.
 *
 * @param text the file's content, with or without a byte order mark
 * @param format `json` allows comments and trailing commas; `yaml` is YAML 1.2, one document
 */
export function parseDocument(text: string, format: 'json' | 'yaml'): ParsedDocument {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (content.trim() === '') {
    const message = 'the file is empty; write {} for a configuration of defaults';
    return { ok: false, problems: [{ line: 1, column: 1, path: [], message }] };
  }
  const tree = format === 'json' ? readJson(content) : readYaml(content);
  if (!tree.ok) return { ok: false, problems: [tree.problem] };
  const { root } = tree;
  return { ok: true, value: plainValue(root), locate: (path) => locate(root, path), problems: keyProblems(root, []) };
}

/** The parser is loaded with the first YAML file: it has 72 files, which no start from JSON should wait for. */
function readYaml(text: string): SourceTree {
  const yaml = require('./document-yaml') as typeof import('./document-yaml');
  return yaml.readYaml(text);
}

function keyProblems(node: SourceNode, path: Path): SyntaxProblem[] {
  if (node.kind === 'scalar') return [];
  if (node.kind === 'list') return node.items.flatMap((item, index) => keyProblems(item, [...path, index]));
  const firstLine = new Map<string, number>();
  return node.members.flatMap((member) => {
    const here = [...path, member.key];
    const at = { line: member.line, column: member.column, path: here };
    const found: SyntaxProblem[] = [];
    const first = firstLine.get(member.key);
    if (first !== undefined) found.push({ ...at, message: `given twice, first on line ${first}; keep one` });
    else firstLine.set(member.key, member.line);
    if (member.key === UNUSABLE_KEY) found.push({ ...at, message: 'cannot be used as a key' });
    return [...found, ...keyProblems(member.node, here)];
  });
}

function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  const members = node.members.filter((member) => member.key !== UNUSABLE_KEY);
  return Object.fromEntries(members.map((member) => [member.key, plainValue(member.node)]));
}

function locate(root: SourceNode, path: Path): Position {
  let node = root;
  let position: Position = root;
  for (const part of path) {
    if (node.kind === 'object') {
      const member = node.members.find((candidate) => candidate.key === part);
      if (member === undefined) break;
      position = member;
      node = member.node;
    } else if (node.kind === 'list' && typeof part === 'number') {
      const item = node.items[part];
      if (item === undefined) break;
      position = item;
      node = item;
    } else break;
  }
  return { line: position.line, column: position.column };
}
