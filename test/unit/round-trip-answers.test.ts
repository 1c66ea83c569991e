/** An answer that is written for a client and read like a provider's says the same, however it is cut. */
import { expect } from 'chai';
import fc from 'fast-check';
import { FORMS } from '../support/answer-forms';
import { play, randomAnswers, told, toldOf } from '../support/answers';
import { StrictSink } from '../support/strict-sink';

const RUNS = 500;

describe('Round trip of an answer', () => {
  for (const { name, isStream, writer, reader, expected } of FORMS) {
    it(`${name}: says the same, however it is cut`, function () {
      this.timeout(60_000);
      const cuts = fc.array(fc.nat(4000), { maxLength: 6 });
      fc.assert(
        fc.property(randomAnswers(isStream), cuts, (answer, at) => {
          const writing = writer();
          play(answer, writing);
          const sink = new StrictSink();
          const reading = reader(sink);
          for (const piece of pieces(Buffer.from(writing.take()), at)) reading.feed(piece);
          reading.end();
          expect(told(sink)).to.deep.equal(expected(toldOf(answer)));
        }),
        { numRuns: RUNS },
      );
    });
  }
});

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
