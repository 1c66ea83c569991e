/**
 * A turn as Gemini's `GenerateContentResponse`: one, or the several of a stream
 * (https://ai.google.dev/api/generate-content, thinking: …/gemini-api/docs/thinking, signatures: …/docs/thought-signatures).
 */
import { type Turn, type TurnUsage, textPieces, type WireContext } from './turn';
import type { Ugliness } from './ugliness';

type Part = Record<string, unknown>;
type Response = Record<string, unknown>;

/** The whole answer. */
export function generated(turn: Turn, context: WireContext, ugliness: Ugliness = {}): Response {
  if (ugliness.blockReason !== undefined) return blocked(turn, context, ugliness.blockReason);
  const parts: Part[] = [];
  if (turn.thinking !== undefined) parts.push({ text: turn.thinking, thought: true });
  const text = turn.text ?? turn.refusal;
  if (text !== undefined) parts.push({ text, ...textSignature(turn) });
  parts.push(...callParts(turn));
  const response = responseOf(parts, turn, context, finishReason(turn, ugliness));
  if (ugliness.usage === 'absent') delete response['usageMetadata'];
  return response;
}

/** The answers of a stream, in order. */
export function generatedPieces(turn: Turn, context: WireContext, ugliness: Ugliness = {}): Response[] {
  if (ugliness.blockReason !== undefined) return [blocked(turn, context, ugliness.blockReason)];
  const pieces: Part[][] = [
    ...textPieces(turn.thinking ?? '').map((text) => [{ text, thought: true }]),
    ...textPieces(turn.text ?? turn.refusal ?? '').map((text) => [{ text }]),
    // Calls come whole, each in an answer of its own.
    ...callParts(turn).map((part) => [part]),
  ];
  const last: Part[] = (turn.calls ?? []).length > 0 ? [] : [{ text: '', ...textSignature(turn) }];
  const all = [...pieces.map((parts) => responseOf(parts, turn, context)), finish(last, turn, context, ugliness)];
  if (ugliness.emptyParts === true) all.splice(1, 0, ...emptyOnes(turn, context));
  return all.map((response, i) => {
    const { usageMetadata, ...rest } = response;
    const isLast = i === all.length - 1;
    if (ugliness.usage === 'absent' || (ugliness.usage === 'last' && !isLast)) return rest;
    return isLast ? response : { ...rest, usageMetadata: growing(turn.usage, i + 1, all.length) };
  });
}

/** `data: …` and an empty line for each. */
export function generatedEvents(turn: Turn, context: WireContext, ugliness: Ugliness = {}): string[] {
  return generatedPieces(turn, context, ugliness).map((response) => `data: ${JSON.stringify(response)}\n\n`);
}

/** The same without `alt=sse`: one array, an element at a time. */
export function generatedArray(turn: Turn, context: WireContext, ugliness: Ugliness = {}): string[] {
  const pieces = generatedPieces(turn, context, ugliness).map((response) => JSON.stringify(response, null, 2));
  return [...pieces.map((piece, i) => (i === 0 ? `[${piece}` : `\n,\r\n${piece}`)), '\n]\n'];
}

function finish(parts: Part[], turn: Turn, context: WireContext, ugliness: Ugliness): Response {
  const reason = finishReason(turn, ugliness);
  if (parts.length > 0) return responseOf(parts, turn, context, reason);
  const response = responseOf([], turn, context, reason);
  return { ...response, candidates: [{ content: { role: 'model' }, finishReason: reason, index: 0 }] };
}

function responseOf(parts: Part[], turn: Turn, context: WireContext, reason?: string): Response {
  const ended = reason === undefined ? {} : { finishReason: reason };
  const stopped = reason === 'SAFETY' ? { safetyRatings: [SAFETY_RATING] } : {};
  return {
    candidates: [{ content: { parts, role: 'model' }, ...ended, index: 0, ...stopped }],
    usageMetadata: usageOf(turn.usage),
    ...names(context),
  };
}

const SAFETY_RATING = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };

function names({ number, model }: WireContext): Response {
  return { modelVersion: model, responseId: `sim-response-${number}` };
}

/** The prompt was refused: there is no candidate. */
function blocked(turn: Turn, context: WireContext, blockReason: string): Response {
  const { promptTokenCount } = usageOf(turn.usage);
  return {
    promptFeedback: { blockReason },
    usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount },
    ...names(context),
  };
}

function callParts({ calls = [] }: Turn): Part[] {
  return calls.map(({ id, name, input, signature }) => ({
    functionCall: { ...(id === undefined ? {} : { id }), name, args: input },
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
  }));
}

/** Without calls the signature is in the last part, with text or with none. */
function textSignature({ calls = [], thinkingSignature }: Turn): Part {
  return calls.length > 0 || thinkingSignature === undefined ? {} : { thoughtSignature: thinkingSignature };
}

function finishReason({ stop }: Turn, ugliness: Ugliness): string {
  if (ugliness.finishReason !== undefined) return ugliness.finishReason;
  if (stop === 'length') return 'MAX_TOKENS';
  return stop === 'filter' ? 'SAFETY' : 'STOP';
}

/** The prompt's count includes what was cached; thoughts are counted beside the candidates. */
function usageOf({
  input,
  output,
  cacheRead = 0,
  cacheCreation = 0,
  reasoning = 0,
}: TurnUsage): Record<string, number> {
  const prompt = input + cacheRead + cacheCreation;
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: output - reasoning,
    totalTokenCount: prompt + output,
    ...(cacheRead > 0 ? { cachedContentTokenCount: cacheRead } : {}),
    ...(reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}),
  };
}

/** Counts of an answer that is under way. */
function growing(usage: TurnUsage, part: number, parts: number): Record<string, number> {
  const output = Math.ceil((usage.output * part) / parts);
  return usageOf({ ...usage, output, reasoning: Math.min(output, usage.reasoning ?? 0) });
}

function emptyOnes(turn: Turn, context: WireContext): Response[] {
  const response = responseOf([{ text: '' }], turn, context);
  const without = (candidate: Response): Response => ({ ...response, candidates: [candidate] });
  return [response, without({ content: { role: 'model' }, index: 0 }), without({ index: 0 }), { ...names(context) }];
}
