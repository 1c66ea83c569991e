/** A `tool_result` as what goes into a `functionResponse`, and what goes beside it. */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { mediaPieces, type Piece, pieceWriter, searchPieces } from './blocks';
import type { PartWriter } from './contents';
import { takesImagesInResponses } from './models';

export interface ToolResult {
  /** Writes the members of `response`. */
  response(out: JsonPieces): void;
  /** For `functionResponse.parts`. */
  inner: PartWriter[];
  /** Parts of the content, behind all its responses. */
  after: PartWriter[];
  loadedTools: string[];
}

/**
 * Texts become the response's `output`, or `error` (the two names that Gemini reads). Images and PDFs go into the
 * response where the model takes them there, and behind it otherwise.
 *
 * @param at path of the block, for the client
 * @throws BadDocument
 */
export function readToolResult(block: JsonView, at: string, model: string): ToolResult {
  const content = block.get('content');
  const member = block.get('is_error')?.raw() === 'true' ? 'error' : 'output';
  const lines: PartWriter[] = [];
  const inner: PartWriter[] = [];
  const after: PartWriter[] = [];
  const loadedTools: string[] = [];

  const take = (piece: Piece) => {
    if (piece.kind === 'text') lines.push((out) => out.add(piece.before).inner(piece.text));
    else (piece.inline && takesImagesInResponses(model) ? inner : after).push(pieceWriter(piece));
  };

  if (content?.kind === 'string') lines.push((out) => out.inner(content));
  else if (content !== undefined && content.kind !== 'array') {
    throw new BadDocument(`${at}.content: Input should be a valid string or an array of blocks`);
  }
  for (const [index, item] of (content?.items() ?? []).entries()) {
    const path = `${at}.content.${index}`;
    const type = item.textOf('type');
    const text = item.get('text');
    if (type === undefined) throw new BadDocument(`${path}.type: Field required`);
    if (type === 'image' || type === 'document') for (const piece of mediaPieces(item, type, path)) take(piece);
    else if (type === 'search_result') for (const piece of searchPieces(item)) take(piece);
    else if (type === 'tool_reference') {
      const name = item.get('tool_name');
      if (name?.kind !== 'string') throw new BadDocument(`${path}.tool_name: Field required`);
      loadedTools.push(name.text() ?? '');
      lines.push((out) => out.add('Tool loaded: ').inner(name));
    } else if (text?.kind === 'string') lines.push((out) => out.inner(text));
  }
  return {
    response: (out) => {
      out.add(`"${member}":"`);
      for (const [index, line] of lines.entries()) {
        if (index > 0) out.add('\\n');
        line(out);
      }
      out.add('"');
    },
    inner,
    after,
    loadedTools,
  };
}
