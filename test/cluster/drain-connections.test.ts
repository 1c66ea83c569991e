/** Kept connections during a drain: their clients are told to close, and none is closed under a request. */
import { expect } from 'chai';
import { openStream } from '../support/http';
import { type RawClient, requestBytes } from '../support/raw-client';
import { STREAM_INTERVAL_MS } from '../support/steady-provider';
import { eventually } from '../support/wait';
import { connectToEach, STATUS_BYTES } from './cluster';
import {
  CONNECTIONS,
  expectUnharmed,
  pidsOf,
  reloadBySignal,
  type Steady,
  startSteady,
  statusUntil,
  steadyLoad,
  streamRequest,
} from './steady';

const HEADERS = { 'content-type': 'application/json' };
const BODY = { model: 'steady', max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] };

describe('cluster: kept connections during a drain', function () {
  this.timeout(60_000);
  let steady: Steady;
  afterEach(() => steady?.stop());

  /** So many connections to the one worker, each used once. */
  const connections = async (count: number): Promise<RawClient[]> => {
    const all: RawClient[] = [];
    for (let i = 0; i < count; i++) all.push(...(await connectToEach(steady.proxy)).values());
    return all;
  };

  const message = (more: Record<string, unknown> = {}) =>
    requestBytes('POST', '/v1/messages', HEADERS, { ...BODY, ...more });

  it('each kind of answer carries `connection: close`, once, and then the connection is closed', async () => {
    steady = await startSteady({ workers: 1 });
    const { proxy } = steady;
    const kinds: [string, Buffer, number][] = [
      ['an unary answer', message(), 200],
      ['a stream', message({ stream: true, max_tokens: 3 }), 200],
      ['an error of ours', message({ model: 'nobody,knows' }), 404],
      ['a page', STATUS_BYTES, 200],
      ['a page that there is not', requestBytes('GET', '/nothing'), 404],
      ['a count of tokens', requestBytes('POST', '/v1/messages/count_tokens', HEADERS, BODY), 200],
    ];
    const clients = await connections(kinds.length);
    await reloadBySignal(proxy);
    for (const [i, [name, bytes, status]] of kinds.entries()) {
      const client = clients[i];
      if (client === undefined) throw new Error('too few connections');
      const answer = await client.roundTrip(bytes);
      expect(answer.status, name).to.equal(status);
      expect(answer.headers['connection'], name).to.equal('close');
      client.halfClose();
      expect(await client.ended(), name).to.equal('fin');
    }
    await statusUntil(proxy, 'the end of the old worker', ({ workers }) => workers.draining === 0);
  });

  it('an idle one is left to its client for a while, and then closed', async () => {
    steady = await startSteady({ workers: 1 });
    const { proxy } = steady;
    const [idle] = await connections(1);
    const [old = 0] = pidsOf(await proxy.status());
    await reloadBySignal(proxy);
    const beganAt = performance.now();
    expect(await idle?.ended()).to.equal('fin');
    expect(performance.now() - beganAt, 'ms').to.be.within(3000, 9000);
    const { workers } = await statusUntil(proxy, 'its end', (now) => !pidsOf(now, 'draining').includes(old));
    expect(workers.list[0]?.last_exit).to.include({ code: 0, reason: 'reload' });
  });

  it('the worker ends soon when no client is connected', async () => {
    steady = await startSteady({ workers: 1 });
    const { proxy } = steady;
    // Kept connections to the provider are no reason to stay.
    const [client] = await connections(1);
    await client?.roundTrip(message());
    client?.destroy();
    await reloadBySignal(proxy);
    const beganAt = performance.now();
    await statusUntil(proxy, 'the end of the old worker', ({ workers }) => workers.draining === 0);
    expect(performance.now() - beganAt, 'ms').to.be.below(3000);
  });

  it('SIGTERM under load resets nobody: what comes on kept connections is answered', async () => {
    steady = await startSteady();
    const { proxy } = steady;
    const load = await steadyLoad(proxy, 300, 0);
    const stream = await openStream(streamRequest(proxy, 'held', Math.round(2000 / STREAM_INTERVAL_MS)));
    await stream.readUntil('content_block_delta');
    proxy.signal('SIGTERM');
    const refused = () => load.report.fresh.failures.get('ECONNREFUSED') !== undefined;
    await eventually(refused, { what: 'new connections being refused' });
    const { kept, fresh } = await load.stop();
    expect([...kept.failures]).to.deep.equal([]);
    // Closed listeners reset what they have not accepted, and refuse the rest: of each connection, opened anew.
    for (const reason of fresh.failures.keys()) expect(reason).to.be.oneOf(['ECONNREFUSED', 'ECONNRESET']);
    expect(fresh.failures.get('ECONNRESET') ?? 0).to.be.at.most(CONNECTIONS);
    await stream.rest();
    expect((await proxy.exit).code).to.equal(0);
  });

  it('a reload of one worker under load fails nobody', async () => {
    steady = await startSteady({ workers: 1 });
    const load = await steadyLoad(steady.proxy, 300, 30);
    await reloadBySignal(steady.proxy);
    await statusUntil(steady.proxy, 'the end of the old worker', ({ workers }) => workers.draining === 0);
    expectUnharmed(await load.stop());
  });
});
