/** Content blocks of the Messages API as parts of a Chat Completions message. */
import { BadDocument, type JsonView } from '../../json/view';
import { escapeText } from '../answer';
import { type Part, textPart } from './parts';
import { optional, required, requiredText, type Translation } from './translation';

/** Text and media of a string or an array of blocks; `path` is where it stands, for messages. */
export function readContent(content: JsonView, path: string, translation: Translation): Part[] {
  if (content.kind === 'string') return [textPart(content)];
  if (content.kind !== 'array') throw new BadDocument(`${path}: Input should be a valid string or array`);
  return content.items().flatMap((block, i) => readBlock(block, `${path}.${i}`, translation));
}

/** The block's `type`. @throws BadDocument where it has none */
export function blockType(block: JsonView, path: string): string {
  if (block.kind !== 'object') throw new BadDocument(`${path}: Input should be a valid object`);
  return requiredText(block, 'type', `${path}.type`);
}

/** A block that is neither a call nor a result nor thinking. One of a kind that nobody knows is left out. */
export function readBlock(block: JsonView, path: string, translation: Translation): Part[] {
  const type = blockType(block, path);
  switch (type) {
    case 'text':
      return [textPart(required(block, 'text', 'string', `${path}.text`))];
    case 'image':
      return readImage(block, path, translation);
    case 'document':
      return readDocument(block, path, translation);
    case 'tool_reference':
      return [textPart('The tool ', required(block, 'tool_name', 'string', `${path}.tool_name`), ' is available now.')];
    case 'search_result':
      return readSearchResult(block, path);
    default:
      translation.leftOut(`content block ${JSON.stringify(type)}`);
      return [];
  }
}

function readImage(block: JsonView, path: string, translation: Translation): Part[] {
  if (!translation.quirks.images) {
    translation.leftOut('content block "image"');
    return [textPart('(An image stood here, which this model cannot see.)')];
  }
  const source = required(block, 'source', 'object', `${path}.source`);
  const before = '{"type":"image_url","image_url":{"url":"';
  const type = requiredText(source, 'type', `${path}.source.type`);
  if (type === 'url') return [media(before, required(source, 'url', 'string', `${path}.source.url`), '"}}')];
  if (type !== 'base64') throw unknownSource(type, path, translation);
  const mediaType = escapeText(requiredText(source, 'media_type', `${path}.source.media_type`));
  const data = required(source, 'data', 'string', `${path}.source.data`);
  return [media(`${before}data:${mediaType};base64,`, data, '"}}')];
}

function readDocument(block: JsonView, path: string, translation: Translation): Part[] {
  const source = required(block, 'source', 'object', `${path}.source`);
  const type = requiredText(source, 'type', `${path}.source.type`);
  const title = optional(block, 'title', 'string', `${path}.title`);
  const context = optional(block, 'context', 'string', `${path}.context`);
  const heading = [title, context].filter((text) => text !== undefined).map((text) => textPart(text));
  if (type === 'text') return [...heading, textPart(required(source, 'data', 'string', `${path}.source.data`))];
  if (type === 'content') {
    const content = source.get('content');
    if (content === undefined) throw new BadDocument(`${path}.source.content: Field required`);
    return [...heading, ...readTextsAndImages(content, `${path}.source.content`, translation)];
  }
  if (type !== 'base64' && type !== 'url') throw unknownSource(type, path, translation);
  const { pdf, pdfByUrl } = translation.quirks;
  if (pdf === null || (type === 'url' && !pdfByUrl)) {
    const what = type === 'url' && pdf !== null ? 'documents by URL' : 'PDF documents';
    throw new BadDocument(`${path}: provider ${translation.provider} takes no ${what}`);
  }
  const name = type === 'url' ? 'url' : 'data';
  const data = required(source, name, 'string', `${path}.source.${name}`);
  const start = type === 'url' ? '' : 'data:application/pdf;base64,';
  if (pdf === 'document_url') return [...heading, media(`{"type":"document_url","document_url":"${start}`, data, '"}')];
  const about = context === undefined ? [] : [textPart(context)];
  const filename = title === undefined || title.size === 2 ? 'document.pdf' : title.inner();
  return [...about, media(`{"type":"file","file":{"filename":"${filename}","file_data":"${start}`, data, '"}}')];
}

/** What a document may consist of. Anything else in it is left out, so that documents do not nest. */
function readTextsAndImages(content: JsonView, path: string, translation: Translation): Part[] {
  if (content.kind === 'string') return [textPart(content)];
  return content.items().flatMap((block, i) => {
    const type = blockType(block, `${path}.${i}`);
    return type === 'text' || type === 'image' ? readBlock(block, `${path}.${i}`, translation) : [];
  });
}

function readSearchResult(block: JsonView, path: string): Part[] {
  const parts = ['title', 'source']
    .map((name) => optional(block, name, 'string', `${path}.${name}`))
    .filter((text) => text !== undefined)
    .map((text) => textPart(text));
  for (const [i, item] of (block.get('content')?.items() ?? []).entries()) {
    const text = optional(item, 'text', 'string', `${path}.content.${i}.text`);
    if (text !== undefined) parts.push(textPart(text));
  }
  return parts;
}

function media(before: string, data: JsonView, after: string): Part {
  return { kind: 'media', before, data, after };
}

function unknownSource(type: string, path: string, { provider }: Translation): BadDocument {
  return new BadDocument(`${path}.source.type: ${JSON.stringify(type)} is not available with provider ${provider}`);
}
