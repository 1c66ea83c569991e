import { type Document, type ErrorCode, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Position, SourceMember, SourceNode, SourceTree } from './document';
import { positions } from './document-json';

/** Values in one document, aliases expanded: far above any configuration, far below what an alias bomb needs. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/** What the `yaml` package's codes mean; its own messages quote the text, which may be a secret. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'this alias has no anchor',
  BAD_INDENT: 'the indentation is wrong',
  BAD_SCALAR_START: 'text that begins with this character needs quotes',
  BAD_DQ_ESCAPE: 'not a valid escape in a double-quoted text',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation is wrong, or a text with a colon needs quotes',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; the colon after it may be missing',
  MULTIPLE_DOCS: 'only one document is expected; remove the line ---',
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'this tag is not known; remove it',
  UNEXPECTED_TOKEN: 'this is not expected here',
};

class Unreadable extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** YAML 1.2, one document, anchors and aliases included. */
export function readYaml(text: string): SourceTree {
  const at = positions(text);
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, version: '1.2' });
  const first = document.errors[0] ?? document.warnings[0];
  if (first !== undefined) {
    const message = WORDS[first.code] ?? 'not valid YAML';
    return { ok: false, problem: { ...at(first.pos[0]), path: [], message } };
  }
  try {
    return { ok: true, root: new Reader(document, at).read(document.contents, 0, 0) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { ok: false, problem: { ...at(error.offset), path: [], message: error.message } };
  }
}

class Reader {
  private nodes = 0;

  constructor(
    private readonly document: Document,
    private readonly at: (offset: number) => Position,
  ) {}

  read(node: unknown, offset: number, depth: number): SourceNode {
    const start = startOf(node) ?? offset;
    if (++this.nodes > MAX_NODES || depth > MAX_DEPTH) throw new Unreadable('too deep or too many aliases', start);
    const position = this.at(start);
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target === undefined) throw new Unreadable(WORDS['BAD_ALIAS'] ?? '', start);
      return { ...this.read(target, start, depth + 1), ...position };
    }
    if (isSeq(node)) {
      return { ...position, kind: 'list', items: node.items.map((item) => this.read(item, start, depth + 1)) };
    }
    if (isMap(node)) {
      const members = node.items.map((pair) => this.member(pair.key, pair.value, start, depth));
      return { ...position, kind: 'object', members };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (value === null || value === undefined) return { ...position, kind: 'scalar', value: null };
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { ...position, kind: 'scalar', value };
    }
    throw new Unreadable('only text, numbers, true, false and null are expected as values', start);
  }

  private member(key: unknown, value: unknown, offset: number, depth: number): SourceMember {
    const start = startOf(key) ?? offset;
    if (!isScalar(key)) throw new Unreadable('a key must be plain text', start);
    return { ...this.at(start), key: String(key.value), node: this.read(value, start, depth + 1) };
  }
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
