/** Compares what became of an exchange with what the rules say of it, and with what Node made of it. */
import { isDeepStrictEqual } from 'node:util';
import type { UpstreamFailure } from '../../shared/metrics';
import type { AnswerFields } from '../../worker/upstream/upstream';
import { fieldsOf } from '../support/answer-fields';
import type { Outcome, WholeAnswer } from '../support/ask-upstream';
import { DIFFERENCES, type Difference, type Direction } from './differences';
import type { Answer, Meaning } from './exchange';
import type { NodeOutcome } from './node-answer';
import { type Flaw, readStrictly } from './strict-reading';

/** What our client is to make of an answer. */
export interface Expected {
  /** Null where it must fail. */
  meaning: Pick<Meaning, 'status' | 'headers' | 'body'> | null;
  flaw: Flaw | 'surplus' | 'reset' | null;
}

/**
 * @param isPaced every piece was a read of its own
 * @throws Error what is wrong
 * @returns the entry of the table that explains why the clients differ, or null
 */
export function judge(answer: Answer, isPaced: boolean, ours: Outcome, node: NodeOutcome): Difference | null {
  const expected = expectedOf(answer);
  const wrong = faultOf(expected, ours);
  const isForgiven = !isPaced && isOneReadOf(answer, expected, ours);
  if (wrong !== null && !isForgiven) throw new Error(`${wrong} (Node: ${short(node)})`);
  const direction = directionOf(ours, node);
  if (direction === null) return null;
  const flaw = isForgiven && expected.flaw === null ? 'surplus' : expected.flaw;
  const difference = DIFFERENCES.find(
    (entry) => entry.direction === direction && entry.applies({ answer, flaw, node }),
  );
  if (difference !== undefined) return difference;
  throw new Error(
    `${direction} than Node, and no listed difference (${flaw})\nours: ${short(ours)}\nNode: ${short(node)}`,
  );
}

/** @throws Error when the generator and the reading of the rules do not agree */
function expectedOf(answer: Answer): Expected {
  if (answer.ending === 'reset') return { meaning: null, flaw: 'reset' };
  const reading = readStrictly(answer.bytes);
  if (reading.flaw !== null) {
    if (answer.meaning !== null) throw new Error(`made as legal, and read as wrong: ${reading.flaw}`);
    return { meaning: null, flaw: reading.flaw };
  }
  const { endsAt } = reading;
  // In the same read as the end, that is.
  if (endsAt < answer.bytes.length && !answer.cuts.includes(endsAt)) return { meaning: null, flaw: 'surplus' };
  if (answer.mustFail) throw new Error('made as wrong, and read as legal');
  if (answer.meaning !== null) {
    const wrong = faultAgainst(answer.meaning, { kind: 'answer', ...reading, fields: fieldsOf(reading.headers) });
    if (wrong !== null) throw new Error(`made as one thing, and read as another: ${wrong}`);
  }
  return { meaning: reading, flaw: null };
}

/** Whether the outcome is right for a client that saw in one read what was sent in several. */
function isOneReadOf({ bytes }: Answer, { flaw }: Expected, ours: Outcome): boolean {
  const reading = readStrictly(bytes);
  if (reading.flaw !== null) return false;
  // libuv tells of an end in place of a reset that comes with the last bytes (`uv__stream_io`, POLLHUP).
  if (flaw === 'reset') return ours.kind === 'answer' && faultAgainst(reading, ours) === null;
  return flaw === null && reading.endsAt < bytes.length && ours.kind === 'failure' && ours.reason === 'bad_response';
}

function faultOf({ meaning, flaw }: Expected, ours: Outcome): string | null {
  if (meaning !== null) return faultAgainst(meaning, ours);
  if (ours.kind === 'answer') return `taken, and has a flaw (${flaw}): ${short(ours)}`;
  const reasons: UpstreamFailure[] =
    flaw === 'reset' ? ['reset', 'closed'] : flaw === 'incomplete' ? ['closed'] : ['bad_response'];
  return reasons.includes(ours.reason)
    ? null
    : `fails with ${ours.reason} in place of ${reasons.join(' or ')} (${flaw})`;
}

function faultAgainst(meaning: Pick<Meaning, 'status' | 'headers' | 'body'>, ours: Outcome): string | null {
  if (ours.kind === 'failure') return `fails with ${ours.reason} (${ours.message}), and is legal`;
  if (ours.status !== meaning.status) return `status ${ours.status} in place of ${meaning.status}`;
  if (!meansTheSame(ours.fields, meaning.headers)) {
    return `${JSON.stringify(ours.fields)} of ${JSON.stringify(meaning.headers)}`;
  }
  if (ours.body.equals(meaning.body)) return null;
  return `a body of ${ours.body.length} bytes that is not the one sent, of ${meaning.body.length}`;
}

function directionOf(ours: Outcome, node: NodeOutcome): Direction | null {
  if (ours.kind === 'failure') return node.kind === 'failure' ? null : 'stricter';
  if (node.kind === 'failure') return 'looser';
  return isSameAnswer(ours, node) ? null : 'other';
}

function isSameAnswer(ours: WholeAnswer, node: NodeOutcome & { kind: 'answer' }): boolean {
  return ours.status === node.status && meansTheSame(ours.fields, node.headers) && ours.body.equals(node.body);
}

/** That it has more than ASCII may be by the reason in its first line, of which the headers do not tell. */
function meansTheSame(fields: AnswerFields, headers: readonly string[]): boolean {
  const expected = fieldsOf(headers);
  return isDeepStrictEqual(fields, { ...expected, isAscii: expected.isAscii && fields.isAscii });
}

function short(outcome: Outcome | NodeOutcome): string {
  if (outcome.kind === 'failure') {
    return 'code' in outcome ? `failed with ${outcome.code}` : `failed with ${outcome.reason}: ${outcome.message}`;
  }
  const { status, body } = outcome;
  const head = JSON.stringify('fields' in outcome ? outcome.fields : outcome.headers);
  const begin = JSON.stringify(body.toString('latin1', 0, 60));
  return `${status} ${head.slice(0, 500)} ${body.length} bytes ${begin}`;
}
