/** Messages requests in one form, so that two can be compared: what may be written in two ways is written in one here. */

export type Json = Record<string, unknown>;

export interface Block extends Json {
  type: string;
}

export interface Turn {
  role: 'user' | 'assistant' | 'system';
  content: Block[];
}

export interface Conversation {
  system: Block[];
  turns: Turn[];
  tools: Json[];
  /** All other members of the request. */
  rest: Json;
}

/** Strings become text blocks, empty texts go, and consecutive turns of one role are one. */
export function readMessagesRequest(request: Json): Conversation {
  const { system, messages, tools, model: _model, stream: _stream, ...rest } = request;
  const turns = (messages as Array<{ role: Turn['role']; content: unknown }>).map(({ role, content }) => ({
    role,
    content: readBlocks(content),
  })); // Requests of these tests have them.
  return { system: readBlocks(system), turns: merged(turns), tools: (tools ?? []) as Json[], rest };
}

/** Turns without content go, and consecutive ones of one role become one. */
export function merged(turns: readonly Turn[]): Turn[] {
  const kept: Turn[] = [];
  for (const { role, content } of turns) {
    const last = kept.at(-1);
    if (content.length === 0) continue;
    if (last?.role === role) last.content.push(...content);
    else kept.push({ role, content: [...content] });
  }
  return kept;
}

export function text(words: string): Block {
  return { type: 'text', text: words };
}

/** Every block of the conversation as what `change` makes of it; results' own contents are blocks, too. */
export function mapBlocks(
  conversation: Conversation,
  change: (block: Block, role: Turn['role']) => Block[],
): Conversation {
  const inside = (block: Block, role: Turn['role']): Block[] =>
    block.type === 'tool_result'
      ? change({ ...block, content: contentOf(block).flatMap((inner) => change(inner, role)) }, role)
      : change(block, role);
  return mapTurns(conversation, ({ role, content }) => [
    { role, content: content.flatMap((block) => inside(block, role)) },
  ]);
}

export function mapTurns(conversation: Conversation, change: (turn: Turn) => Turn[]): Conversation {
  return { ...conversation, turns: merged(conversation.turns.flatMap(change)) };
}

/** The blocks of a result. */
export function contentOf(block: Block): Block[] {
  return block['content'] as Block[]; // `readMessagesRequest` made them.
}

function readBlocks(content: unknown): Block[] {
  if (content === undefined) return [];
  const blocks = typeof content === 'string' ? [text(content)] : (content as Block[]); // It is one or the other.
  return blocks.filter((block) => block.type !== 'text' || block['text'] !== '').map(readBlock);
}

function readBlock(block: Block): Block {
  if (block.type !== 'tool_result') return block;
  const { content, is_error, ...rest } = block;
  return { ...rest, type: block.type, content: readBlocks(content), ...(is_error === true && { is_error }) };
}
