/** What a message is made of on its way to a provider: texts and media, which stay bytes of the client's request. */
import type { JsonPieces } from '../../json/pieces';
import type { JsonView } from '../../json/view';

/** A string of the request, or an escaped text of our own. */
export type Text = JsonView | string;

export type Part =
  /** Texts that follow each other without anything between. */
  | { kind: 'text'; texts: readonly Text[] }
  /** A content part as JSON: what stands before the string of the request, that string's inside, what stands behind. */
  | { kind: 'media'; before: string; data: JsonView; after: string };

/** A blank line, escaped. */
const BETWEEN = '\\n\\n';

export function textPart(...texts: Text[]): Part {
  return { kind: 'text', texts };
}

export function isEmptyText(part: Part): boolean {
  return part.kind === 'text' && part.texts.every((text) => (typeof text === 'string' ? text === '' : text.size === 2));
}

/** A message's content: a string where there are only texts, since not every service takes an array then. */
export function writeContent(pieces: JsonPieces, parts: readonly Part[]): void {
  if (parts.every(({ kind }) => kind === 'text')) {
    pieces.add('"');
    parts.forEach((part, i) => {
      if (i > 0) pieces.add(BETWEEN);
      if (part.kind === 'text') writeTexts(pieces, part.texts);
    });
    pieces.add('"');
    return;
  }
  parts.forEach((part, i) => {
    pieces.add(i === 0 ? '[' : ',');
    if (part.kind === 'media') pieces.add(part.before).inner(part.data).add(part.after);
    else {
      pieces.add('{"type":"text","text":"');
      writeTexts(pieces, part.texts);
      pieces.add('"}');
    }
  });
  pieces.add(']');
}

function writeTexts(pieces: JsonPieces, texts: readonly Text[]): void {
  for (const text of texts) {
    if (typeof text === 'string') pieces.add(text);
    else pieces.inner(text);
  }
}
