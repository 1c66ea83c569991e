/** So many workers die that back-off alone would not be enough: the restart budget (spec/supervision.md, 9). */
import { expect } from 'chai';
import { request } from '../support/http';
import { sabotageBoots } from '../support/saboteur';
import { eventually } from '../support/wait';
import { pidsOf, type Steady, startSteady, statusUntil } from './steady';

const WORKERS = 7;
const BUDGET = 30;
/** Every further try waits this long, less up to half. */
const LONGEST_PAUSE_S = 30;

describe('cluster: the restart budget', function () {
  this.timeout(60_000);
  let steady: Steady;
  before(async () => {
    steady = await startSteady({ workers: WORKERS });
  });
  after(() => steady?.stop());

  it('30 ends in a minute are answered soon, each further one waits, and the log and /health say so', async () => {
    const { proxy, sabotageDir } = steady;
    const [survivor = 0, ...victims] = pidsOf(await proxy.status());
    sabotageBoots(sabotageDir, { do: 'exit' });
    for (const pid of victims) process.kill(pid, 'SIGKILL');

    const lines = (pattern: RegExp) =>
      proxy
        .output()
        .split('\n')
        .filter((line) => pattern.test(line));
    const waiting = () => lines(/too many workers end: the next try at worker \d waits/);
    const ended = () => lines(/worker \d ended \((?:crash|signal)/);
    await eventually(() => waiting().length >= victims.length, { timeoutMs: 30_000, what: 'every slot waiting' });
    const { uptime_seconds } = (await proxy.status()).supervisor;
    // By back-off alone there would be more tries by then: none waits more than 3.2 s.
    const later = await statusUntil(proxy, '4 s', (now) => now.supervisor.uptime_seconds >= uptime_seconds + 4);

    expect(ended(), 'ends until every slot waits').to.have.length(BUDGET + victims.length);
    expect(new Set(waiting().map((line) => JSON.parse(line).message)), 'slots that wait').to.have.length(WORKERS - 1);
    for (const line of waiting()) {
      expect(JSON.parse(line).seconds, 'pause in s').to.be.within(LONGEST_PAUSE_S / 2, LONGEST_PAUSE_S);
    }
    expect(pidsOf(later)).to.deep.equal([survivor]);
    expect(later.workers).to.include({ desired: WORKERS, ready: 1 });
    const health = await request({ url: `${proxy.url}/health` });
    expect([health.status, health.json()['status']]).to.deep.equal([200, 'degraded']);
  });
});
