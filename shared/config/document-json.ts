import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Position, SourceNode, SourceTree } from './document';

/** What jsonc-parser's codes mean to somebody who edits a file. */
const WORDS: Record<string, string> = {
  InvalidSymbol: 'not valid JSON here; text needs double quotes',
  InvalidNumberFormat: 'not a valid number',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected after the key',
  CommaExpected: 'a comma is missing before this',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'nothing may follow the end of the configuration',
  InvalidCommentToken: 'not a valid comment',
  UnexpectedEndOfComment: 'this comment has no end',
  UnexpectedEndOfString: 'this text has no closing double quote',
  UnexpectedEndOfNumber: 'this number is not complete',
  InvalidUnicode: 'not a valid \\u escape',
  InvalidEscapeCharacter: 'not a valid escape; write \\\\ for a backslash',
  InvalidCharacter: 'a character that JSON does not allow, such as a line break inside a text',
};

/** JSON with comments and trailing commas. Only the first syntax error is told: the ones after it mostly follow from it. */
export function readJson(text: string): SourceTree {
  const at = positions(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const first = errors.sort((a, b) => a.offset - b.offset)[0];
  if (first !== undefined || root === undefined) {
    const words = (first && WORDS[printParseErrorCode(first.error)]) ?? 'not valid JSON';
    return { ok: false, problem: { ...at(first?.offset ?? 0), path: [], message: words } };
  }
  return { ok: true, root: sourceNode(root, at) };
}

function sourceNode(node: Node, at: (offset: number) => Position): SourceNode {
  const position = at(node.offset);
  const children = node.children ?? [];
  if (node.type === 'array')
    return { ...position, kind: 'list', items: children.map((child) => sourceNode(child, at)) };
  if (node.type !== 'object') return { ...position, kind: 'scalar', value: node.value ?? null };
  const members = children.flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    return [{ ...at(key.offset), key: String(key.value), node: sourceNode(value, at) }];
  });
  return { ...position, kind: 'object', members };
}

/** From an offset to its line and column, by bisection over the starts of the lines. */
export function positions(text: string): (offset: number) => Position {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
