/** From a request to the message that answers it. Pure: the same request and ids make the same message. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../json/parsed';
import { type Draft, limited, textDraft } from './limits';
import type { SandboxRequest, SandboxTool } from './request';
import { sampleInput, sampleOf } from './sample';
import { excerpt, jsonTokens, wordTokens } from './tokens';

export interface ThinkingBlock {
  type: 'thinking';
  thinking: string;
  /** Base64. */
  signature: string;
}

export interface TextBlock {
  type: 'text';
  text: string;
}

export interface ToolUseBlock {
  type: 'tool_use';
  id: string;
  name: string;
  input: JsonObject;
}

export type ContentBlock = ThinkingBlock | TextBlock | ToolUseBlock;

export type StopReason = 'end_turn' | 'tool_use' | 'max_tokens' | 'stop_sequence';

export interface Usage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  output_tokens: number;
}

/** The answer of `POST /v1/messages`, as the API spells it. */
export interface SandboxMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: StopReason;
  stop_sequence: string | null;
  usage: Usage;
}

/** A message, and the tokens of each of its blocks: a stream sends one delta for each. */
export interface Reply {
  message: SandboxMessage;
  /** `tokens[i]` belongs to `message.content[i]`. */
  tokens: string[][];
}

/** Makes ids: `msg` gives `msg_…`. */
export type NewId = (prefix: 'msg' | 'toolu') => string;

const WHO = 'This is the CCProxy sandbox, not a language model';
const HOW = "set ANTHROPIC_API_KEY (or another provider's key) for a real one.";
const THOUGHT = 'A sandbox does not think: it looks for tool results and for the name of a tool, then answers by rule.';
const EXCERPT_LENGTH = 200;
const QUOTED_RESULTS = 5;
/** A tool's name is looked for in so much of the user's text. */
const SEARCHED_CHARS = 100_000;

/** Answers `request`: a tool call where one is asked for, a document where a schema is given, else a plain text. */
export function buildReply(request: SandboxRequest, newId: NewId): Reply {
  const drafts: Draft[] = [];
  if (request.thinking !== 'off') drafts.push(thinking(request));
  drafts.push(answer(request, newId));
  const { kept, stopReason, stopSequence } = limited(drafts, request);
  return {
    message: {
      id: newId('msg'),
      type: 'message',
      role: 'assistant',
      model: request.model,
      content: kept.map((draft) => draft.block),
      stop_reason: stopReason,
      stop_sequence: stopSequence,
      usage: {
        input_tokens: request.inputTokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: kept.reduce((sum, draft) => sum + draft.tokens.length, 0),
      },
    },
    tokens: kept.map((draft) => draft.tokens),
  };
}

function answer(request: SandboxRequest, newId: NewId): Draft {
  const tool = chosenTool(request);
  if (tool !== null) return toolUse(tool, newId);
  if (request.outputSchema === null) return textDraft(wordTokens(answerText(request)));
  return textDraft(jsonTokens(JSON.stringify(sampleOf(request.outputSchema))));
}

function thinking(request: SandboxRequest): Draft {
  const said = request.thinking === 'omitted' ? '' : THOUGHT;
  return { block: thinkingBlock(said, request.model), tokens: wordTokens(said) };
}

function thinkingBlock(said: string, model: string): ThinkingBlock {
  const signature = createHash('sha512').update(`${model}\n${said}`).digest('base64');
  return { type: 'thinking', thinking: said, signature };
}

function toolUse(tool: SandboxTool, newId: NewId): Draft {
  const input = sampleInput(tool.inputSchema);
  return {
    block: { type: 'tool_use', id: newId('toolu'), name: tool.name, input },
    tokens: jsonTokens(JSON.stringify(input)),
  };
}

/** Tool results end a tool's round, even under a `tool_choice` that forces one: else an agent would never stop. */
function chosenTool(request: SandboxRequest): SandboxTool | null {
  const { tools, toolChoice, lastTurn } = request;
  if (toolChoice.type === 'none' || lastTurn.toolResults.length > 0) return null;
  if (toolChoice.type === 'tool') return tools.find((tool) => tool.name === toolChoice.name) ?? null;
  const seen = tools.filter((tool) => !tool.deferred);
  const named = namedTool(seen, lastTurn.texts.join('\n'));
  return named ?? (toolChoice.type === 'any' ? (seen[0] ?? null) : null);
}

/** The tool whose name stands first in the text, as a word of its own and in any case. */
function namedTool(tools: readonly SandboxTool[], said: string): SandboxTool | null {
  const byName = new Map(tools.map((tool) => [tool.name.toLowerCase(), tool]));
  const searched = said.slice(0, SEARCHED_CHARS).toLowerCase();
  for (const [word] of searched.matchAll(/[\w-]+/g)) {
    const tool = byName.get(word);
    if (tool !== undefined) return tool;
  }
  return null;
}

function answerText({ lastTurn }: SandboxRequest): string {
  if (lastTurn.toolResults.length > 0) {
    const quoted = lastTurn.toolResults
      .slice(0, QUOTED_RESULTS)
      .map((result) => `${result.isError ? 'The tool failed' : 'The tool answered'}: ${quote(result.text)}`);
    return `${WHO}. ${quoted.join(' ')}`;
  }
  const said = quote(lastTurn.texts.at(-1) ?? '');
  return `${WHO}: it stands in until a provider is configured; ${HOW} You said: ${said}`;
}

function quote(said: string): string {
  return excerpt(said, EXCERPT_LENGTH) || '(nothing)';
}
