/** A turn in the words of Anthropic's Messages API. */
import { streamEvents, type WireBlock, type WireMessage } from '../anthropic-wire';
import { callId, SOME_SIGNATURE, type Turn, type TurnStop, type WireContext } from './turn';
import { type Ugliness, unitPieces } from './ugliness';

const STOP_REASONS: Record<TurnStop, string> = {
  end: 'end_turn',
  length: 'max_tokens',
  tools: 'tool_use',
  filter: 'refusal',
  stop_sequence: 'stop_sequence',
};

/** The whole answer. */
export function message(turn: Turn, { number, model }: WireContext): WireMessage {
  const content: WireBlock[] = [];
  const { thinking, thinkingSignature = SOME_SIGNATURE, text = turn.refusal } = turn;
  if (thinking !== undefined) content.push({ type: 'thinking', thinking, signature: thinkingSignature });
  if (text !== undefined && text !== '') content.push({ type: 'text', text });
  for (const [i, call] of (turn.calls ?? []).entries()) {
    content.push({ type: 'tool_use', id: callId(call, 'anthropic', number, i), name: call.name, input: call.input });
  }
  const { input, output, cacheRead = 0, cacheCreation = 0 } = turn.usage;
  return {
    ...{ id: `msg_01Sim${String(number).padStart(19, '0')}`, type: 'message', role: 'assistant', model, content },
    stop_reason: STOP_REASONS[turn.stop],
    stop_sequence: turn.stopSequence ?? null,
    usage: {
      input_tokens: input,
      cache_creation_input_tokens: cacheCreation,
      cache_read_input_tokens: cacheRead,
      output_tokens: output,
    },
  };
}

/** The events of a stream. */
export function messageEvents(turn: Turn, context: WireContext, ugliness: Ugliness = {}): string[] {
  const { arguments: pieces } = ugliness;
  return streamEvents(message(turn, context), {
    pingEvery: ugliness.pingEvery ?? 0,
    ...(typeof pieces === 'number' ? { cutJson: (json: string) => unitPieces(json, pieces) } : {}),
    ...(pieces === 'whole' || pieces === 'at_end' ? { cutJson: (json: string) => [json] } : {}),
  });
}
