import { expect } from 'chai';
import { youngGenerationOptions } from '../../supervisor/young-generation';

const MIB = 1024 ** 2;

describe("a worker's young generation", () => {
  it("is Node's own affair where a worker has little memory", () => {
    expect(youngGenerationOptions(512 * MIB - 1, '')).to.deep.equal([]);
    expect(youngGenerationOptions(512 * MIB, '')).to.have.length(2);
  });

  for (const nodeOptions of [
    '--max-semi-space-size=8',
    '--no-warnings --max_semi_space_size=8',
    '--max-heap-size=96',
  ]) {
    it(`is the operator's, who has set ${nodeOptions}`, () => {
      expect(youngGenerationOptions(null, nodeOptions)).to.deep.equal([]);
    });
  }
});
