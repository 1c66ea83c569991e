/** A worker's Node has room for what requests leave behind, as it says itself in a diagnostic report. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';
import { mockConfig } from './cluster';
import { pidsOf } from './steady';

const MIB = 1024 ** 2;

describe("cluster: a worker's young generation", () => {
  let provider: MockProvider;
  let proxy: RunningProxy | null;
  before(async () => {
    provider = await startMockProvider();
  });
  after(() => provider.close());
  afterEach(() => proxy?.stop());

  /** Its bytes, in a worker that is started so. */
  async function size(config: Record<string, unknown>, nodeOptions = ''): Promise<number> {
    const env = { NODE_OPTIONS: `--report-on-signal ${nodeOptions}` };
    proxy = null;
    const started = await startProxy({ config: mockConfig(provider, config), env, workers: 1 });
    proxy = started;
    const [worker = 0] = pidsOf(await started.status());
    process.kill(worker, 'SIGUSR2');
    const report = await eventually(() => {
      const name = readdirSync(started.dir).find((file) => file.startsWith('report.') && file.includes(`.${worker}.`));
      return name === undefined ? null : JSON.parse(readFileSync(join(started.dir, name), 'utf8'));
    });
    return report.javascriptHeap.heapSpaces.new_space.memorySize;
  }

  it('is large', async () => {
    expect(await size({})).to.be.at.least(32 * MIB);
  });

  it("is Node's own affair where a worker is to stay small", async () => {
    expect(await size({ max_worker_memory: '128mb' })).to.be.below(32 * MIB);
  });

  it('is what the operator has said', async () => {
    expect(await size({}, '--max-semi-space-size=4')).to.be.below(32 * MIB);
  });
});
