/** Losses on the way to OpenAI's dialect, at OpenAI itself with a model that does not think; see losses.ts. */
import { createHash } from 'node:crypto';
import { isServerTool, partsOf, withTools } from './losses-both';
import {
  type Block,
  type Conversation,
  contentOf,
  type Json,
  mapBlocks,
  mapTurns,
  merged,
  text,
} from './messages-request';

export function dropThinking(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) => (/thinking$/.test(block.type) ? [] : [block]));
}

export function dropServerTools(conversation: Conversation): Conversation {
  const gone = new Set(conversation.tools.filter(isServerTool).map(({ name }) => name));
  const choice = conversation.rest['tool_choice'] as Json | undefined; // An object, or not there.
  const changed = withTools(
    conversation,
    conversation.tools.filter((tool) => !isServerTool(tool)),
  );
  if (!gone.has(choice?.['name']) || changed.tools.length === 0) return changed;
  const { tool_choice: _, ...rest } = changed.rest;
  const single = choice?.['disable_parallel_tool_use'] === true;
  return {
    ...changed,
    rest: single ? { ...rest, tool_choice: { type: 'auto', disable_parallel_tool_use: true } } : rest,
  };
}

export function unfoldDocuments(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) => {
    if (block.type !== 'document') return [block];
    const { title, context, source } = block as Block & { title?: string; context?: string; source: Json };
    const about = context === undefined ? [] : [text(context)];
    if (source['type'] === 'base64') return [...about, { type: 'document', source, title: title ?? 'document.pdf' }];
    return [...(title === undefined ? [] : [text(title)]), ...about, ...partsOf(block)];
  });
}

export function unfoldReferences(conversation: Conversation): Conversation {
  return mapBlocks(conversation, (block) =>
    block.type === 'tool_reference' ? [text(`The tool ${block['tool_name']} is available now.`)] : [block],
  );
}

export function shortenIds(conversation: Conversation): Conversation {
  const short = (id: string) =>
    id.length <= 40 ? id : `call_${createHash('sha256').update(id).digest('base64url').slice(0, 32)}`;
  return mapBlocks(conversation, (block) => {
    if (block.type === 'tool_use') return [{ ...block, id: short(String(block['id'])) }];
    if (block.type === 'tool_result') return [{ ...block, tool_use_id: short(String(block['tool_use_id'])) }];
    return [block];
  });
}

export function joinResultTexts(conversation: Conversation): Conversation {
  return mapResults(conversation, (result) => {
    const texts = contentOf(result).filter(isText);
    const media = contentOf(result).filter((block) => !isText(block));
    return [{ ...result, content: [...joined(texts), ...media] }];
  });
}

export function moveMedia(conversation: Conversation): Conversation {
  return mapTurns(conversation, ({ role, content }) => {
    const results = content.filter(isResult);
    const others = content.filter((block) => !isResult(block));
    const moved = results.flatMap((result) => {
      const media = contentOf(result).filter((block) => !isText(block));
      return media.length === 0 ? [] : [text(`Of the result of tool call ${result['tool_use_id']}:`), ...media];
    });
    const kept = results.map((result) => {
      const texts = contentOf(result).filter(isText);
      const stub = texts.length === contentOf(result).length ? [] : [text('(see the next user message)')];
      return { ...result, content: texts.length > 0 ? texts : stub };
    });
    return [{ role, content: [...kept, ...moved, ...others] }];
  });
}

export function fillResults(conversation: Conversation): Conversation {
  return mapResults(conversation, (result) =>
    contentOf(result).length > 0 ? [result] : [{ ...result, content: [text('(no output)')] }],
  );
}

export function sayErrors(conversation: Conversation): Conversation {
  return mapResults(conversation, ({ is_error, ...result }) => {
    const block = result as Block;
    if (is_error !== true) return [block];
    return [{ ...block, content: contentOf(block).map((inner) => text(`Error: ${inner['text']}`)) }];
  });
}

export function joinTexts(conversation: Conversation): Conversation {
  const changed = mapTurns(conversation, ({ role, content }) => {
    const texts = content.filter(isText);
    if (role === 'assistant') {
      // The first takes the place of all.
      const [whole] = joined(texts);
      return [
        {
          role,
          content: content.flatMap((block) => (block === texts[0] && whole ? [whole] : isText(block) ? [] : [block])),
        },
      ];
    }
    const results = content.filter(isResult);
    if (results.length + texts.length < content.length) return [{ role, content }];
    return [{ role, content: [...results, ...joined(texts)] }];
  });
  return { ...changed, system: joined(changed.system) };
}

export function textsFirst(conversation: Conversation): Conversation {
  return mapTurns(conversation, ({ role, content }) => {
    if (role !== 'assistant') return [{ role, content }];
    return [{ role, content: [...content.filter(isText), ...content.filter((block) => !isText(block))] }];
  });
}

export function hoistSystem(conversation: Conversation): Conversation {
  const hoisted = conversation.turns.filter(({ role }) => role === 'system').flatMap(({ content }) => content);
  const turns = merged(conversation.turns.filter(({ role }) => role !== 'system'));
  return { ...conversation, turns, system: [...conversation.system, ...hoisted] };
}

export function dropThinkingWish(conversation: Conversation): Conversation {
  const { thinking: _thinking, output_config, ...rest } = conversation.rest;
  const format = (output_config as Json | undefined)?.['format'];
  return { ...conversation, rest: format === undefined ? rest : { ...rest, output_config: { format } } };
}

export function dropTopK(conversation: Conversation): Conversation {
  const { top_k: _, ...rest } = conversation.rest;
  return { ...conversation, rest };
}

export function limitStops(conversation: Conversation): Conversation {
  const { stop_sequences, ...rest } = conversation.rest;
  if (!Array.isArray(stop_sequences)) return conversation;
  return { ...conversation, rest: { ...rest, stop_sequences: stop_sequences.slice(0, 4) } };
}

export function shortenUser(conversation: Conversation): Conversation {
  const { metadata, ...rest } = conversation.rest;
  if (metadata === undefined) return conversation;
  const user = String((metadata as Json)['user_id']);
  const short = user.length <= 64 ? user : createHash('sha256').update(user).digest('hex');
  return { ...conversation, rest: { ...rest, metadata: { user_id: short } } };
}

function mapResults(conversation: Conversation, change: (result: Block) => Block[]): Conversation {
  return mapBlocks(conversation, (block) => (isResult(block) ? change(block) : [block]));
}

function isText({ type }: Block): boolean {
  return type === 'text';
}

function isResult({ type }: Block): boolean {
  return type === 'tool_result';
}

function joined(texts: readonly Block[]): Block[] {
  return texts.length === 0 ? [] : [text(texts.map((block) => block['text']).join('\n\n'))];
}
