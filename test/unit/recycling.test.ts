import { expect } from 'chai';
import { recyclingReason } from '../../supervisor/recycling';

const MIB = 1024 ** 2;
const NONE = { maxWorkerMemoryBytes: null, maxWorkerAgeMs: null };

const LIMITS: { maxWorkerMemoryBytes: number | null; maxWorkerAgeMs: number | null } = {
  maxWorkerMemoryBytes: 200 * MIB,
  maxWorkerAgeMs: 3_600_000,
};

describe('recycling', () => {
  const table: [string, Partial<typeof LIMITS>, { rssMib: number; ageS: number; jitter: number }, string | null][] = [
    ['no limit', NONE, { rssMib: 9999, ageS: 9_999_999, jitter: 1 }, null],
    ['below both', {}, { rssMib: 100, ageS: 100, jitter: 0 }, null],
    ['too big', {}, { rssMib: 201, ageS: 100, jitter: 0 }, 'memory'],
    ['exactly at the limit', {}, { rssMib: 200, ageS: 100, jitter: 0 }, null],
    ['too big for its own limit, a tenth lower', {}, { rssMib: 181, ageS: 100, jitter: 1 }, 'memory'],
    ['not too big for it', {}, { rssMib: 179, ageS: 100, jitter: 1 }, null],
    ['too big, but just started', {}, { rssMib: 999, ageS: 9, jitter: 0 }, null],
    ['too old', {}, { rssMib: 100, ageS: 3601, jitter: 0 }, 'age'],
    ['too old for its own limit', {}, { rssMib: 100, ageS: 3241, jitter: 1 }, 'age'],
    ['not too old for it', {}, { rssMib: 100, ageS: 3239, jitter: 1 }, null],
    ['both', {}, { rssMib: 999, ageS: 4000, jitter: 0 }, 'age'],
  ];
  for (const [name, limits, { rssMib, ageS, jitter }, expected] of table) {
    it(`${name}: ${expected ?? 'stays'}`, () => {
      const worker = { rssBytes: rssMib * MIB, ageMs: ageS * 1000, jitter };
      expect(recyclingReason({ ...LIMITS, ...limits }, worker)).to.equal(expected);
    });
  }
});
