/** Random answers as calls of an `AnswerSink`, and how they are written and read again. */
import fc from 'fast-check';
import type { ErrorType } from '../../shared/errors';
import {
  type AnswerError,
  type AnswerSink,
  escapeText,
  type StopReason,
  type TokenUsage,
} from '../../worker/dialects/answer';
import { type SinkCall, StrictSink } from './strict-sink';

/** A content; texts come in pieces. */
type Content =
  | { kind: 'text' | 'thinking'; pieces: string[] }
  | { kind: 'signature' | 'redactedThinking'; data: string }
  | { kind: 'call'; name: string; pieces: string[] };

interface Ending {
  reason: StopReason;
  stopSequence: string | null;
  usage: TokenUsage | null;
}

export interface RandomAnswer {
  id: string;
  model: string;
  usage: TokenUsage | null;
  contents: Content[];
  end: Ending | { error: AnswerError };
  /** Characters beyond ASCII are escaped, too, as some providers do. */
  ascii: boolean;
}

/** Whole characters: halves of surrogate pairs are no text of a sink's. */
const unit = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('"', '\\', '\n', '\u0000', '\u2028', '\ud83d\ude00', '\\ud83d', 'data: ', '\n\n'),
);
const some = fc.string({ unit, minLength: 1, maxLength: 10 });
const pieces = fc.array(some, { minLength: 1, maxLength: 4 });
const usage = fc.option(fc.record({ input: fc.nat(), output: fc.nat(), cacheRead: fc.nat(), cacheCreation: fc.nat() }));
const json = fc.dictionary(some, fc.jsonValue({ maxDepth: 2, stringUnit: unit }), {
  maxKeys: 3,
  noNullPrototype: true,
});

const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ kind: fc.constantFrom('text' as const, 'thinking' as const), pieces }),
  fc.record({ kind: fc.constantFrom('signature' as const, 'redactedThinking' as const), data: some }),
  fc
    .tuple(
      some,
      fc.oneof(
        fc.constant(''),
        json.map((value) => JSON.stringify(value)),
      ),
      fc.nat(20),
    )
    .map(([name, text, at]) => ({ kind: 'call' as const, name, pieces: cut(text, at) })),
);

const REASONS: StopReason[] = [
  ...(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'pause_turn', 'refusal'] as const),
  'model_context_window_exceeded',
];
const ERRORS: ErrorType[] = [
  ...(['invalid_request_error', 'authentication_error', 'billing_error', 'permission_error'] as const),
  ...(['not_found_error', 'rate_limit_error', 'timeout_error', 'api_error', 'overloaded_error'] as const),
];
const end: fc.Arbitrary<Ending> = fc
  .record({ reason: fc.constantFrom(...REASONS), stop: some, usage })
  .map(({ reason, stop, usage }) => ({ reason, stopSequence: reason === 'stop_sequence' ? stop : null, usage }));
const failure = fc.record({
  error: fc.record({ type: fc.constantFrom(...ERRORS), message: fc.constantFrom('It broke', 'No "more" ünits\\') }),
});

/** @param fails whether some of the answers are broken off by an error */
export function randomAnswers(fails: boolean): fc.Arbitrary<RandomAnswer> {
  return fc
    .record({
      id: fc.oneof(fc.constantFrom('', 'msg_1', 'chatcmpl-1'), some),
      model: fc.oneof(fc.constant(''), some),
      usage,
      contents: fc.array(content, { maxLength: 6 }),
      end: fails ? fc.oneof({ weight: 4, arbitrary: end }, failure) : end,
      ascii: fc.boolean(),
    })
    .chain((answer) => fc.boolean().map((isCut) => (isCut ? cutOff(answer) : answer)));
}

/** What `call` of the answer makes of a sink. */
export function play({ id, model, usage, contents, end: ending, ascii }: RandomAnswer, sink: AnswerSink): void {
  const escaped = (text: string) => (ascii ? escapeAll(escapeText(text)) : escapeText(text));
  sink.begin(id, model, usage);
  for (const [number, one] of contents.entries()) {
    if (one.kind === 'call') {
      sink.toolCall(`call_${number}`, one.name);
      for (const piece of one.pieces) sink.toolArguments(escaped(piece));
    } else if ('pieces' in one) for (const piece of one.pieces) sink[one.kind](escaped(piece));
    else sink[one.kind](escaped(one.data));
  }
  if ('error' in ending) sink.fail(ending.error);
  else sink.end(ending.reason, ending.stopSequence, ending.usage);
}

/** The answer as it is told, with `{}` for a call without arguments: both mean the same. */
export function told(sink: StrictSink): SinkCall[] {
  return sink.calls.filter((call) => !('toolArguments' in call && call.toolArguments === '{}'));
}

export function toldOf(answer: RandomAnswer): SinkCall[] {
  const sink = new StrictSink();
  play(answer, sink);
  return told(sink);
}

/** An answer that reached its limit within the arguments of its last call. */
function cutOff(answer: RandomAnswer): RandomAnswer {
  const last = answer.contents.at(-1);
  if (last?.kind !== 'call' || last.pieces.length < 2 || 'error' in answer.end) return answer;
  const contents = [...answer.contents.slice(0, -1), { ...last, pieces: last.pieces.slice(0, 1) }];
  return { ...answer, contents, end: { ...answer.end, reason: 'max_tokens', stopSequence: null } };
}

/** In two, between characters. */
function cut(text: string, at: number): string[] {
  const characters = Array.from(text);
  return [characters.slice(0, at).join(''), characters.slice(at).join('')].filter((piece) => piece !== '');
}

function escapeAll(escaped: string): string {
  return escaped.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
