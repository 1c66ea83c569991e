/**
 * A Messages request as a request to Gemini (https://ai.google.dev/api/generate-content). What Gemini has no member for
 * is left out: `cache_control` (it caches by itself), `metadata`, and what thinking blocks say (Gemini takes nothing of
 * its thoughts back but the signatures). Texts, images and arguments are copied, not read.
 */
import { Buffer } from 'node:buffer';
import { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import type { RequestContext, TranslatedRequest } from '../dialect';
import { Contents } from './contents';
import { generationConfig } from './generation-config';
import { bareName } from './models';
import { readTools, writeTools } from './tools';

/** Claude Code's first system block: changes with every request, and so defeats the provider's prompt caching. */
const BILLING_HEADER = 'x-anthropic-billing-header:';

/** @throws BadDocument */
export function translateRequest(request: JsonView, context: RequestContext): TranslatedRequest {
  const messages = request.get('messages');
  if (messages?.kind !== 'array') throw new BadDocument('messages: Input should be a valid array');
  const warned = new Set<string>();
  const warn = (message: string) => {
    if (!warned.has(message)) context.warn(message);
    warned.add(message);
  };
  const { model } = context;
  const contents = new Contents(model, warn);
  contents.add(messages);
  const tools = readTools(request, contents.loadedTools, warn);
  const config = generationConfig(request, model, tools.functions.length > 0, warn);

  const out = new JsonPieces();
  out.add('{');
  systemInstruction(request.get('system'), out);
  out.add('"contents":');
  contents.write(out);
  writeTools(tools, out);
  if (config !== null) out.add(`,"generationConfig":${config}`);
  out.add('}');
  return { path: pathOf(model, context.stream), body: out.toBuffer(), headers: [] };
}

function pathOf(model: string, stream: boolean): string {
  const call = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  // A tuned model has a path of its own.
  const folder = model.startsWith('tunedModels/') ? 'tunedModels' : 'models';
  const name = bareName(model).replace(/^tunedModels\//, '');
  // A Buffer puts U+FFFD for half a character, on which encodeURIComponent would throw.
  return `/v1beta/${folder}/${encodeURIComponent(Buffer.from(name).toString())}:${call}`;
}

/** With a comma behind it; nothing where the client says nothing. */
function systemInstruction(system: JsonView | undefined, out: JsonPieces): void {
  const texts = systemTexts(system);
  if (texts.length === 0) return;
  out.add('"systemInstruction":{"parts":[');
  for (const [index, text] of texts.entries()) {
    out
      .add(`${index === 0 ? '' : ','}{"text":`)
      .raw(text)
      .add('}');
  }
  out.add(']},');
}

function systemTexts(system: JsonView | undefined): JsonView[] {
  if (system === undefined) return [];
  if (system.kind !== 'string' && system.kind !== 'array') {
    throw new BadDocument('system: Input should be a valid string or an array of text blocks');
  }
  const texts = system.kind === 'string' ? [system] : system.items().map((block) => block.get('text'));
  return texts.flatMap((text, index) => {
    if (text?.kind !== 'string') throw new BadDocument(`system.${index}.text: Input should be a valid string`);
    return text.size <= 2 || startsWithHeader(text) ? [] : [text];
  });
}

function startsWithHeader(text: JsonView): boolean {
  const from = text.start + 1;
  return text.body.toString('latin1', from, Math.min(from + BILLING_HEADER.length, text.end - 1)) === BILLING_HEADER;
}
