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

/**
 * An image or document as parts.
 *
 * @param at path of the block, for the client
 * @throws BadDocument for a source that is broken, or that only Anthropic can read
 */
export function mediaPart(block: JsonView, type: 'image' | 'document', at: string): PartWriter[] {
  const source = block.get('source');
  const title = block.get('title');
  const parts: PartWriter[] = [];
  if (title?.kind === 'string') parts.push((out) => out.add('{"text":"Document: ').inner(title).add('"}'));
  switch (source?.textOf('type')) {
    case 'base64':
      parts.push(inlineData(source, `${at}.source`));
      break;
    case 'url':
      parts.push(fileData(source, type, `${at}.source`));
      break;
    case 'text': {
      const data = required(source, 'data', `${at}.source`);
      parts.push((out) => out.add('{"text":').raw(data).add('}'));
      break;
    }
    case 'content':
      parts.push(...contentParts(source.get('content'), `${at}.source.content`));
      break;
    case 'file':
      throw new BadDocument(`${at}.source.type: files of Anthropic's Files API cannot be read by this provider`);
    default:
      throw new BadDocument(`${at}.source.type: Input should be 'base64', 'url' or 'text'`);
  }
  return parts;
}

/** A search result's source, title and texts. */
export function textParts(block: JsonView): PartWriter[] {
  const inner =
    block
      .get('content')
      ?.items()
      .map((item) => item.get('text')) ?? [];
  return [block.get('title'), block.get('source'), ...inner].flatMap((text) =>
    text?.kind === 'string' && text.size > 2 ? [(out) => out.add('{"text":').raw(text).add('}')] : [],
  );
}

/** A document of texts and images. */
function contentParts(content: JsonView | undefined, at: string): PartWriter[] {
  if (content?.kind === 'string') return [(out) => out.add('{"text":').raw(content).add('}')];
  return (content?.items() ?? []).flatMap((block, index) => {
    const source = block.get('source');
    if (source?.textOf('type') === 'base64') return [inlineData(source, `${at}.${index}.source`)];
    if (source?.textOf('type') === 'url') return [fileData(source, 'image', `${at}.${index}.source`)];
    const text = block.get('text');
    return text?.kind === 'string' && text.size > 2 ? [(out) => out.add('{"text":').raw(text).add('}')] : [];
  });
}

function inlineData(source: JsonView, at: string): PartWriter {
  const type = required(source, 'media_type', at);
  const data = required(source, 'data', at);
  return (out) => out.add('{"inlineData":{"mimeType":').raw(type).add(',"data":').raw(data).add('}}');
}

/** Gemini fetches public addresses itself (https://ai.google.dev/gemini-api/docs/file-input-methods). */
function fileData(source: JsonView, type: 'image' | 'document', at: string): PartWriter {
  const url = required(source, 'url', at);
  const end = /\.([a-z]{3,4})(?:[?#]|$)/i.exec(url.inner())?.[1]?.toLowerCase() ?? '';
  const mimeType = TYPE_BY_END[end] ?? (type === 'document' ? 'application/pdf' : null);
  const known = mimeType === null ? '' : `,"mimeType":"${mimeType}"`;
  return (out) => out.add('{"fileData":{"fileUri":').raw(url).add(`${known}}}`);
}

function required(source: JsonView, name: string, at: string): JsonView {
  const value = source.get(name);
  if (value?.kind !== 'string') throw new BadDocument(`${at}.${name}: Input should be a valid string`);
  return value;
}
