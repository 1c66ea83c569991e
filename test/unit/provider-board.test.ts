import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import type { ProviderReport } from '../../shared/protocol';
import { ProviderBoard } from '../../supervisor/provider-board';
import { Workspace } from '../support/config/workspace';

const AT = '2030-01-01T00:00:00.000Z';

const report = (more: Partial<ProviderReport> = {}): ProviderReport => ({
  name: 'one',
  inFlight: 0,
  requests: 0,
  successes: 0,
  errors: 0,
  trailingErrors: 0,
  lastError: null,
  ...more,
});
const failures = (count: number) =>
  report({
    requests: count,
    errors: count,
    trailingErrors: count,
    lastError: { at: AT, code: 'refused', message: 'no' },
  });
const successes = (count: number) => report({ requests: count, successes: count });

describe('provider board', () => {
  let config: Config;
  let board: ProviderBoard;
  before(() => {
    const here = new Workspace();
    const common = { dialect: 'anthropic', api_key: 'k' };
    here.write('ccproxy.json', {
      providers: [
        { ...common, name: 'one', api_base_url: 'http://127.0.0.1:1' },
        { ...common, name: 'two', api_base_url: 'http://127.0.0.1:2' },
        { ...common, name: 'off', api_base_url: 'http://127.0.0.1:3', enabled: false },
      ],
      routes: { default: 'one,m' },
    });
    config = here.loaded().config;
    here.remove();
  });
  beforeEach(() => {
    board = new ProviderBoard(config);
  });

  const view = (nowMs = 0, name = 'one') => {
    const found = board.view(nowMs).find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  it('shows every provider in the order of the configuration, active but for the disabled', () => {
    expect(board.view(0).map(({ name, state }) => [name, state])).to.deep.equal([
      ['one', 'active'],
      ['two', 'active'],
      ['off', 'disabled'],
    ]);
    expect(view()).to.deep.equal({
      ...{ name: 'one', dialect: 'anthropic', state: 'active', reason: '', in_flight: 0, requests: 0, errors: 0 },
      last_error: null,
    });
    expect(view(0, 'off').reason).not.to.equal('');
  });

  const states: [failuresInRow: number, state: string, reason: RegExp][] = [
    [1, 'degraded', /^the last request failed$/],
    [2, 'degraded', /^the last 2 requests failed$/],
    [3, 'unavailable', /^the last 3 requests failed$/],
    [100, 'unavailable', /^the last 100 requests failed$/],
  ];
  for (const [count, state, reason] of states) {
    it(`is ${state} after ${count} in a row`, () => {
      board.report(1, [failures(count)], 0);
      expect(view().state).to.equal(state);
      expect(view().reason).to.match(reason);
      expect(view(0, 'two').state, 'the other provider').to.equal('active');
    });
  }

  it('adds the failures of all workers up', () => {
    for (const incarnation of [1, 2, 3]) board.report(incarnation, [failures(1)], 0);
    expect(view()).to.include({ state: 'unavailable', requests: 3, errors: 3 });
    expect(view().last_error).to.deep.equal({ at: AT, code: 'refused', message: 'no' });
  });

  it('is active again after one success, and remembers its last error', () => {
    board.report(1, [failures(5)], 0);
    board.report(2, [successes(1)], 10);
    expect(view(10)).to.include({ state: 'active', reason: '', requests: 6, errors: 5 });
    expect(view(10).last_error).not.to.equal(null);
  });

  it('counts a row anew after a success within a report', () => {
    board.report(1, [failures(2)], 0);
    board.report(1, [report({ requests: 5, successes: 2, errors: 3, trailingErrors: 1 })], 0);
    expect(view()).to.include({ state: 'degraded', reason: 'the last request failed' });
    board.report(1, [report({ requests: 4, successes: 1, errors: 3, trailingErrors: 3 })], 0);
    expect(view().state).to.equal('unavailable');
  });

  it('is not healed by requests whose clients went away first', () => {
    board.report(1, [failures(3)], 0);
    board.report(1, [report({ requests: 5 })], 1);
    expect(view(1)).to.include({ state: 'unavailable' });
  });

  it('is not changed by a report without news', () => {
    board.report(1, [failures(3)], 0);
    board.report(2, [report({ inFlight: 2 })], 1000);
    expect(view(1000)).to.include({ state: 'unavailable', in_flight: 2 });
  });

  it('is worth another try after 15 s without news, and unavailable again at the next failure', () => {
    board.report(1, [failures(3)], 1000);
    expect(view(15_999).state).to.equal('unavailable');
    expect(view(16_000).state).to.equal('degraded');
    expect(view(16_000).reason).to.match(/worth another try/);
    board.report(1, [failures(1)], 16_000);
    expect(view(16_001).state).to.equal('unavailable');
    board.report(1, [successes(1)], 16_002);
    expect(view(16_002).state).to.equal('active');
  });

  it('keeps a disabled one disabled, whatever was reported', () => {
    board.report(1, [{ ...failures(5), name: 'off' }], 0);
    expect(view(0, 'off').state).to.equal('disabled');
  });

  it('sums what is in flight over the workers, the newest of each, and forgets those that ended', () => {
    board.report(1, [report({ inFlight: 4 })], 0);
    board.report(1, [report({ inFlight: 3 })], 0);
    board.report(2, [report({ inFlight: 2 })], 0);
    expect(view().in_flight).to.equal(5);
    board.forget(1);
    expect(view().in_flight).to.equal(2);
  });

  it('ignores a report of a provider that it does not know', () => {
    board.report(1, [{ ...failures(3), name: 'stranger' }], 0);
    expect(board.view(0)).to.have.length(3);
  });
});
