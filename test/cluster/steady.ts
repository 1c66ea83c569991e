/** A proxy before a provider whose every answer can be foretold, and a steady load through both. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { PacedLoad, type PacedReport } from '../support/paced-load';
import { type RunningProxy, startProxy } from '../support/proxy';
import { requestBytes } from '../support/raw-client';
import { sabotageEnv } from '../support/saboteur';
import type { StatusDocument } from '../support/status-document';
import { ANONYMOUS, ID_HEADER, SteadyProvider } from '../support/steady-provider';
import { eventually } from '../support/wait';

const BODY = { model: 'steady', max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] };
const HEADERS = { 'content-type': 'application/json' };

/** That `steadyLoad` keeps. */
export const CONNECTIONS = 10;

export interface Steady {
  provider: SteadyProvider;
  proxy: RunningProxy;
  /** Where `sabotage` and `sabotageBoots` leave their orders. */
  sabotageDir: string;
  /** The configuration; what is given comes on top. */
  config: (more?: Record<string, unknown>, provider?: Record<string, unknown>) => Record<string, unknown>;
  stop: () => Promise<void>;
}

export interface SteadyOptions {
  workers?: number;
  /** Members of the configuration. */
  more?: Record<string, unknown>;
}

export async function startSteady({ workers = 2, more = {} }: SteadyOptions = {}): Promise<Steady> {
  const provider = await SteadyProvider.start();
  const sabotageDir = mkdtempSync(join(tmpdir(), 'ccproxy-sabotage-'));
  const config = (top: Record<string, unknown> = {}, member: Record<string, unknown> = {}) => ({
    workers,
    ...more,
    ...top,
    providers: [
      { name: 'steady', dialect: 'anthropic', api_base_url: provider.url, api_key: 'sk-steady-provider', ...member },
    ],
    routes: { default: 'steady,steady' },
  });
  let started: RunningProxy | null = null;
  const stop = () =>
    closeAll(
      // A test that failed may have left somebody stopped.
      () => started?.stop('SIGKILL'),
      () => provider.close(),
      () => rmSync(sabotageDir, { recursive: true, force: true }),
    );
  try {
    const proxy = await startProxy({ config: config(), env: sabotageEnv(sabotageDir) });
    started = proxy;
    await statusUntil(proxy, 'all workers', ({ supervisor, workers: now }) => {
      return supervisor.state === 'running' && now.ready === now.desired;
    });
    return { provider, proxy, sabotageDir, config, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Some hundred requests a second; resolves when they flow. */
export async function steadyLoad(proxy: RunningProxy, keptPerSecond = 200, newPerSecond = 20): Promise<PacedLoad> {
  const request = requestBytes('POST', '/v1/messages', { ...HEADERS, [ID_HEADER]: ANONYMOUS }, BODY);
  const { host, port } = proxy;
  const load = new PacedLoad({ host, port, request, keptPerSecond, connections: CONNECTIONS, newPerSecond });
  // A test that failed has not ended it.
  void proxy.exit.then(() => load.abandon());
  await eventually(() => load.report.kept.ok >= 50, { what: 'a load that flows' });
  return load;
}

/** A stream of so many deltas, 50 ms each, that the test can tell apart by its id. */
export function streamRequest(proxy: RunningProxy, id: string, deltas: number) {
  const body = { ...BODY, max_tokens: deltas, stream: true };
  return { url: `${proxy.url}/v1/messages`, headers: { ...HEADERS, [ID_HEADER]: id }, body };
}

/**
 * Not one request failed on a kept connection. A new one may be reset with a listener that is closed, where the kernel
 * does not hand it to another (net.ipv4.tcp_migrate_req=0): some of them, more where the machine is overloaded and they
 * wait for longer to be accepted.
 */
export function expectUnharmed({ kept, fresh }: PacedReport, listenersClosed = true): void {
  expect([...kept.failures], 'failed on kept connections').to.deep.equal([]);
  expect(kept.ok).to.equal(kept.sent);
  expect(kept.ok).to.be.at.least(50);
  if (!listenersClosed) expect([...fresh.failures], 'failed on new connections').to.deep.equal([]);
  const onlyResets = [...fresh.failures.keys()].every((reason) => reason === 'ECONNRESET');
  expect(onlyResets, JSON.stringify([...fresh.failures])).to.equal(true);
  expect(fresh.failedAtMs.length).to.be.at.most(Math.max(3, fresh.sent / 20));
}

/** Waits for what `condition` says of `/status`. */
export function statusUntil(
  proxy: RunningProxy,
  what: string,
  condition: (document: StatusDocument) => boolean,
  timeoutMs = 15_000,
): Promise<StatusDocument> {
  const asked = async () => {
    const document = await proxy.status();
    return condition(document) ? document : false;
  };
  return eventually(asked, { what, timeoutMs });
}

/** Signals and waits until the reload is over, well or not. */
export async function reloadBySignal(proxy: RunningProxy): Promise<StatusDocument> {
  const { last_at } = (await proxy.status()).supervisor.reload;
  proxy.signal('SIGHUP');
  return statusUntil(
    proxy,
    'the end of a reload',
    ({ supervisor: { reload } }) => !reload.in_progress && reload.last_at !== last_at,
    30_000,
  );
}

/** PIDs of the workers in that state. */
export function pidsOf({ workers }: StatusDocument, state = 'ready'): number[] {
  return workers.list.filter((worker) => worker.state === state).map(({ pid }) => pid);
}
