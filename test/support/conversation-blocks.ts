/** Random content blocks of the Messages API, such as Anthropic takes (https://platform.claude.com/docs/en/api/messages). */
import fc from 'fast-check';
import type { Block, Json } from './messages-request';

/** Characters that an escape, a cut or a decoder may spoil; halves of surrogate pairs can be written in JSON. */
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('"', '\\', '\n', '\u0000', '\u2028', '\ud83d', '\ude00', '\\u0041', '</system>', '{"a":'),
);
export const anyText = fc.string({ unit, maxLength: 12 });
/** Anthropic refuses text blocks of nothing but space. */
export const words = anyText.filter((text) => text.trim() !== '');
export const name = fc.oneof(fc.constantFrom('Read', 'web-fetch', 'a_1'), fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/));
const url = fc.constantFrom('https://x.test/a.png', 'https://x.test/b?c=d', 'http://x.test/c.jpeg#e');
const base64 = fc.base64String({ minLength: 4, maxLength: 40 });
const imageType = fc.constantFrom('image/png', 'image/jpeg', 'image/gif', 'image/webp');

export const cached = <T extends Block>(block: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc
    .tuple(block, fc.boolean())
    .map(([value, isCached]) => (isCached ? { ...value, cache_control: { type: 'ephemeral', ttl: '1h' } } : value));

/** A block of that type; members that `requiredKeys` does not name may be missing. */
function block(
  type: string,
  members: Record<string, fc.Arbitrary<unknown>>,
  requiredKeys?: string[],
): fc.Arbitrary<Block> {
  const record = fc.record(members, requiredKeys === undefined ? {} : { requiredKeys });
  return record.map((value) => ({ ...value, type }));
}

const source = (type: string, members: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record({ type: fc.constant(type), ...members });

export const text = cached(block('text', { text: words }));
export const image = cached(
  block('image', {
    source: fc.oneof(source('base64', { media_type: imageType, data: base64 }), source('url', { url })),
  }),
);
const pdf = source('base64', { media_type: fc.constant('application/pdf'), data: base64 });
const papers = fc.oneof(
  pdf,
  source('text', { media_type: fc.constant('text/plain'), data: words }),
  source('content', { content: fc.oneof(words, fc.array(fc.oneof(text, image), { minLength: 1, maxLength: 3 })) }),
);
export const document = cached(
  block('document', { source: papers, title: words, context: words, citations: fc.constant({ enabled: true }) }, [
    'source',
  ]),
);
export const searchResult = cached(
  block('search_result', {
    title: words,
    source: words,
    content: fc.array(block('text', { text: words }), { minLength: 1, maxLength: 2 }),
  }),
);
const toolReference = block('tool_reference', { tool_name: name });

/** JSON as a model writes it: any keys, any depth. */
export const input: fc.Arbitrary<Json> = fc.dictionary(anyText, fc.jsonValue({ maxDepth: 3, stringUnit: unit }), {
  maxKeys: 3,
  noNullPrototype: true,
});

export const userBlock = fc.oneof({ weight: 3, arbitrary: text }, image, document, searchResult);

/** What a tool's result has; often a text, or nothing. */
export const resultContent = fc.oneof(
  fc.constant(undefined),
  anyText.filter((value) => value === '' || value.trim() !== ''),
  fc.array(fc.oneof({ weight: 2, arbitrary: text }, image, document, searchResult, toolReference), { maxLength: 4 }),
);

/** A signature as Gemini's are marked, or one of Anthropic's. */
const signature = fc.oneof(
  fc.constant('ErUBCkYIBxgC'),
  base64.map((data) => `gemini:${data}`),
);

/** What an assistant says besides calling tools. */
export const said = fc.oneof(
  { weight: 4, arbitrary: text },
  block('text', { text: words, citations: fc.constant([{ type: 'char_location', cited_text: 'c' }]) }),
  { weight: 2, arbitrary: block('thinking', { thinking: anyText, signature }) },
  block('redacted_thinking', { data: base64 }),
  block('server_tool_use', { id: fc.constant('srvtoolu_1'), name: fc.constant('web_search'), input }),
  block('web_search_tool_result', { tool_use_id: fc.constant('srvtoolu_1'), content: fc.constant([]) }),
);
