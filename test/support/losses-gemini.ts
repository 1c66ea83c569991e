/** Losses on the way to Gemini, with a model of its third generation; see losses.ts. */
import type { RandomRequest } from './conversations';
import { isServerTool, partsOf, withTools } from './losses-both';
import { type Block, type Conversation, contentOf, type Json, mapBlocks, mapTurns, text } from './messages-request';

const MARK = 'gemini:';

export function signTexts(conversation: Conversation): Conversation {
  return mapTurns(conversation, ({ role, content }) => {
    const signed = content.map((block, i) => {
      const before = content[i - 1];
      const signature = before?.type === 'thinking' ? String(before['signature']) : '';
      return block.type === 'text' && signature.startsWith(MARK)
        ? { ...block, signature: signature.slice(MARK.length) }
        : block;
    });
    return [{ role, content: signed.filter(({ type }) => !/thinking$/.test(type)) }];
  });
}

export function dropServerTools(conversation: Conversation): Conversation {
  const functions = conversation.tools.filter((tool) => !isServerTool(tool));
  const choice = conversation.rest['tool_choice'] as Json | undefined; // An object, or not there.
  const isGone = choice?.['type'] === 'tool' && !functions.some(({ name }) => name === choice['name']);
  const changed = withTools(conversation, functions);
  if (functions.length === 0) {
    const searches = conversation.tools.filter(({ name }) => name === 'web_search');
    return { ...changed, tools: searches };
  }
  const { tool_choice: _, ...rest } = changed.rest;
  return isGone ? { ...changed, rest } : changed;
}

export function unfoldDocuments(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) => {
    if (block.type !== 'document') return [block];
    const { title, context, source } = block as Block & { title?: string; context?: string; source: Json };
    return [
      ...(title === undefined ? [] : [text(`Document: ${title}`)]),
      ...(context === undefined ? [] : [text(context)]),
      ...(source['type'] === 'base64' ? [{ type: 'document', source }] : partsOf(block)),
    ];
  });
}

export function unfoldReferences(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) =>
    block.type === 'tool_reference' ? [text(`Tool loaded: ${block['tool_name']}`)] : [block],
  );
}

/** Calls get the names that the reader of Gemini's requests gives them. */
export function dropIds(conversation: Conversation, { geminiCalls }: RandomRequest): Conversation {
  const names = new Map<unknown, string>();
  return mapBlocks(conversation, (block) => {
    if (block.type === 'tool_result') return [{ ...block, tool_use_id: names.get(block['tool_use_id']) }];
    if (block.type !== 'tool_use') return [block];
    const id = String(block['id']);
    names.set(id, `call ${names.size + 1}`);
    return [{ ...block, id: names.get(id), gemini: geminiCalls.get(id) ?? { id: null, signature: null } }];
  });
}

export function joinResultTexts(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) => {
    if (block.type !== 'tool_result') return [block];
    const texts = contentOf(block).filter(isText);
    const whole = texts.length === 0 ? [] : [text(texts.map((one) => one['text']).join('\n'))];
    return [{ ...block, content: [...whole, ...contentOf(block).filter((one) => !isText(one))] }];
  });
}

export function moveMedia(conversation: Conversation): Conversation {
  const isUrl = ({ source }: Block) => (source as Json | undefined)?.['type'] === 'url';
  return mapTurns(conversation, ({ role, content }) => {
    const results = content.filter(({ type }) => type === 'tool_result');
    const others = content.filter(({ type }) => type !== 'tool_result');
    const kept = results.map((result) => ({ ...result, content: contentOf(result).filter((block) => !isUrl(block)) }));
    return [{ role, content: [...kept, ...results.flatMap((result) => contentOf(result).filter(isUrl)), ...others] }];
  });
}

export function sortResults(conversation: Conversation): Conversation {
  const order = ({ tool_use_id }: Block) => Number(String(tool_use_id).slice('call '.length));
  return mapTurns(conversation, ({ role, content }) => {
    const results = content.filter(({ type }) => type === 'tool_result').sort((a, b) => order(a) - order(b));
    return [{ role, content: [...results, ...content.filter(({ type }) => type !== 'tool_result')] }];
  });
}

export function markSystem(conversation: Conversation): Conversation {
  return mapTurns(conversation, ({ role, content }) => {
    if (role !== 'system') return [{ role, content }];
    return [{ role: 'user', content: content.map((block) => text(`<system>\n${block['text']}\n</system>`)) }];
  });
}

export function beginWithUser(conversation: Conversation): Conversation {
  if (conversation.turns[0]?.role !== 'assistant') return conversation;
  return { ...conversation, turns: [{ role: 'user', content: [text('(continued)')] }, ...conversation.turns] };
}

export function dropDisableParallel(conversation: Conversation): Conversation {
  const { tool_choice, ...rest } = conversation.rest;
  if (tool_choice === undefined) return conversation;
  const { disable_parallel_tool_use: _, ...choice } = tool_choice as Json; // An object: conversations.ts.
  return { ...conversation, rest: { ...rest, tool_choice: choice } };
}

const KEYWORDS = new Set([
  ...['type', 'title', 'description', 'enum', 'items', 'maxItems', 'minimum', 'anyOf', 'properties', 'required'],
  'additionalProperties',
]);

export function cleanSchemas(conversation: Conversation): Conversation {
  const tools = conversation.tools.map((tool) => {
    const schema = tool['input_schema'] as Json | undefined; // An object: conversations.ts.
    if (schema === undefined) return tool;
    const clean = cleaned(schema);
    const describesAny = clean['properties'] !== undefined || clean['additionalProperties'] === true;
    return { ...tool, input_schema: describesAny ? clean : { type: 'object', properties: {} } };
  });
  const { output_config, ...rest } = conversation.rest;
  const format = (output_config as Json | undefined)?.['format'] as Json | undefined; // As above.
  if (format === undefined) return { ...conversation, tools };
  const changed = { ...format, schema: cleaned(format['schema'] as Json) };
  return { ...conversation, tools, rest: { ...rest, output_config: { ...(output_config as Json), format: changed } } };
}

function cleaned(schema: Json): Json {
  const clean: Json = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!KEYWORDS.has(keyword)) continue;
    if (keyword === 'items') clean[keyword] = cleaned(value as Json);
    else if (keyword === 'anyOf') clean[keyword] = (value as Json[]).map(cleaned);
    else if (keyword !== 'properties') clean[keyword] = value;
    else if (Object.keys(value as Json).length > 0) {
      clean[keyword] = Object.fromEntries(
        Object.entries(value as Json).map(([name, inner]) => [name, cleaned(inner as Json)]),
      );
    }
  }
  return clean;
}

export function levelThinking(conversation: Conversation): Conversation {
  const { thinking, output_config, ...rest } = conversation.rest as Json & { thinking?: Json; output_config?: Json };
  const { effort, ...output } = output_config ?? {};
  const type = thinking?.['type'];
  if (type === undefined && effort === undefined) return conversation;
  const level = levelOf(type, Number(thinking?.['budget_tokens'] ?? 0), effort);
  const display = thinking?.['display'];
  const isOn = type !== undefined && type !== 'disabled';
  return {
    ...conversation,
    rest: {
      ...rest,
      ...(isOn && { thinking: { type: 'adaptive', ...(display !== undefined && { display }) } }),
      output_config: { ...output, effort: level },
    },
  };
}

/** There is no level below "low". */
function levelOf(type: unknown, budget: number, effort: unknown): string {
  if (type === 'disabled') return 'low';
  if (budget > 0) return budget <= 4096 ? 'low' : budget <= 16_384 ? 'medium' : 'high';
  return effort === 'low' || effort === 'medium' ? effort : 'high';
}

export function limitStops(conversation: Conversation): Conversation {
  const { stop_sequences, ...rest } = conversation.rest;
  if (!Array.isArray(stop_sequences)) return conversation;
  return { ...conversation, rest: { ...rest, stop_sequences: stop_sequences.slice(0, 5) } };
}

export function dropMetadata(conversation: Conversation): Conversation {
  const { metadata: _, ...rest } = conversation.rest;
  return { ...conversation, rest };
}

function isText({ type }: Block): boolean {
  return type === 'text';
}
