/** Requests that fit no route, and heads that are no proper HTTP: refused in one way or the other, never served. */
import { expect } from 'chai';
import { expectApiError, expectUsable, mockConfig, refusedOn, survivor } from '../support/aftermath';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { ConnectionEnded, RawClient, type RawResponse, requestBytes } from '../support/raw-client';

const MESSAGES = ['/v1/messages', '/v1/messages/count_tokens'];
const MODELS = ['/v1/models', '/v1/models/m1'];

describe('bad input: requests', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 1 });
  });
  afterEach(() => {
    expect(provider.requests, 'requests at the provider').to.be.empty;
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  /** The answer, or null when the engine cut the connection instead; the answer is never a good one. */
  const neverServed = async (bytes: Buffer | string): Promise<RawResponse | null> => {
    const client = await RawClient.connect(proxy);
    const sending = client.send(bytes).catch(() => {});
    try {
      const response = await client.readResponse({ timeoutMs: 5000 });
      expect(response.status, response.firstLine).to.be.within(400, 505);
      return response;
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      expect(error.rest.toString('latin1'), 'a part of an answer').to.equal('');
      return null;
    } finally {
      await sending;
      client.destroy();
    }
  };

  const unknown = [
    '/nothing',
    '/v1',
    '/v1/messages/',
    '/v1/messages/x',
    '/v1/complete',
    '/V1/messages',
    '/v1//messages',
  ];
  for (const path of [...unknown, '/status/', '/statusx', '/v1/../status', '/%76%31/messages', '/favicon.ico']) {
    test(`${path}: 404 for every method`, async () => {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const response = await refusedOn(
          proxy,
          requestBytes(method, `${path}?a=b`, {}, method === 'POST' ? {} : undefined),
        );
        expectApiError(response, { status: 404, type: 'not_found_error', message: `Not found: ${path}` });
      }
    });
  }

  test('a long unknown path is named in part only', async () => {
    const response = await refusedOn(proxy, requestBytes('GET', `/${'x'.repeat(3000)}`));
    const message = `Not found: /${'x'.repeat(199)}`;
    expectApiError(response, { status: 404, type: 'not_found_error', message });
  });

  test('a model that is not configured: 404', async () => {
    for (const id of ['m2', '%', 'm1/x']) {
      const response = await refusedOn(proxy, requestBytes('GET', `/v1/models/${id}`));
      expectApiError(response, { status: 404, type: 'not_found_error', message: 'No such model' });
    }
  });

  for (const [paths, allow, methods] of [
    [MESSAGES, 'POST', ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
    [MODELS, 'GET, HEAD', ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
  ] as const) {
    for (const path of paths) {
      test(`${path} with another method: 405 with Allow: ${allow}`, async () => {
        for (const method of methods) {
          const response = await refusedOn(proxy, requestBytes(method, path, {}, method === 'PUT' ? {} : undefined));
          const message = `Method not allowed; use ${allow}`;
          expectApiError(response, { status: 405, type: 'method_not_allowed_error', message });
          expect(response.headers['allow']).to.equal(allow);
        }
      });
    }
  }

  for (const [path, status] of [
    ['/nothing', 404],
    ['/v1/messages', 405],
    ['/v1/models', 200],
  ] as const) {
    test(`HEAD ${path}: ${status} without a body`, async () => {
      const client = await RawClient.connect(proxy);
      const response = await client.roundTrip(requestBytes('HEAD', path), { isHead: true });
      expect(response.status).to.equal(status);
      expect(response.headers['request-id']).to.match(/^req_/);
      await expectUsable(client);
      client.destroy();
    });
  }

  test('a method that HTTP does not have: refused', async () => {
    for (const path of ['/v1/messages', '/status', '/nothing']) await neverServed(requestBytes('BREW', path));
  });

  for (const kib of [40, 400]) {
    test(`a head of ${kib} KiB: 431, or the connection is closed`, async () => {
      for (const [method, path] of [
        ['GET', '/status'],
        ['GET', '/v1/models'],
        ['POST', '/v1/messages'],
      ] as const) {
        const headers = { 'x-large': 'a'.repeat(kib * 1024) };
        const response = await neverServed(requestBytes(method, path, headers, method === 'POST' ? {} : undefined));
        if (response !== null) expect(response.status).to.equal(431);
      }
    });
  }

  test('a head of 20 KiB is served: beta headers are long', async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-beta-${i}`, 'b'.repeat(1000)]));
    expect((await refusedOn(proxy, requestBytes('GET', '/status', many))).status).to.equal(200);
  });

  for (const [method, path] of [
    ['GET', '/status'],
    ['GET', '/v1/models'],
    ['POST', '/v1/messages'],
  ] as const) {
    test(`${method} ${path} with two Host headers: 400, or the connection is closed`, async () => {
      const body = method === 'POST' ? {} : undefined;
      for (const host of [
        ['localhost', 'evil.example'],
        ['evil.example', 'localhost'],
        ['localhost', 'localhost'],
      ]) {
        const response = await neverServed(requestBytes(method, path, { host }, body));
        if (response !== null) expect(response.status).to.equal(400);
      }
    });
  }

  test('two equal Content-Length headers: 400', async () => {
    const headers = { 'content-length': ['2', '2'] };
    const response = await neverServed(requestBytes('POST', '/v1/messages', headers, '{}'));
    const message = 'More than one Content-Length header';
    if (response !== null) expectApiError(response, { status: 400, type: 'invalid_request_error', message });
  });

  test('a bad head on GET /v1/models is told in the shape of the API, with its request-id', async () => {
    const response = await neverServed(requestBytes('GET', '/v1/models', { 'content-length': ['0', '0'] }));
    const message = 'More than one Content-Length header';
    if (response !== null) expectApiError(response, { status: 400, type: 'invalid_request_error', message });
  });

  // RFC 9112, 6.3: such a message has no certain end, so nothing behind it may be taken for a request.
  test('two different Content-Length headers: nothing behind the body is taken for a request', async () => {
    const smuggling = requestBytes('POST', '/v1/messages', { 'content-length': ['2', '60'] }, '{}');
    const client = await RawClient.connect(proxy);
    await client.send(Buffer.concat([smuggling, requestBytes('GET', '/livez')]));
    // Refused, or closed right away when all of it arrives at once: both are fine, an answer to the rest is not.
    const first = await client.readResponse().catch((error: unknown) => error);
    if (!(first instanceof ConnectionEnded)) expect(first).to.include({ status: 400 });
    const next = await client.readResponse().catch((error: unknown) => error);
    client.destroy();
    expect(next, 'an answer to what is behind the body').to.be.instanceOf(ConnectionEnded);
  });

  test('Content-Length and Transfer-Encoding together: 400, or closed, and nothing behind is served', async () => {
    const headers = { 'content-length': 5, 'transfer-encoding': 'chunked' };
    const client = await RawClient.connect(proxy);
    await client.send(
      Buffer.concat([requestBytes('POST', '/v1/messages', headers, '0\r\n\r\n'), requestBytes('GET', '/livez')]),
    );
    expect(String(await client.readToEnd(5000))).not.to.contain('"alive"');
    client.destroy();
  });

  test('a Content-Length or a Transfer-Encoding that is none: refused', async () => {
    for (const length of ['abc', '-1', '0x10', '1e3', '2, 2']) {
      await neverServed(requestBytes('POST', '/v1/messages', { 'content-length': length }, '{}'));
    }
    const gzip = requestBytes('POST', '/v1/messages', { 'transfer-encoding': 'gzip' });
    await neverServed(Buffer.concat([gzip, Buffer.from('{}')]));
  });

  test('a chunk whose size is no number: refused', async () => {
    const head = requestBytes('POST', '/v1/messages', { 'transfer-encoding': 'chunked' });
    await neverServed(Buffer.concat([head, Buffer.from('ZZ\r\n{}\r\n0\r\n\r\n')]));
  });

  test('no Host: refused', () => neverServed('GET /status HTTP/1.1\r\naccept: */*\r\n\r\n').then(() => {}));

  test('pages that are answered at once can be pipelined, and are answered in order', async () => {
    const client = await RawClient.connect(proxy);
    const paths = ['/livez', '/nothing', '/readyz', '/v1/messages'];
    await client.send(Buffer.concat(paths.map((path) => requestBytes('GET', path))));
    const statuses: number[] = [];
    for (const _ of paths) statuses.push((await client.readResponse()).status);
    expect(statuses).to.deep.equal([200, 404, 200, 405]);
    client.destroy();
  });
});
