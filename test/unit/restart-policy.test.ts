import { expect } from 'chai';
import {
  decideRestart,
  DEFAULT_RESTART_POLICY as POLICY,
  type RestartHistory,
  type RestartPolicy,
} from '../../supervisor/restart-policy';

const NO_JITTER = 1; // 0.5 + 1 / 2; the highest that `random` comes close to.
const history = (more: Partial<RestartHistory> = {}): RestartHistory => ({
  failuresInRow: 1,
  recentRestarts: 0,
  slots: 2,
  everReady: true,
  ...more,
});

describe('restart policy', () => {
  it('lets all workers end at once without making any wait', () => {
    const busy = { recentRestarts: 99 };
    expect(decideRestart(POLICY, history({ ...busy, slots: 40 }), 0)).to.include({
      delayMs: 0,
      budgetExhausted: false,
    });
    expect(decideRestart(POLICY, history({ ...busy, slots: 30 }), 0)).to.include({ budgetExhausted: true });
  });

  it('replaces a worker at once after a first failure', () => {
    for (const random of [0, 0.5, 0.999]) {
      expect(decideRestart(POLICY, history(), random)).to.deep.equal({
        action: 'restart',
        delayMs: 0,
        budgetExhausted: false,
      });
    }
  });

  it('doubles the delay with each further failure in a row, up to the limit', () => {
    const delays = [1, 2, 3, 4, 5, 10, 11, 12, 1000].map((failuresInRow) => {
      const decision = decideRestart(POLICY, history({ failuresInRow }), NO_JITTER);
      return decision.action === 'restart' ? decision.delayMs : null;
    });
    expect(delays).to.deep.equal([0, 100, 200, 400, 800, 25_600, 30_000, 30_000, 30_000]);
  });

  it('takes up to half of the delay off, so that slots do not restart in step', () => {
    const delay = (random: number) => {
      const decision = decideRestart(POLICY, history({ failuresInRow: 4 }), random);
      return decision.action === 'restart' ? decision.delayMs : null;
    };
    expect([0, 0.25, 0.5].map(delay)).to.deep.equal([200, 250, 300]);
    expect(delay(0.999)).to.be.within(399, 400);
  });

  it('waits the maximal delay beyond the budget of the window, whatever the slot did', () => {
    const exhausted = { action: 'restart', delayMs: POLICY.maxDelayMs, budgetExhausted: true };
    const within = history({ recentRestarts: POLICY.budget - 1 });
    expect(decideRestart(POLICY, within, NO_JITTER)).to.deep.include({ delayMs: 0, budgetExhausted: false });
    for (const failuresInRow of [1, 2, 50]) {
      const beyond = history({ recentRestarts: POLICY.budget, failuresInRow });
      expect(decideRestart(POLICY, beyond, NO_JITTER)).to.deep.equal(exhausted);
    }
    const jittered = decideRestart(POLICY, history({ recentRestarts: POLICY.budget }), 0);
    expect(jittered).to.deep.include({ delayMs: POLICY.maxDelayMs / 2 });
  });

  it('gives up after so many boots that failed, but only while no worker was ever ready', () => {
    const table: [failuresInRow: number, everReady: boolean, action: string][] = [
      [1, false, 'restart'],
      [2, false, 'restart'],
      [3, false, 'give-up'],
      [4, false, 'give-up'],
      [3, true, 'restart'],
      [1000, true, 'restart'],
    ];
    for (const [failuresInRow, everReady, action] of table) {
      const decision = decideRestart(POLICY, history({ failuresInRow, everReady }), 0.5);
      expect(decision.action, `${failuresInRow} in a row, ${everReady ? 'once ready' : 'never ready'}`).to.equal(
        action,
      );
    }
    const spent = history({ failuresInRow: 3, everReady: false, recentRestarts: POLICY.budget });
    expect(decideRestart(POLICY, spent, 0.5).action, 'the budget does not keep it from giving up').to.equal('give-up');
  });

  it('goes by the policy it is given', () => {
    const own: RestartPolicy = { ...POLICY, baseDelayMs: 7, maxDelayMs: 20, budget: 1, maxFailedBoots: 1 };
    expect(decideRestart(own, history({ failuresInRow: 2 }), NO_JITTER)).to.deep.include({ delayMs: 7 });
    expect(decideRestart(own, history({ failuresInRow: 9 }), NO_JITTER)).to.deep.include({ delayMs: 20 });
    expect(decideRestart(own, history({ everReady: false }), 0)).to.deep.equal({ action: 'give-up' });
  });
});
