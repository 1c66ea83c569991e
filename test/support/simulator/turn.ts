/** What a model answers, without a word about the wire: each dialect's writer makes its own bytes of it. */

/** Tokens, each counted once: `input` has none that came from or went to the cache, `output` includes `reasoning`. */
export interface TurnUsage {
  input: number;
  output: number;
  cacheRead?: number;
  cacheCreation?: number;
  reasoning?: number;
}

export interface TurnCall {
  /** Default: one in the dialect's style (Gemini: none). */
  id?: string;
  name: string;
  input: Record<string, unknown>;
  /** Gemini's `thoughtSignature` of this call (base64). */
  signature?: string;
}

export type TurnStop = 'end' | 'length' | 'tools' | 'filter' | 'stop_sequence';

export interface Turn {
  thinking?: string;
  /** What proves the thinking to its provider: Anthropic's `signature`, the one in OpenRouter's `reasoning_details`. */
  thinkingSignature?: string;
  text?: string;
  /** OpenAI's `refusal`; the other dialects say it as text. */
  refusal?: string;
  calls?: readonly TurnCall[];
  stop: TurnStop;
  /** The one that was met, with `stop: 'stop_sequence'`. */
  stopSequence?: string;
  usage: TurnUsage;
}

/** Anthropic's signature where the script names none. */
export const SOME_SIGNATURE = 'c2ltdWxhdG9y';

export const SOME_USAGE: TurnUsage = { input: 25, output: 42, cacheRead: 11, reasoning: 5 };

/** A turn with what most tests do not care about filled in; with calls it stops for them. */
export function turn(parts: Partial<Turn>): Turn {
  const stop = (parts.calls ?? []).length > 0 ? 'tools' : 'end';
  return { stop, usage: SOME_USAGE, ...parts };
}

/** Providers of OpenAI's dialect that differ from it in what they take and in how they say no. */
export type Vendor = 'openai' | 'azure' | 'openrouter' | 'deepseek' | 'groq' | 'mistral' | 'xai' | 'ollama';

/** What an answer repeats of its request, and its number. */
export interface WireContext {
  /** Of the request at this simulator, from 1. */
  number: number;
  model: string;
  vendor: Vendor;
  /** The client asked for usage in the stream. */
  includeUsage: boolean;
}

/** The id of a turn's nth call where the script names none: in OpenAI's style, Anthropic's, or Mistral's (nine characters). */
export function callId(
  call: TurnCall,
  style: 'openai' | 'anthropic' | 'mistral',
  number: number,
  index: number,
): string {
  if (call.id !== undefined) return call.id;
  const count = `${number}x${index}`;
  if (style === 'mistral') return `M${count.replace('x', 'X').padStart(8, '0')}`;
  return style === 'openai' ? `call_Sim${count.padStart(21, '0')}` : `toolu_01Sim${count.padStart(19, '0')}`;
}

/** Text in pieces of two words, none of them empty. */
export function textPieces(text: string): string[] {
  return text.match(/(?:[^ ]* ?){1,2}/g)?.filter((piece) => piece !== '') ?? [];
}
