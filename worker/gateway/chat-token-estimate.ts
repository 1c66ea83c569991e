/** The same estimate as for Messages, of a Chat Completions request: for routing by length. */
import type { RequestMembers } from '../json/request-members';
import type { JsonView } from '../json/view';
import {
  documentTokens,
  IMAGE_TOKENS,
  MESSAGE_TOKENS,
  TOOL_BLOCK_TOKENS,
  TOOL_PROMPT_TOKENS,
  tallyUpTo,
  textBytes,
} from './token-estimate';
import type { TokenTally } from './token-tally';

/** 10 tokens a second; a second of compressed speech has some 8 KB, in base64 a third more. */
const AUDIO_BYTES_PER_TOKEN = 1000;

/** `functions` are what `tools` were called before. */
const CHAT_MEMBERS = ['messages', 'tools', 'functions', 'response_format'];

/** Texts that a message may have beside its content; the last two are what makers of other models call thinking. */
const MESSAGE_TEXTS = ['name', 'refusal', 'reasoning_content', 'reasoning'];

/**
 * Counts `messages`, `tools` and `response_format` until the limit is passed
 * (https://platform.openai.com/docs/api-reference/chat/create). Takes whatever a client may send.
 */
export function tallyChat(request: RequestMembers, limit: number): TokenTally {
  return tallyUpTo(limit, request, CHAT_MEMBERS, (tally) => {
    for (const item of request.get('messages')?.items() ?? []) {
      if (tally.isOver) return;
      message(tally, item);
    }
    const [tools, functions] = [request.get('tools'), request.get('functions')];
    if ((tools ?? functions) !== undefined) tally.add(TOOL_PROMPT_TOKENS);
    tally.json(tools);
    tally.json(functions);
    tally.json(request.get('response_format'));
  });
}

function message(tally: TokenTally, view: JsonView): void {
  tally.add(MESSAGE_TOKENS);
  for (const name of MESSAGE_TEXTS) tally.text(view.get(name));
  const content = view.get('content');
  if (content?.kind === 'array') {
    for (const item of content.items()) {
      if (tally.isOver) return;
      part(tally, item);
    }
  } else tally.text(content);
  const calls = view.get('tool_calls')?.items() ?? [];
  for (const call of calls) calledFunction(tally, call.get('function'));
  calledFunction(tally, view.get('function_call'));
}

function calledFunction(tally: TokenTally, view: JsonView | undefined): void {
  if (view === undefined) return;
  tally.add(TOOL_BLOCK_TOKENS);
  tally.text(view.get('name'));
  tally.text(view.get('arguments'));
}

/** A part of a content. An unknown one counts as JSON. */
function part(tally: TokenTally, view: JsonView): void {
  switch (view.textOf('type')) {
    case 'text':
      tally.text(view.get('text'));
      return;
    case 'refusal':
      tally.text(view.get('refusal'));
      return;
    case 'image_url':
      tally.add(IMAGE_TOKENS);
      return;
    case 'input_audio':
      tally.add(textBytes(view.get('input_audio')?.get('data')) / AUDIO_BYTES_PER_TOKEN);
      return;
    case 'file':
      tally.add(documentTokens(view.get('file')?.get('file_data')));
      return;
    default:
      tally.json(view);
  }
}
