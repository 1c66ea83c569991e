/**
 * A local estimate of a Messages request's input tokens, for routing by length and for providers that cannot count. It
 * rather says too much than too little: a request that does not fit where it was sent fails, one counted high does not.
 */

/** The most that an image costs (https://docs.anthropic.com/en/docs/build-with-claude/vision); its size is not looked at. */
const IMAGE_TOKENS = 1600;
/** A PDF page: up to 3,000 tokens of text, and its picture less than an image's most. */
const PAGE_TOKENS = 4000;
/** Text pages with their share of embedded fonts; scanned pages are larger, so they count as several. */
const PAGE_BYTES = 20_000;
/** What the API takes in one request to a 200k model. */
const MAX_PAGES = 100;
/** A document that is only named (url, file id). */
const REMOTE_DOCUMENT_PAGES = 5;
/** The instructions that come with any tool, and with a server tool (`type: "web_search_…"`) of its own. */
const TOOL_PROMPT_TOKENS = 350;
const SERVER_TOOL_TOKENS = 700;
const MESSAGE_TOKENS = 4;
const TOOL_BLOCK_TOKENS = 10;
/** Quotes, colon, comma of a member; comma of an array's item. */
const MEMBER_TOKENS = 1.5;
const ITEM_TOKENS = 0.7;
/** Encrypted thinking or search results: base64 of text of about 3.5 bytes a token, and its envelope. */
const ENCRYPTED_BYTES_PER_TOKEN = 4;

/** Classes of ASCII characters; MARK is everything else, BREAK a tab too. */
const SPACE = 0;
const BREAK = 1;
const LOWER = 2;
const UPPER = 3;
const DIGIT = 4;
const MARK = 5;
const CLASSES = 6;
const CLASS_OF = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (char === ' ') return SPACE;
  if (char === '\n' || char === '\r' || char === '\t') return BREAK;
  if (/[a-z]/.test(char)) return LOWER;
  if (/[A-Z]/.test(char)) return UPPER;
  return /\d/.test(char) ? DIGIT : MARK;
});
/**
 * Tokens a character adds, by the class before it (row) and its own (column). Words cost at their start, and again
 * where case or digits break them, which is what makes hex and base64 (1.5 characters a token) so much dearer than
 * prose (4.5): with one figure for both, either is wrong by three times. Fitted against o200k and cl100k: prose, code,
 * JSON schemas, logs and hex come out at 1.1 to 1.5 times theirs, base64 at 0.9, most other languages at 1 to 2.5 times.
 * Claude's own tokenizer is not public; it counts more than these two. No cell is above MAX_TOKENS_PER_BYTE.
 */
const MAX_TOKENS_PER_BYTE = 0.9;
const STEP_TOKENS = Float64Array.from(
  [
    //           space break lower upper digit mark
    /* space */ [0.03, 0.3, 0.7, 0.75, 0.85, 0.65],
    /* break */ [0.1, 0.15, 0.7, 0.75, 0.85, 0.65],
    /* lower */ [0.05, 0.45, 0.21, 0.9, 0.9, 0.65],
    /* upper */ [0.05, 0.45, 0.55, 0.45, 0.9, 0.65],
    /* digit */ [0.15, 0.45, 0.9, 0.9, 0.55, 0.75],
    /* mark  */ [0.1, 0.45, 0.68, 0.7, 0.85, 0.45],
  ].flat(),
);

/**
 * Tokens of a UTF-16 unit beyond ASCII: two-byte characters (Latin with accents, Cyrillic, Greek, Arabic); scripts that
 * vocabularies hardly know (Tibetan to Mongolian: nearly a token a byte); the rest (an emoji is two units).
 */
const TWO_BYTE_TOKENS = 1;
const RARE_SCRIPT_TOKENS = 2.4;
const WIDE_TOKENS = 1.5;

/** Tools, JSON schemas and tool inputs are counted with keys and punctuation; content by what its blocks say. */
type Pending = { readonly value: unknown; readonly as: 'content' | 'json' };

/**
 * Estimates the input tokens of a parsed Messages request: `system`, `messages`, `tools` and `output_config`. Takes any
 * value, since the body is the client's, and counts 0 for what is no request. Tools with `defer_loading` count once a
 * `tool_reference` names them. Nothing recurses. Takes about 1.5 ns a character.
 */
export function estimateTokens(body: unknown): number {
  if (!isRecord(body)) return 0;
  const referenced = new Set<string>();
  let tokens = count([{ value: body['system'], as: 'content' }], referenced);
  tokens += count([{ value: body['messages'], as: 'content' }], referenced);
  tokens += count([{ value: body['output_config'], as: 'json' }], referenced);
  const tools = Array.isArray(body['tools']) ? body['tools'] : [];
  if (tools.length > 0) tokens += TOOL_PROMPT_TOKENS;
  for (const tool of tools) {
    if (isRecord(tool) && tool['defer_loading'] === true && !referenced.has(textOf(tool['name']))) continue;
    if (isRecord(tool) && 'type' in tool && tool['type'] !== 'custom') tokens += SERVER_TOOL_TOKENS;
    tokens += count([{ value: tool, as: 'json' }], referenced);
  }
  return Math.ceil(tokens);
}

/**
 * At least what `estimateTokens` says of a body of that many bytes, without parsing it. Holds for text, tools and
 * base64 data of usual size; not for media that is only named (a URL of 60 bytes counts as an image), for many server
 * tools, or for numbers in exponent notation.
 */
export function estimateUpperBoundFromBytes(byteLength: number): number {
  return Math.ceil(byteLength * MAX_TOKENS_PER_BYTE) + TOOL_PROMPT_TOKENS + SERVER_TOOL_TOKENS + IMAGE_TOKENS;
}

function count(pending: Pending[], referenced: Set<string>): number {
  let tokens = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, as } = next;
    if (typeof value === 'string') tokens += textTokens(value);
    else if (typeof value === 'number') tokens += textTokens(String(value));
    else if (typeof value === 'boolean' || (value === null && as === 'json')) tokens += 1;
    else if (Array.isArray(value)) {
      if (as === 'json') tokens += value.length * ITEM_TOKENS;
      for (const item of value) pending.push({ value: item, as });
    } else if (isRecord(value)) {
      tokens += as === 'json' ? memberTokens(value, pending) : blockTokens(value, pending, referenced);
    }
  }
  return tokens;
}

/** Counts the names and leaves the values in `pending`. */
function memberTokens(value: Record<string, unknown>, pending: Pending[]): number {
  let tokens = 0;
  for (const name of Object.keys(value)) {
    tokens += textTokens(name) + MEMBER_TOKENS;
    pending.push({ value: value[name], as: 'json' });
  }
  return tokens;
}

/** A message or content block: counts what is flat and leaves its parts in `pending`. An unknown one counts as JSON. */
function blockTokens(block: Record<string, unknown>, pending: Pending[], referenced: Set<string>): number {
  const push = (value: unknown, as: Pending['as']) => pending.push({ value, as });
  if (typeof block['role'] === 'string') {
    push(block['content'], 'content');
    return MESSAGE_TOKENS;
  }
  switch (block['type']) {
    case 'text':
      push(block['text'], 'content');
      return 0;
    case 'image':
      return IMAGE_TOKENS;
    case 'document':
      push(block['title'], 'content');
      push(block['context'], 'content');
      return documentTokens(block['source'], pending);
    case 'thinking':
      // With the text left out (`display`), the signature holds it, encrypted.
      return Math.max(textTokens(textOf(block['thinking'])), encryptedTokens(block['signature']));
    case 'redacted_thinking':
      return encryptedTokens(block['data']);
    case 'tool_use':
      push(block['name'], 'content');
      push(block['input'], 'json');
      return TOOL_BLOCK_TOKENS;
    case 'tool_result':
      push(block['content'], 'content');
      return TOOL_BLOCK_TOKENS;
    case 'tool_reference':
      referenced.add(textOf(block['tool_name']));
      push(block['tool_name'], 'content');
      return 0;
    default: {
      const { encrypted_content: encrypted, ...rest } = block;
      return encryptedTokens(encrypted) + memberTokens(rest, pending);
    }
  }
}

function documentTokens(source: unknown, pending: Pending[]): number {
  if (!isRecord(source)) return 0;
  if (source['type'] === 'text') pending.push({ value: source['data'], as: 'content' });
  else if (source['type'] === 'content') pending.push({ value: source['content'], as: 'content' });
  else if (source['type'] !== 'base64') return REMOTE_DOCUMENT_PAGES * PAGE_TOKENS;
  else {
    const bytes = textOf(source['data']).length * 0.75;
    return Math.min(MAX_PAGES, Math.ceil(bytes / PAGE_BYTES)) * PAGE_TOKENS;
  }
  return 0;
}

function encryptedTokens(value: unknown): number {
  return textOf(value).length / ENCRYPTED_BYTES_PER_TOKEN;
}

function textTokens(text: string): number {
  let tokens = 0;
  let before = SPACE;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) {
      const own = CLASS_OF[code] ?? MARK;
      tokens += STEP_TOKENS[before * CLASSES + own] ?? 0;
      before = own;
    } else if (code < 0x800) tokens += TWO_BYTE_TOKENS;
    else tokens += code >= 0x0f00 && code < 0x1900 && code >> 8 !== 0x11 ? RARE_SCRIPT_TOKENS : WIDE_TOKENS;
  }
  return tokens;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
