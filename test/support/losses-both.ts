/** Losses that both dialects have; see losses.ts. */
import { type Block, type Conversation, contentOf, type Json, mapBlocks, text } from './messages-request';

export function dropCacheControl(conversation: Conversation): Conversation {
  const drop = <T extends Json>({ cache_control: _, ...rest }: T) => rest as Json;
  const changed = mapBlocks(conversation, (block) => [
    insideDocument(drop(block) as Block, (inner) => [drop(inner) as Block]),
  ]);
  return { ...changed, system: changed.system.map((block) => drop(block) as Block), tools: changed.tools.map(drop) };
}

export function dropCitations(conversation: Conversation): Conversation {
  return mapBlocks(conversation, ({ citations: _, ...rest }) => [rest as Block]);
}

export function dropBillingLine(conversation: Conversation): Conversation {
  const isBillingLine = (block: Block) => String(block['text']).startsWith('x-anthropic-billing-header:');
  return { ...conversation, system: conversation.system.filter((block) => !isBillingLine(block)) };
}

export function dropServerBlocks(conversation: Conversation): Conversation {
  const types = new Set(['server_tool_use', 'web_search_tool_result']);
  return mapBlocks(conversation, (block) => (types.has(block.type) ? [] : [block]));
}

export function loadDeferredTools(conversation: Conversation): Conversation {
  const named = new Set([(conversation.rest['tool_choice'] as Json | undefined)?.['name']]);
  mapBlocks(conversation, (block) => {
    if (block.type === 'tool_use') named.add(block['name']);
    if (block.type === 'tool_reference') named.add(block['tool_name']);
    return [block];
  });
  const all = conversation.tools.some(({ type }) => String(type).startsWith('tool_search_'));
  const tools = conversation.tools
    .filter(({ defer_loading, name }) => all || defer_loading !== true || named.has(name))
    .map(({ defer_loading: _, ...tool }) => tool);
  return withTools(conversation, tools);
}

/** The choice among tools goes with the last of them. */
export function withTools(conversation: Conversation, tools: Json[]): Conversation {
  if (tools.length > 0) return { ...conversation, tools };
  const { tool_choice: _, ...rest } = conversation.rest;
  return { ...conversation, tools, rest };
}

export function isServerTool({ type = 'custom' }: Json): boolean {
  return type !== 'custom';
}

export function dropToolExtras(conversation: Conversation): Conversation {
  const drop = ({ strict: _strict, input_examples: _examples, type, ...tool }: Json) =>
    type === undefined || type === 'custom' ? tool : { ...tool, type };
  return { ...conversation, tools: conversation.tools.map(drop) };
}

export function unfoldSearchResults(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) => {
    if (block.type !== 'search_result') return [block];
    return [text(String(block['title'])), text(String(block['source'])), ...contentOf(block)];
  });
}

export function dropMembers(conversation: Conversation): Conversation {
  const { service_tier: _1, context_management: _2, container: _3, mcp_servers: _4, ...rest } = conversation.rest;
  return { ...conversation, rest };
}

/** The blocks that a document is made of. */
export function partsOf(document: Block): Block[] {
  const source = document['source'] as Json; // Documents have one.
  if (source['type'] === 'text') return [text(String(source['data']))];
  if (typeof source['content'] === 'string') return [text(source['content'])];
  return (source['content'] ?? []) as Block[];
}

function insideDocument(block: Block, change: (inner: Block) => Block[]): Block {
  const source = block['source'] as Json | undefined; // Images and documents have one.
  if (!Array.isArray(source?.['content'])) return block;
  return { ...block, source: { ...source, content: partsOf(block).flatMap(change) } };
}
