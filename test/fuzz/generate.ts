/** A case: exchanges that follow each other on one upstream with a single connection. A seed and a number make it again. */
import { Random } from '../chaos/random';
import type { Answer, Exchange } from './exchange';
import { assemble, legalParts, type Parts } from './legal-answers';
import { mutated } from './mutate';
import { SPOILERS } from './spoilt-answers';
import { cutsOf } from './wire';

export function generateCase(seed: number, index: number): Exchange[] {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0);
  // Neighbouring states give neighbouring first numbers.
  random.next();
  return Array.from({ length: random.pick([1, 1, 2, 2, 3, 5]) }, () => exchange(random));
}

function exchange(random: Random): Exchange {
  const isGet = random.next() < 0.2;
  const answer = anyAnswer(random);
  const conduct = random.next();
  return {
    method: isGet ? 'GET' : 'POST',
    requestBody: isGet ? Buffer.alloc(0) : Buffer.alloc(random.pick([0, 2, 2, 300, 40_000]), 'q'),
    answer,
    conduct: conduct < 0.8 ? 'plain' : conduct < 0.95 && answer.kind !== 'surplus later' ? 'pauses' : 'aborts',
    // What comes after the end of an answer could not be told from the beginning of the next one.
    waitsForServer: random.next() < 0.5 || answer.meaning === null || answer.kind === 'surplus later',
  };
}

function anyAnswer(random: Random): Answer {
  const chance = random.next();
  const parts = legalParts(random);
  if (chance < 0.43) return legal(random, parts);
  if (chance < 0.5) return withSurplus(random, parts);
  if (chance < 0.57) return cutShort(random, parts);
  if (chance < 0.61) return reset(random, parts);
  if (chance < 0.87) return spoilt(random, parts);
  const bytes = mutated(random, assemble(parts));
  return {
    kind: 'mutated',
    bytes,
    cuts: cutsOf(random, bytes),
    ending: 'fin',
    meaning: null,
    mustFail: false,
  };
}

function legal(random: Random, parts: Parts): Answer {
  const bytes = assemble(parts);
  const ending = parts.framing === 'close' || random.next() < 0.2 ? 'fin' : 'keep';
  return {
    kind: 'legal',
    bytes,
    cuts: cutsOf(random, bytes),
    ending,
    meaning: parts.meaning,
    mustFail: false,
  };
}

const SURPLUS = [
  '\r\n',
  '\n',
  'x',
  '0\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}',
  'HTTP/1.1 ',
  '\0',
  '<html>',
];

function withSurplus(random: Random, parts: Parts): Answer {
  if (parts.framing === 'close') return legal(random, parts);
  const answer = legal(random, parts);
  const endsAt = answer.bytes.length;
  const bytes = Buffer.concat([answer.bytes, Buffer.from(random.pick(SURPLUS))]);
  if (random.next() < 0.5) {
    const cuts = [...answer.cuts, endsAt];
    return { ...answer, kind: 'surplus later', bytes, cuts, meaning: { ...parts.meaning, isPersistent: false } };
  }
  // A long piece may be more than one read.
  const cuts = endsAt > 10_000 ? [...answer.cuts.filter((at) => at < endsAt - 100), endsAt - 100] : answer.cuts;
  return { ...answer, kind: 'surplus at once', bytes, cuts, ending: 'fin', meaning: null, mustFail: true };
}

function cutShort(random: Random, parts: Parts): Answer {
  const whole = legal(random, parts);
  const headEnd = whole.bytes.length - parts.wireBody.length;
  const at = shortenedAt(random, headEnd, whole.bytes.length);
  const bytes = whole.bytes.subarray(0, at);
  const common = { bytes, cuts: whole.cuts.filter((cut) => cut < at), ending: 'fin' as const };
  if (parts.framing !== 'close' || at < headEnd) return { ...common, kind: 'cut short', meaning: null, mustFail: true };
  // Nobody can tell.
  const meaning = { ...parts.meaning, body: parts.meaning.body.subarray(0, at - headEnd) };
  return { ...common, kind: 'cut short, and none can tell', meaning, mustFail: false };
}

function reset(random: Random, parts: Parts): Answer {
  const whole = legal(random, parts);
  const headEnd = whole.bytes.length - parts.wireBody.length;
  const at = shortenedAt(random, headEnd, whole.bytes.length + (parts.framing === 'close' ? 1 : 0));
  const cuts = whole.cuts.filter((cut) => cut < at);
  const bytes = whole.bytes.subarray(0, at);
  return { kind: 'reset', bytes, cuts, ending: 'reset', meaning: null, mustFail: true };
}

/** Below `end`: nothing at all, somewhere in the head, at its end, in the body, just before the end. */
function shortenedAt(random: Random, headEnd: number, end: number): number {
  return Math.min(
    end - 1,
    random.pick([0, random.between(1, headEnd - 1), headEnd, random.between(headEnd, end), end - 1, end - 2]),
  );
}

function spoilt(random: Random, parts: Parts): Answer {
  const { kind, mustFail, spoil } = random.pick(SPOILERS);
  let bad = spoil(random, parts);
  // It was framed in another way than this one spoils.
  while (bad === null) bad = spoil(random, legalParts(random));
  const bytes = assemble(bad);
  return {
    kind,
    bytes,
    cuts: cutsOf(random, bytes),
    ending: 'fin',
    meaning: null,
    mustFail,
  };
}
