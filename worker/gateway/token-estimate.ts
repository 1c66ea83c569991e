/**
 * A local estimate of a Messages request's input tokens, for routing by length and for providers that cannot count. It
 * rather says too much than too little: a request that does not fit where it was sent fails, one counted high does not.
 *
 * Why there is no tokenizer in it. Measured in November 2026 (Node 20, CPU time of one core of an EPYC, 60,000 tokens of
 * prose, code or JSON): gpt-tokenizer 4.0.0 (o200k) blocks 14 to 23 ms when warm and 95 ms the first time, after 570 ms
 * of loading, and keeps 54 MB in every worker; ai-tokenizer 1.0.6 13 to 20 ms, 400 ms, 39 MB (its "claude") or 24 to
 * 38 ms, 1.3 s, 109 MB (o200k); tiktoken 1.0.22 (WebAssembly) 67 to 79 ms, 930 ms, 72 MB; js-tiktoken 1.0.21 150 to
 * 270 ms, 1.9 s, 119 MB; tokenx 2.2.0, itself an estimate, 25 to 37 ms. A 1 MB body may cost a few milliseconds. And
 * none of them would be exact: they count as OpenAI does, and Claude's last public vocabulary is 13% off that. This here
 * takes about 1 ms for 1 MB against a threshold of 60,000, and no memory (`node dist/test/bench/token-estimate.js`).
 */
import { isTrue, type RequestMembers } from '../json/request-members';
import { BadDocument, type JsonView } from '../json/view';
import { MAX_TOKENS_PER_BYTE, TokenTally } from './token-tally';

/** The most that an image costs (https://docs.anthropic.com/en/docs/build-with-claude/vision); its size is not looked at. */
export const IMAGE_TOKENS = 1600;
/** A PDF page: up to 3,000 tokens of text, and its picture less than an image's most. */
const PAGE_TOKENS = 4000;
/** Text pages with their share of embedded fonts; scanned pages are larger, so they count as several. */
const PAGE_BYTES = 20_000;
/** What the API takes in one request to a 200k model. */
const MAX_PAGES = 100;
/** A document that is only named (url, file id). */
const REMOTE_DOCUMENT_PAGES = 5;
/** The instructions that come with any tool, and with a server tool (`type: "web_search_…"`) of its own. */
export const TOOL_PROMPT_TOKENS = 350;
const SERVER_TOOL_TOKENS = 700;
export const MESSAGE_TOKENS = 4;
export const TOOL_BLOCK_TOKENS = 10;
/** Encrypted thinking or search results: base64 of text of about 3.5 bytes a token, and its envelope. */
const ENCRYPTED_BYTES_PER_TOKEN = 4;
/** Messages, blocks in a tool result, blocks in a document there: 8. What is deeper counts as JSON. */
const MAX_DEPTH = 12;

/**
 * Estimates the input tokens of a Messages request: `system`, `messages`, `tools` and `output_config`. Takes whatever a
 * client may send, and counts 0 for what is no request. Tools with `defer_loading` count once a `tool_reference` names
 * them. Takes about 6 ns a byte.
 */
export function estimateTokens(request: RequestMembers): number {
  return Math.ceil(tallyMessages(request, Number.POSITIVE_INFINITY).tokens);
}

/** The same up to a limit, and with the work that it took: counting ends where the limit is passed. */
export function tallyMessages(request: RequestMembers, limit: number): TokenTally {
  return tallyUpTo(limit, request, MESSAGES_MEMBERS, (tally) => new MessagesCount(tally).request(request));
}

const MESSAGES_MEMBERS = ['system', 'messages', 'output_config', 'tools'];

/** Runs a count; what has more values than are looked at is counted by its bytes. */
export function tallyUpTo(
  limit: number,
  request: RequestMembers,
  members: readonly string[],
  count: (tally: TokenTally) => void,
): TokenTally {
  const tally = new TokenTally(limit);
  try {
    count(tally);
  } catch (error) {
    if (!(error instanceof BadDocument)) throw error;
    tally.tokens = members.reduce((sum, name) => sum + (request.get(name)?.size ?? 0) * MAX_TOKENS_PER_BYTE, 0);
  }
  return tally;
}

/**
 * At least what `estimateTokens` says of a body of that many bytes, without looking at it. Holds for text, tools and
 * base64 data of usual size; not for media that is only named (a URL of 60 bytes counts as an image), or for many server
 * tools. There is no bound from below: a megabyte is 1,600 tokens where it is an image.
 */
export function estimateUpperBoundFromBytes(byteLength: number): number {
  return Math.ceil(byteLength * MAX_TOKENS_PER_BYTE) + TOOL_PROMPT_TOKENS + SERVER_TOOL_TOKENS + IMAGE_TOKENS;
}

class MessagesCount {
  readonly #tally: TokenTally;
  /** Names of tools that a `tool_reference` has loaded. */
  readonly #referenced = new Set<string>();

  constructor(tally: TokenTally) {
    this.#tally = tally;
  }

  request(request: RequestMembers): void {
    this.#content(request.get('system'), 0);
    this.#content(request.get('messages'), 0);
    this.#tally.json(request.get('output_config'));
    const tools = request.get('tools')?.items() ?? [];
    if (tools.length > 0) this.#tally.add(TOOL_PROMPT_TOKENS);
    for (const tool of tools) {
      if (this.#tally.isOver) return;
      if (isTrue(tool.get('defer_loading')) && !this.#referenced.has(tool.textOf('name') ?? '')) continue;
      if ((tool.textOf('type') ?? 'custom') !== 'custom') this.#tally.add(SERVER_TOOL_TOKENS);
      this.#tally.json(tool);
    }
  }

  /** Content in any of its forms: a string, a message, a block, a list of these. */
  #content(view: JsonView | undefined, depth: number): void {
    if (view === undefined || this.#tally.isOver) return;
    if (depth > MAX_DEPTH) this.#tally.json(view);
    else if (view.kind === 'array') for (const item of view.items()) this.#content(item, depth + 1);
    else if (view.kind === 'object') this.#block(view, depth + 1);
    else this.#tally.text(view);
  }

  /** A message or content block. An unknown one counts as JSON. */
  #block(view: JsonView, depth: number): void {
    const tally = this.#tally;
    if (view.get('role')?.kind === 'string') {
      tally.add(MESSAGE_TOKENS);
      this.#content(view.get('content'), depth);
      return;
    }
    switch (view.textOf('type')) {
      case 'text':
        this.#content(view.get('text'), depth);
        return;
      case 'image':
        tally.add(IMAGE_TOKENS);
        return;
      case 'document':
        this.#content(view.get('title'), depth);
        this.#content(view.get('context'), depth);
        this.#document(view.get('source'), depth);
        return;
      case 'thinking':
        // With the text left out (`display`), the signature holds it, encrypted.
        tally.add(Math.max(tally.measure(view.get('thinking')), encryptedTokens(view.get('signature'))));
        return;
      case 'redacted_thinking':
        tally.add(encryptedTokens(view.get('data')));
        return;
      case 'tool_use':
        tally.add(TOOL_BLOCK_TOKENS);
        tally.text(view.get('name'));
        tally.json(view.get('input'));
        return;
      case 'tool_result':
        tally.add(TOOL_BLOCK_TOKENS);
        this.#content(view.get('content'), depth);
        return;
      case 'tool_reference':
        this.#referenced.add(view.textOf('tool_name') ?? '');
        tally.text(view.get('tool_name'));
        return;
      default:
        this.#unknown(view);
    }
  }

  #document(source: JsonView | undefined, depth: number): void {
    if (source?.kind !== 'object') return;
    const type = source.textOf('type');
    if (type === 'text') this.#content(source.get('data'), depth);
    else if (type === 'content') this.#content(source.get('content'), depth);
    else this.#tally.add(documentTokens(type === 'base64' ? source.get('data') : undefined));
  }

  #unknown(view: JsonView): void {
    for (const [name, member] of view.members()) {
      if (this.#tally.isOver) return;
      if (name === 'encrypted_content') this.#tally.add(encryptedTokens(member));
      else {
        this.#tally.name(name);
        this.#tally.json(member);
      }
    }
  }
}

/** Of a PDF in base64, or of one that is only named. */
export function documentTokens(data: JsonView | undefined): number {
  if (data === undefined) return REMOTE_DOCUMENT_PAGES * PAGE_TOKENS;
  return Math.min(MAX_PAGES, Math.ceil((textBytes(data) * 0.75) / PAGE_BYTES)) * PAGE_TOKENS;
}

function encryptedTokens(view: JsonView | undefined): number {
  return textBytes(view) / ENCRYPTED_BYTES_PER_TOKEN;
}

/** Between the quotes of a string; 0 for anything else. */
export function textBytes(view: JsonView | undefined): number {
  return view?.kind === 'string' ? view.size - 2 : 0;
}
