/** A reload that cannot be: the old workers go on untouched, the reason is told, and the attempts are bounded. */
import { expect } from 'chai';
import { request } from '../support/http';
import { restoreBoots, sabotageBoots } from '../support/saboteur';
import type { StatusDocument } from '../support/status-document';
import { expectUnharmed, pidsOf, reloadBySignal, type Steady, startSteady, steadyLoad } from './steady';

describe('cluster: a reload is refused', function () {
  this.timeout(60_000);
  let steady: Steady;
  let first: StatusDocument;
  before(async () => {
    steady = await startSteady();
    first = await steady.proxy.status();
  });
  after(() => steady?.stop());
  afterEach(() => {
    restoreBoots(steady.sabotageDir);
    steady.proxy.writeConfig(steady.config());
  });

  /** Signals, under load, and expects that nothing has changed but the outcome. */
  const refused = async (reason: RegExp): Promise<StatusDocument> => {
    const { proxy } = steady;
    const load = await steadyLoad(proxy);
    const document = await reloadBySignal(proxy);
    expectUnharmed(await load.stop());
    expect(document.supervisor.reload).to.include({ in_progress: false, last_result: 'failure' });
    expect(document.supervisor.reload.last_error).to.match(reason);
    expect(document.supervisor).to.include({
      generation: 1,
      state: 'running',
      config_hash: first.supervisor.config_hash,
    });
    expect(proxy.output()).to.match(/"level":"error","message":"reload failed, the running configuration stays: /);
    return document;
  };

  const untouched = (document: StatusDocument) => {
    expect(pidsOf(document)).to.deep.equal(pidsOf(first));
    for (const worker of document.workers.list) expect(worker).to.include({ restarts: 0, last_exit: null });
  };

  it('for a file that is no JSON', async () => {
    steady.proxy.writeConfig('{ "providers": [');
    untouched(await refused(/ccproxy\.json:\d+/));
  });

  it('for mistakes in it, all of which are told, without a secret', async () => {
    steady.proxy.writeConfig({ ...steady.config(), api_key: 'a secret with blanks', porviders: [], log: 'maybe' });
    const document = await refused(/porviders: unknown key.*; .*log: expected true or false|log.*; .*porviders/);
    untouched(document);
    expect(JSON.stringify(document) + steady.proxy.output()).not.to.include('a secret with blanks');
  });

  for (const log_file of ['/dev/null/x.log', '/proc']) {
    it(`for a log file that cannot be written: ${log_file}`, async () => {
      steady.proxy.writeConfig(steady.config({ log_file }));
      untouched(await refused(/log_file: it cannot be written: /));
    });
  }

  it('for another host, which takes a restart', async () => {
    steady.proxy.writeConfig(steady.config({ host: '127.0.0.2' }));
    untouched(await refused(/host: a reload cannot change it from 127\.0\.0\.1 to 127\.0\.0\.2; that takes a restart/));
  });

  it('for workers that fail to boot, after three attempts', async () => {
    sabotageBoots(steady.sabotageDir, { do: 'exit' });
    const forksBefore = steady.proxy.output().match(/its replacement did not start/g)?.length ?? 0;
    const { reload } = (await refused(/a worker ended while it started \(code 1\)/)).supervisor;
    expect(reload.last_error).not.to.equal(null);
    // The third failure is the reload's own.
    expect(steady.proxy.output().match(/its replacement did not start/g)?.length).to.equal(forksBefore + 2);
    untouched(await steady.proxy.status());
  });

  it('for a second worker that fails to boot: the first is brought back to the old configuration', async () => {
    sabotageBoots(steady.sabotageDir, { do: 'exit', after: 1, times: 3 });
    steady.proxy.writeConfig(steady.config({}, { headers: { 'x-variant': 'refused' } }));
    const document = await refused(/a worker ended while it started/);
    const serving = document.workers.list.filter(({ state }) => state === 'ready');
    expect(serving.map(({ generation }) => generation)).to.deep.equal([1, 1]);
    steady.provider.variants.clear();
    const { status } = await request({
      url: `${steady.proxy.url}/v1/messages`,
      body: { model: 'steady', max_tokens: 1, messages: [] },
    });
    expect(status).to.equal(200);
    expect([...steady.provider.variants]).to.deep.equal(['undefined']);
  });

  it('and the next one, without the mistake, succeeds', async () => {
    const { supervisor } = await reloadBySignal(steady.proxy);
    expect(supervisor).to.include({ generation: 2 });
    expect(supervisor.reload).to.include({ last_result: 'success', last_error: null });
    const text = await steady.proxy.metrics();
    expect(steady.proxy.metric(text, 'ccproxy_reloads_total', { result: 'failure' })).to.equal(7);
    expect(steady.proxy.metric(text, 'ccproxy_reloads_total', { result: 'success' })).to.equal(1);
  });
});
