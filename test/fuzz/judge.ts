/** Compares what became of an exchange with what it means, and with what Node made of it. */
import type { Outcome, WholeAnswer } from '../support/ask-upstream';
import { DIFFERENCES, type Difference, type Direction } from './differences';
import type { Answer, Meaning } from './exchange';
import type { NodeOutcome } from './node-answer';

export interface Verdict {
  /** What is wrong; null where nothing is. */
  fault: string | null;
  /** The entry of the table that explains why the clients differ; null where they do not. */
  difference: Difference | null;
}

const AGREED: Verdict = { fault: null, difference: null };

export function judge(answer: Answer, ours: Outcome, node: NodeOutcome): Verdict {
  if (answer.meaning !== null) {
    const wrong = faultAgainst(answer.meaning, ours);
    if (wrong !== null) return { fault: `${wrong} (Node: ${short(node)})`, difference: null };
  }
  if (answer.mustFail !== null) {
    if (ours.kind === 'answer')
      return { fault: `taken, but it must fail: ${short(ours)} (Node: ${short(node)})`, difference: null };
    if (!answer.mustFail.includes(ours.reason)) {
      return { fault: `fails with ${ours.reason} in place of ${answer.mustFail.join(' or ')}`, difference: null };
    }
  }
  const direction = directionOf(ours, node);
  if (direction === null) return AGREED;
  const difference = DIFFERENCES.find((entry) => entry.direction === direction && entry.applies(answer, ours, node));
  if (difference !== undefined) return { fault: null, difference };
  return {
    fault: `${direction} than Node, and no listed difference\nours: ${short(ours)}\nNode: ${short(node)}`,
    difference: null,
  };
}

function faultAgainst(meaning: Meaning, ours: Outcome): string | null {
  if (ours.kind === 'failure') return `fails with ${ours.reason} (${ours.message}), and is legal`;
  if (ours.status !== meaning.status) return `status ${ours.status} in place of ${meaning.status}`;
  if (!isSameList(ours.headers, meaning.headers))
    return `headers ${JSON.stringify(ours.headers)} in place of ${JSON.stringify(meaning.headers)}`;
  return ours.body.equals(meaning.body)
    ? null
    : `a body of ${ours.body.length} bytes that is not the one sent, of ${meaning.body.length}`;
}

function directionOf(ours: Outcome, node: NodeOutcome): Direction | null {
  if (ours.kind === 'failure') return node.kind === 'failure' ? null : 'stricter';
  if (node.kind === 'failure') return 'looser';
  return isSameAnswer(ours, node) ? null : 'other';
}

function isSameAnswer(ours: WholeAnswer, node: NodeOutcome & { kind: 'answer' }): boolean {
  return ours.status === node.status && isSameList(ours.headers, node.headers) && ours.body.equals(node.body);
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, at) => text === right[at]);
}

function short(outcome: Outcome | NodeOutcome): string {
  if (outcome.kind === 'failure')
    return 'code' in outcome ? `failed with ${outcome.code}` : `failed with ${outcome.reason}: ${outcome.message}`;
  const { status, headers, body } = outcome;
  return `${status} ${JSON.stringify(headers).slice(0, 500)} ${body.length} bytes ${JSON.stringify(body.toString('latin1', 0, 60))}`;
}
