/**
 * Our client to the providers against Node's own and against the rules, on a sample of generated answers: legal ones in
 * every framing, and broken ones. The long run is `node dist/test/fuzz/http-client.js`; `FUZZ_SEED` repeats one here.
 */
import { expect } from 'chai';
import { DIFFERENCES } from '../fuzz/differences';
import { type FuzzResult, fuzz, report } from '../fuzz/fuzz';
import { SPOILERS } from '../fuzz/spoilt-answers';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 32) >>> 0;

describe('the client to the providers and Node’s own', () => {
  const check = (result: FuzzResult) => expect(result.faults, report(result)).to.deep.equal([]);

  it('agree on 1,000 cases, but for what is listed, and all of that occurs', async function () {
    this.timeout(60_000);
    const result = await fuzz({ seed: 3, from: 0, cases: 1_000 });
    check(result);
    const node = Number.parseInt(process.versions.node, 10);
    const expected = DIFFERENCES.filter(({ isRare, lastNode }) => isRare !== true && node <= (lastNode ?? node));
    const unseen = expected.filter((difference) => result.differences.get(difference) === 0);
    expect(unseen.map(({ name }) => name)).to.deep.equal([]);
    const unmade = SPOILERS.filter(({ kind }) => !result.ends.has(kind));
    expect(unmade.map(({ kind }) => kind)).to.deep.equal([]);
  });

  it(`agree on 500 more (FUZZ_SEED=${SEED})`, async function () {
    this.timeout(60_000);
    check(await fuzz({ seed: SEED, from: 0, cases: 500 }));
  });
});
