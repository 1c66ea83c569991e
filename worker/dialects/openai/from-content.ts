/** Content parts of a Chat Completions message → content blocks of a Messages request. */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, JsonView, viewOf } from '../../json/view';

/** Writes one JSON value. */
export type Write = (out: JsonPieces) => void;

const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);
const PDF = 'application/pdf';
/** How every PDF begins, in Base64: some clients leave the `data:` out. */
const PDF_START = 'JVBERi';
/** A data URL's part before its comma is longer in no honest request. */
const MAX_DATA_URL_HEAD = 256;
/** A thought without what proves it to its provider is refused, so it is left out. */
const THOUGHTS = new Set(['thinking', 'redacted_thinking', 'reasoning']);

/** @param path of the content, for messages: `messages.3.content` */
export function contentBlocks(content: JsonView | undefined, path: string): Write[] {
  if (content === undefined) return [];
  if (content.kind === 'string') return isBlank(content) ? [] : [textBlock(content)];
  if (content.kind !== 'array') throw new BadDocument(`${path}: Input should be a string or an array of parts`);
  return content.items().flatMap((part, i) => partBlocks(part, `${path}.${i}`));
}

/** Content that may only be text: of system messages. */
export function textBlocks(content: JsonView | undefined, path: string): Write[] {
  for (const [i, part] of (content?.items() ?? []).entries()) {
    if (part.textOf('type') !== 'text') throw new BadDocument(`${path}.${i}.type: Input should be 'text'`);
  }
  return contentBlocks(content, path);
}

/** @param text a view of a string */
export function textBlock(text: JsonView): Write {
  return (out) => out.add('{"type":"text","text":').raw(text).add('}');
}

/** Nothing but space: such a text block is refused by Anthropic. */
export function isBlank(text: JsonView): boolean {
  const { body, start, end } = text;
  // A short one is decoded; of a long one the bytes are looked at, up to the first that is neither space nor an escape of it.
  if (text.size <= 64) return text.text()?.trim() === '';
  for (let i = start + 1; i < end - 1; i++) {
    if (body[i] === 0x20) continue;
    if (body[i] !== 0x5c || !'nrt'.includes(String.fromCharCode(body[i + 1] ?? 0))) return false;
    i++;
  }
  return true;
}

/** A member that must be a string. */
export function requiredText(object: JsonView | undefined, name: string, path: string): JsonView {
  const member = object?.get(name);
  if (member === undefined) throw new BadDocument(`${path}.${name}: Field required`);
  if (member.kind !== 'string') throw new BadDocument(`${path}.${name}: Input should be a valid string`);
  return member;
}

/** What a client wrote, for a message to it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

function partBlocks(part: JsonView, path: string): Write[] {
  if (part.kind !== 'object') throw new BadDocument(`${path}: Input should be an object`);
  const type = requiredText(part, 'type', path).text() ?? '';
  if (THOUGHTS.has(type)) return [];
  switch (type) {
    case 'text':
    case 'refusal': {
      const text = requiredText(part, type, path);
      return isBlank(text) ? [] : [textBlock(text)];
    }
    case 'image_url': {
      const image = part.get('image_url');
      if (image?.kind === 'string') return [imageBlock(image, `${path}.image_url`)];
      return [imageBlock(requiredText(image, 'url', `${path}.image_url`), `${path}.image_url.url`)];
    }
    case 'file':
      return [fileBlock(part.get('file'), `${path}.file`)];
    case 'input_audio':
      throw new BadDocument(`${path}.type: audio input is not supported by the provider`);
    default:
      throw new BadDocument(`${path}.type: content parts of type ${quoted(type)} are not supported`);
  }
}

function imageBlock(written: JsonView, path: string): Write {
  const url = plain(written);
  const data = readDataUrl(url, path);
  if (data === null) {
    if (!/^https?:(?:\/|\\\/){2}/i.test(startOf(url))) {
      throw new BadDocument(`${path}: Input should be an http(s) URL or a Base64 data URL`);
    }
    return (out) => out.add('{"type":"image","source":{"type":"url","url":').raw(url).add('}}');
  }
  if (data.mediaType === PDF) return documentBlock(data.base64, undefined);
  const mediaType = data.mediaType === 'image/jpg' ? 'image/jpeg' : data.mediaType;
  if (!IMAGE_TYPES.has(mediaType)) {
    throw new BadDocument(
      `${path}: images of type ${quoted(mediaType)} are not supported; send JPEG, PNG, GIF or WebP`,
    );
  }
  return (out) =>
    out
      .add(`{"type":"image","source":{"type":"base64","media_type":"${mediaType}","data":"`)
      .inner(data.base64)
      .add('"}}');
}

function fileBlock(file: JsonView | undefined, path: string): Write {
  if (file?.get('file_data') === undefined && file?.get('file_id') !== undefined) {
    throw new BadDocument(`${path}.file_id: uploaded files are not known to the provider; send file_data`);
  }
  const content = plain(requiredText(file, 'file_data', path));
  const title = file?.get('filename');
  const data = readDataUrl(content, `${path}.file_data`);
  if (data === null && startOf(content).startsWith(PDF_START)) return documentBlock(content, title);
  if (data?.mediaType !== PDF) throw new BadDocument(`${path}.file_data: Input should be a data URL with a PDF`);
  return documentBlock(data.base64, title);
}

function documentBlock(base64: JsonView, title: JsonView | undefined): Write {
  return (out) => {
    out.add(`{"type":"document","source":{"type":"base64","media_type":"${PDF}","data":"`).inner(base64).add('"}');
    if (title?.kind === 'string' && !isBlank(title)) out.add(',"title":').raw(title);
    out.add('}');
  };
}

interface DataUrl {
  mediaType: string;
  /** A view whose `inner` are the data: they may be megabytes, and are not decoded. */
  base64: JsonView;
}

/** Null for another URL. @param url see `plain` */
function readDataUrl(url: JsonView, path: string): DataUrl | null {
  const start = startOf(url);
  if (!/^data:/i.test(start)) return null;
  const comma = start.indexOf(',');
  const [mediaType = '', ...parameters] = start.slice('data:'.length, comma).replaceAll('\\/', '/').split(';');
  if (comma < 0 || parameters.at(-1)?.toLowerCase() !== 'base64') {
    throw new BadDocument(`${path}: Input should be a Base64 data URL`);
  }
  const base64 = new JsonView(url.body, url.start + 1 + comma, url.end);
  return { mediaType: mediaType.trim().toLowerCase(), base64 };
}

/** The same string, without escapes at its beginning that nobody needs there; that of a slash is usual. */
function plain(text: JsonView): JsonView {
  return /\\[^/]/.test(startOf(text)) ? viewOf(JSON.stringify(text.text())) : text;
}

/** A string's first bytes as they are written, each as one character. */
function startOf({ body, start, end }: JsonView): string {
  return body.toString('latin1', start + 1, Math.min(end - 1, start + 1 + MAX_DATA_URL_HEAD));
}
