/** Workers that cannot boot: the supervisor gives up soon, and its last words say why (spec/supervision.md, 9). */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { membersOfGroup } from '../support/processes';
import { type ExitInfo, type ProxyOptions, spawnProxy } from '../support/proxy';
import { deadline, eventually } from '../support/wait';
import { freePort, mockConfig } from './cluster';

interface FailedStart extends ExitInfo {
  leftInGroup: number[];
  hasPidFile: boolean;
  elapsedMs: number;
}

async function failedStart(options: ProxyOptions): Promise<FailedStart> {
  const startedAt = performance.now();
  const spawned = spawnProxy(options);
  try {
    const ended = await deadline(spawned.exit, 10_000, 'a start that fails');
    const elapsedMs = performance.now() - startedAt;
    // Killed children need a moment; those that were left behind would stay.
    await eventually(() => membersOfGroup(spawned.pid).length === 0, { timeoutMs: 1000 }).catch(() => {});
    return { ...ended, elapsedMs, leftInGroup: membersOfGroup(spawned.pid), hasPidFile: existsSync(spawned.pidFile) };
  } finally {
    await spawned.stop('SIGKILL');
  }
}

function expectGivenUp(ended: FailedStart): void {
  expect(ended).to.deep.include({ code: 1, signal: null, leftInGroup: [], hasPidFile: false });
  expect(ended.elapsedMs, 'until it gave up, ms').to.be.below(8000);
}

/** What the last line says: it is a JSON line of the log. */
function lastWords({ output }: ExitInfo): string {
  return JSON.parse(output.split('\n').at(-1) ?? '').message;
}

describe('cluster: workers that cannot boot', () => {
  let provider: MockProvider;
  before(async () => {
    provider = await startMockProvider();
  });
  after(() => provider?.close());

  it('end the start with the reason as its last words: an engine that there is not', async () => {
    const ended = await failedStart({ config: mockConfig(provider), env: { CCPROXY_ENGINE: '20.99' } });
    expectGivenUp(ended);
    expect(lastWords(ended)).to.equal('ccproxy cannot start: CCPROXY_ENGINE=20.99: expected 20.57, 20.30 or js');
  });

  it('take the sandbox with them', async () => {
    const ended = await failedStart({ config: null, env: { CCPROXY_ENGINE: '20.99' } });
    expectGivenUp(ended);
    expect(lastWords(ended)).to.match(/^ccproxy cannot start: CCPROXY_ENGINE=20\.99/);
  });

  it('are tried a bounded number of times', async () => {
    const ended = await failedStart({ config: mockConfig(provider), workers: 1, env: { CCPROXY_ENGINE: '20.99' } });
    expectGivenUp(ended);
    expect(ended.output.match(/worker 1 cannot start/g)).to.have.length(3);
  });

  it('end the start also when they die without a word', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ccproxy-dying-'));
    const preload = join(dir, 'die.js');
    writeFileSync(preload, "if (process.argv[1]?.endsWith('/worker/main.js')) process.exit(77);\n");
    try {
      const env = { NODE_OPTIONS: `--require ${preload}` };
      const ended = await failedStart({ config: mockConfig(provider), env });
      expectGivenUp(ended);
      expect(lastWords(ended)).to.match(/^ccproxy cannot start: .*code 77/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('are not even tried with mistakes in the configuration, all of which are listed', async () => {
    const config = { ...mockConfig(provider), porviders: [], workers: 'many' };
    const ended = await failedStart({ config, port: await freePort() });
    expectGivenUp(ended);
    expect(ended.output).to.match(/"?porviders"?.*did you mean "providers"/);
    expect(ended.output).to.match(/workers/);
    expect(ended.output).to.match(/2 mistakes in the configuration/);
  });
});
