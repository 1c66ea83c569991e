/** Blocks of a message that are neither calls nor their results: images, documents, search results. */
import { BadDocument, type JsonView } from '../../json/view';
import type { PartWriter } from './contents';

/** Types of images and documents by the end of their address; for others Gemini looks itself. */
const TYPE_BY_END: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
};

/** What such a block is made of. */
export type Piece =
  /** @property before escaped, in front of the string */
  | { kind: 'text'; before: string; text: JsonView }
  /** @property inline its bytes are in the request, which does not name an address */
  | { kind: 'media'; inline: boolean; write: PartWriter };

/**
 * An image or document.
 *
 * @param at path of the block, for the client
 * @throws BadDocument for a source that is broken, or that only Anthropic can read
 */
export function mediaPieces(block: JsonView, type: 'image' | 'document', at: string): Piece[] {
  const source = block.get('source');
  const about = [...words(block.get('title'), 'Document: '), ...words(block.get('context'))];
  switch (source?.textOf('type')) {
    case 'base64':
      return [...about, inlineData(source, `${at}.source`)];
    case 'url':
      return [...about, fileData(source, type, `${at}.source`)];
    case 'text':
      return [...about, ...words(required(source, 'data', `${at}.source`))];
    case 'content':
      return [...about, ...contentPieces(source.get('content'), `${at}.source.content`)];
    case 'file':
      throw new BadDocument(`${at}.source.type: files of Anthropic's Files API cannot be read by this provider`);
    default:
      throw new BadDocument(`${at}.source.type: Input should be 'base64', 'url' or 'text'`);
  }
}

/** A search result's title, source and texts. */
export function searchPieces(block: JsonView): Piece[] {
  const inner = block.get('content')?.items() ?? [];
  return [block.get('title'), block.get('source'), ...inner.map((item) => item.get('text'))].flatMap((text) =>
    words(text),
  );
}

export function pieceWriter(piece: Piece): PartWriter {
  if (piece.kind === 'media') return piece.write;
  return (out) => out.add(`{"text":"${piece.before}`).inner(piece.text).add('"}');
}

/** Gemini takes no empty texts. */
function words(text: JsonView | undefined, before = ''): Piece[] {
  return text?.kind === 'string' && text.size > 2 ? [{ kind: 'text', before, text }] : [];
}

/** Of a document of texts and images. */
function contentPieces(content: JsonView | undefined, at: string): Piece[] {
  if (content?.kind === 'string') return words(content);
  return (content?.items() ?? []).flatMap((block, index) => {
    const source = block.get('source');
    if (source?.textOf('type') === 'base64') return [inlineData(source, `${at}.${index}.source`)];
    if (source?.textOf('type') === 'url') return [fileData(source, 'image', `${at}.${index}.source`)];
    return words(block.get('text'));
  });
}

function inlineData(source: JsonView, at: string): Piece {
  const type = required(source, 'media_type', at);
  const data = required(source, 'data', at);
  const write: PartWriter = (out) =>
    out.add('{"inlineData":{"mimeType":').raw(type).add(',"data":').raw(data).add('}}');
  return { kind: 'media', inline: true, write };
}

/** Gemini fetches public addresses itself (https://ai.google.dev/gemini-api/docs/file-input-methods). */
function fileData(source: JsonView, type: 'image' | 'document', at: string): Piece {
  const url = required(source, 'url', at);
  const end = /\.([a-z]{3,4})(?:[?#]|$)/i.exec(url.inner())?.[1]?.toLowerCase() ?? '';
  const mimeType = TYPE_BY_END[end] ?? (type === 'document' ? 'application/pdf' : null);
  const known = mimeType === null ? '' : `,"mimeType":"${mimeType}"`;
  const write: PartWriter = (out) => out.add('{"fileData":{"fileUri":').raw(url).add(`${known}}}`);
  return { kind: 'media', inline: false, write };
}

function required(source: JsonView, name: string, at: string): JsonView {
  const value = source.get(name);
  if (value?.kind !== 'string') throw new BadDocument(`${at}.${name}: Input should be a valid string`);
  return value;
}
