/**
 * A turn in the words of Chat Completions: one document, or the events of a stream
 * (https://platform.openai.com/docs/api-reference/chat/object and …/chat/streaming).
 */
import { callDeltas, type Delta, isPlainCall } from './openai-calls';
import { callId, type Turn, type TurnUsage, textPieces, type Vendor, type WireContext } from './turn';
import type { Ugliness } from './ugliness';

const CREATED = 1_764_000_000;

/** The whole answer. */
export function completion(turn: Turn, context: WireContext, ugliness: Ugliness = {}): Record<string, unknown> {
  const { calls = [] } = turn;
  const how = spelling(context.vendor, ugliness);
  const message: Record<string, unknown> = {
    role: 'assistant',
    content: wholeContent(turn, how),
    refusal: turn.refusal ?? null,
    annotations: [],
    ...wholeReasoning(turn, how),
  };
  if (calls.length > 0) {
    message['tool_calls'] = calls.map((call, i) => ({
      id: callId(call, idStyle(context), context.number, i),
      ...{ type: 'function', function: { name: call.name, arguments: argumentsOf(call.input, ugliness) } },
    }));
  }
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason(turn, ugliness) };
  return {
    ...envelope(context, 'chat.completion'),
    choices: [{ ...choice, ...stopMember(turn, ugliness) }],
    ...(ugliness.usage === 'absent' ? {} : { usage: usageOf(turn.usage, context) }),
  };
}

/** The events of a stream, `data: …` and an empty line each. */
export function completionEvents(turn: Turn, context: WireContext, ugliness: Ugliness = {}): string[] {
  const mode = ugliness.usage ?? defaultUsage(context);
  const deltas = deltasOf(turn, context, ugliness);
  const isAsked = mode === 'own' ? { usage: null } : {};
  const chunks: Record<string, unknown>[] = [];
  if (ugliness.emptyChoicesFirst === true) chunks.push(azureFirst(context));
  for (const [i, delta] of deltas.entries()) {
    const choice = { index: 0, delta: ugliness.nulls === true ? withNulls(delta) : delta, logprobs: null };
    const so = Math.ceil((turn.usage.output * (i + 1)) / deltas.length);
    chunks.push({
      ...envelope(context, 'chat.completion.chunk'),
      choices: [{ ...choice, finish_reason: null }],
      ...(mode === 'every' ? { usage: usageOf({ ...turn.usage, output: so }, context) } : isAsked),
      ...(mode === 'x_groq' && i === 0 ? { x_groq: { id: 'req_simgroq' } } : {}),
    });
  }
  const usage = usageOf(turn.usage, context);
  chunks.push({
    ...envelope(context, 'chat.completion.chunk'),
    choices: [
      {
        ...{ index: 0, delta: ugliness.nulls === true ? withNulls({}) : {}, logprobs: null },
        ...{ finish_reason: finishReason(turn, ugliness), ...stopMember(turn, ugliness) },
      },
    ],
    ...(mode === 'last' || mode === 'every' ? { usage } : isAsked),
    ...(mode === 'x_groq' ? { x_groq: { id: 'req_simgroq', usage } } : {}),
  });
  if (mode === 'own') chunks.push({ ...envelope(context, 'chat.completion.chunk'), choices: [], usage });
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  if (ugliness.done !== 'missing') events.push('data: [DONE]\n\n');
  return events;
}

function envelope({ number, model }: WireContext, object: string): Record<string, unknown> {
  const id = `chatcmpl-Sim${String(number).padStart(26, '0')}`;
  return { id, object, created: CREATED, model, service_tier: 'default', system_fingerprint: 'fp_sim0000000' };
}

function idStyle({ vendor }: WireContext): 'mistral' | 'openai' {
  return vendor === 'mistral' ? 'mistral' : 'openai';
}

function finishReason({ stop, calls = [] }: Turn, { stopWithCalls = false }: Ugliness): string {
  if (stop === 'length') return 'length';
  if (stop === 'filter') return 'content_filter';
  return stop === 'tools' && calls.length > 0 && !stopWithCalls ? 'tool_calls' : 'stop';
}

function stopMember({ stopSequence }: Turn, { tellStopSequence = false }: Ugliness): Record<string, unknown> {
  return tellStopSequence ? { stop_reason: stopSequence ?? null } : {};
}

function argumentsOf(input: Record<string, unknown>, { emptyArguments = false }: Ugliness): string {
  return emptyArguments && isPlainCall(input) ? '' : JSON.stringify(input);
}

function usageOf(usage: TurnUsage, { vendor }: WireContext): Record<string, unknown> {
  const { input, output, cacheRead = 0, cacheCreation = 0, reasoning = 0 } = usage;
  const prompt = input + cacheRead + cacheCreation;
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0, accepted_prediction_tokens: 0 },
    // https://api-docs.deepseek.com/guides/kv_cache
    ...(vendor === 'deepseek'
      ? { prompt_cache_hit_tokens: cacheRead, prompt_cache_miss_tokens: prompt - cacheRead }
      : {}),
  };
}

function defaultUsage({ vendor, includeUsage }: WireContext): NonNullable<Ugliness['usage']> {
  if (vendor === 'mistral') return 'last';
  return includeUsage ? 'own' : 'absent';
}

/** How thinking is told: in a member, as a part of the content (Mistral), or not at all (OpenAI itself). */
type Spelling = NonNullable<Ugliness['reasoning']> | 'parts' | 'none';

const SPELLINGS: Record<Vendor, Spelling> = {
  openai: 'none',
  azure: 'none',
  deepseek: 'reasoning_content',
  xai: 'reasoning_content',
  groq: 'reasoning',
  ollama: 'reasoning',
  openrouter: 'reasoning+reasoning_details',
  mistral: 'parts',
};

function spelling(vendor: Vendor, ugliness: Ugliness): Spelling {
  return ugliness.contentParts === true ? 'parts' : (ugliness.reasoning ?? SPELLINGS[vendor]);
}

/** The members of a message in which the answer's thinking is: the client may send them back. */
export function thinkingMembers({ thinking }: Turn, vendor: Vendor, ugliness: Ugliness): string[] {
  const how = spelling(vendor, ugliness);
  return thinking === undefined || how === 'none' || how === 'parts' ? [] : how.split('+');
}

function wholeContent({ text, thinking, calls = [] }: Turn, how: Spelling): unknown {
  if (how !== 'parts' || thinking === undefined) return text ?? (calls.length > 0 ? null : '');
  return [thinkingPart(thinking), ...(text === undefined ? [] : [{ type: 'text', text }])];
}

function wholeReasoning({ thinking, thinkingSignature }: Turn, how: Spelling): Delta {
  return thinking === undefined || how === 'parts' ? {} : reasoning(thinking, how, thinkingSignature);
}

/** https://docs.mistral.ai/capabilities/reasoning */
function thinkingPart(thinking: string): Record<string, unknown> {
  return { type: 'thinking', thinking: [{ type: 'text', text: thinking }] };
}

/** A text of thinking in the provider's spelling; https://openrouter.ai/docs/use-cases/reasoning-tokens for the details. */
function reasoning(text: string, how: Exclude<Spelling, 'parts'>, signature?: string): Delta {
  const detail = { type: 'reasoning.text', text, format: 'anthropic-claude-v1', index: 0 };
  const details = [{ ...detail, ...(signature === undefined ? {} : { signature }) }];
  switch (how) {
    case 'none':
      return {};
    case 'reasoning_content':
      return { reasoning_content: text };
    case 'reasoning':
      return { reasoning: text };
    case 'reasoning_details':
      return { reasoning_details: details };
    case 'reasoning+reasoning_details':
      return { reasoning: text, reasoning_details: details };
  }
}

function deltasOf(turn: Turn, context: WireContext, ugliness: Ugliness): Delta[] {
  const how = spelling(context.vendor, ugliness);
  const deltas: Delta[] = [{ role: 'assistant', content: '', refusal: null }];
  for (const piece of how === 'none' ? [] : textPieces(turn.thinking ?? '')) {
    deltas.push(how === 'parts' ? { content: [thinkingPart(piece)] } : reasoning(piece, how));
  }
  if (turn.thinkingSignature !== undefined && how.includes('details')) {
    const detail = {
      type: 'reasoning.text',
      signature: turn.thinkingSignature,
      format: 'anthropic-claude-v1',
      index: 0,
    };
    deltas.push({ content: '', reasoning_details: [detail] });
  }
  const { contentParts = false } = ugliness;
  for (const piece of textPieces(turn.text ?? '')) {
    deltas.push({ content: contentParts ? [{ type: 'text', text: piece }] : piece });
  }
  for (const piece of textPieces(turn.refusal ?? '')) deltas.push({ refusal: piece });
  const calls = (turn.calls ?? []).map((call, i) => ({
    ...{ id: callId(call, idStyle(context), context.number, i), name: call.name },
    arguments: argumentsOf(call.input, ugliness),
  }));
  return [...deltas, ...callDeltas(calls, ugliness)];
}

function withNulls(delta: Delta): Delta {
  const none = { role: null, content: null, refusal: null, function_call: null, tool_calls: null, audio: null };
  return { ...none, reasoning_content: null, reasoning: null, ...delta };
}

/** https://learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming */
function azureFirst({ model }: WireContext): Record<string, unknown> {
  const filters = { hate: { filtered: false, severity: 'safe' }, jailbreak: { filtered: false, detected: false } };
  return {
    ...{ choices: [], created: 0, id: '', model, object: '' },
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: filters }],
  };
}
