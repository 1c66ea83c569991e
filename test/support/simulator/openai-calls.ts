/** How the calls of a turn are cut into the deltas of a Chat Completions stream. */
import { type Ugliness, unitPieces } from './ugliness';

export type Delta = Record<string, unknown>;

/** A call with its final id; `arguments` is JSON text. */
export interface WireCall {
  id: string;
  name: string;
  arguments: string;
}

export function isPlainCall(input: Record<string, unknown>): boolean {
  return Object.keys(input).length === 0;
}

/** One delta for each start of a call and each piece of its arguments. */
export function callDeltas(calls: readonly WireCall[], ugliness: Ugliness): Delta[] {
  const how = ugliness.arguments ?? 5;
  const starts = calls.map((call, i) => start(call, i, ugliness, how === 'whole' ? call.arguments : ''));
  if (how === 'whole') return starts;
  const pieces = calls.map((call, i) => {
    const texts = how === 'at_end' ? [call.arguments] : unitPieces(call.arguments, how);
    return texts.filter((text) => text !== '').map((text) => piece(call, i, ugliness, text));
  });
  if (ugliness.interleaved === true) return [...starts, ...inTurns(pieces)];
  if (how === 'at_end') return [...starts, ...pieces.flat()];
  return starts.flatMap((first, i) => [first, ...(pieces[i] ?? [])]);
}

function start(call: WireCall, index: number, ugliness: Ugliness, text: string): Delta {
  return delta({ ...position(index, ugliness), ...identity(call), function: { name: call.name, arguments: text } });
}

function piece(call: WireCall, index: number, ugliness: Ugliness, text: string): Delta {
  const at = position(index, ugliness);
  if (ugliness.repeatIds === true) {
    return delta({ ...at, ...identity(call), function: { name: call.name, arguments: text } });
  }
  if (ugliness.nulls === true) return delta({ ...at, id: null, type: null, function: { name: null, arguments: text } });
  return delta({ ...at, function: { arguments: text } });
}

function delta(call: Record<string, unknown>): Delta {
  return { tool_calls: [call] };
}

function identity({ id }: WireCall): Record<string, unknown> {
  return { id, type: 'function' };
}

function position(index: number, { indexMissing = false }: Ugliness): Record<string, unknown> {
  return indexMissing ? {} : { index };
}

/** The first of each list, then the second of each, … */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
