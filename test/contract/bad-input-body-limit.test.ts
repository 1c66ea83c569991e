/** `max_request_body_size` is enforced while a body arrives: 413 at once, and nothing beyond it is kept. */
import { expect } from 'chai';
import { expectApiError, expectUsable, goodBody, mockConfig, postMessage, survivor } from '../support/aftermath';
import { chunk, LAST_CHUNK } from '../support/chunked';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { childrenOf, rssBytes } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { ConnectionEnded, halfRequest, RawClient, requestBytes } from '../support/raw-client';
import { deadline } from '../support/wait';

const LIMIT = 64 * 1024;
const TOO_LARGE = {
  status: 413,
  type: 'request_too_large',
  message: `Request body exceeds the limit of ${LIMIT} bytes`,
};
const CHUNKED_HEAD = requestBytes('POST', '/v1/messages', { 'transfer-encoding': 'chunked' });

describe('bad input: bodies over the limit', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    const config = mockConfig(provider, { performance: { max_request_body_size: LIMIT } });
    proxy = await startProxy({ config, workers: 1 });
  });
  beforeEach(() => provider.reset());
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  for (const declared of [LIMIT + 1, 10 * LIMIT, 900_000_000]) {
    test(`content-length ${declared}: 413 before a byte of the body is sent`, async () => {
      const client = await halfRequest(proxy, requestBytes('POST', '/v1/messages', { 'content-length': declared }));
      expectApiError(await client.readResponse({ timeoutMs: 3000 }), TOO_LARGE);
      client.destroy();
      expect(provider.requests).to.be.empty;
    });
  }

  for (const declared of ['100000000000', '99999999999999999999']) {
    test(`content-length ${declared}: refused, or cut by the engine, which takes no such number`, async () => {
      const client = await halfRequest(proxy, requestBytes('POST', '/v1/messages', { 'content-length': declared }));
      const answer = await client.readResponse({ timeoutMs: 3000 }).catch((error: unknown) => error);
      client.destroy();
      if (answer instanceof Error) expect(answer).to.be.instanceOf(ConnectionEnded);
      else expect(answer).to.have.property('status').that.is.oneOf([400, 413]);
    });
  }

  test('a client that sends the refused body all the same can go on, or is cut: it never hangs', async () => {
    const client = await RawClient.connect(proxy);
    const body = Buffer.alloc(LIMIT + 1, ' ');
    const sending = client.send(requestBytes('POST', '/v1/messages', {}, body)).catch(() => {});
    expectApiError(await client.readResponse(), TOO_LARGE);
    await sending;
    await expectUsable(client).catch((error: unknown) => {
      if (!(error instanceof ConnectionEnded)) throw error;
    });
    client.destroy();
  });

  test('chunked: 413 while it arrives, without waiting for its end', async () => {
    const client = await halfRequest(proxy, CHUNKED_HEAD);
    for (let sent = 0; sent <= LIMIT; sent += 8192) await client.send(chunk(Buffer.alloc(8192, ' ')));
    expectApiError(await client.readResponse({ timeoutMs: 3000 }), TOO_LARGE);
    client.destroy();
    expect(provider.requests).to.be.empty;
  });

  test('one huge chunk: 413 before it is whole', async () => {
    const client = await halfRequest(proxy, Buffer.concat([CHUNKED_HEAD, Buffer.from('1000000\r\n')]));
    const sending = client.send(Buffer.alloc(2 * LIMIT, ' ')).catch(() => {});
    expectApiError(await client.readResponse({ timeoutMs: 3000 }), TOO_LARGE);
    await sending;
    client.destroy();
  });

  test('exactly the limit passes, byte for byte, in both framings', async () => {
    const shell = JSON.stringify(goodBody({ pad: '' })).length;
    const body = Buffer.from(JSON.stringify(goodBody({ pad: 'x'.repeat(LIMIT - shell) })));
    expect(body.length).to.equal(LIMIT);
    const response = await postMessage(proxy, { body, headers: { 'content-length': body.length } });
    expect(response.status, response.text).to.equal(200);
    const client = await RawClient.connect(proxy);
    const chunked = await client.roundTrip(Buffer.concat([CHUNKED_HEAD, chunk(body), LAST_CHUNK]));
    client.destroy();
    expect(chunked.status).to.equal(200);
    for (const received of provider.requests) expect(received.body.equals(body)).to.equal(true);
    expect(provider.requests).to.have.length(2);
  });

  test('one byte more does not', async () => {
    const body = Buffer.alloc(LIMIT + 1, ' ');
    const client = await RawClient.connect(proxy);
    const sending = client.send(Buffer.concat([CHUNKED_HEAD, chunk(body), LAST_CHUNK])).catch(() => {});
    expectApiError(await client.readResponse(), TOO_LARGE);
    await sending;
    client.destroy();
    expect(provider.requests).to.be.empty;
  });

  test('128 MB sent against a limit of 64 KB: the worker does not grow by them', async () => {
    const [worker = 0] = childrenOf(proxy.pid);
    const before = rssBytes(worker);
    let highest = before;
    const flood = async () => {
      const client = await halfRequest(proxy, CHUNKED_HEAD);
      const piece = chunk(Buffer.alloc(256 * 1024, ' '));
      for (let i = 0; i < 32; i++) {
        // It may be cut at any time once it was refused.
        if (
          !(await client.send(piece).then(
            () => true,
            () => false,
          ))
        )
          break;
        highest = Math.max(highest, rssBytes(worker));
      }
      expectApiError(await client.readResponse(), TOO_LARGE);
      client.destroy();
    };
    await deadline(Promise.all(Array.from({ length: 16 }, flood)), 15_000, 'the flood');
    expect((highest - before) / 1024 ** 2, 'growth in MB').to.be.below(48);
    expect(provider.requests).to.be.empty;
  });
});
