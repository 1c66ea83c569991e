/** `proxy_url`: providers are reached through an HTTP proxy, by CONNECT for https and by absolute form for http. */

import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type Certificates, createCertificates } from '../support/certs';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

/** Sends everything to one port of this machine, whatever host is asked for, and notes what was asked. */
class ForwardProxy {
  readonly asked: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(portOf: (scheme: 'http' | 'https') => number) {
    this.#server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.asked.push(`${incoming.method} ${incoming.url} ${incoming.headers['proxy-authorization']}`);
      const { pathname } = new URL(incoming.url ?? '');
      const { method, headers } = incoming;
      const onward = forward({ host: '127.0.0.1', port: portOf('http'), path: pathname, method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    });
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
      this.asked.push(`CONNECT ${incoming.url} ${incoming.headers['proxy-authorization']}`);
      if (incoming.url?.startsWith('forbidden.test')) {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const onward = connect(portOf('https'), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket);
        socket.pipe(onward);
      });
      this.#track(onward);
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

describe('providers behind an outbound proxy', () => {
  const user = 'Basic dXNlcjpvdXRib3VuZC1zZWNyZXQ=';
  let certificates: Certificates;
  let plain: MockProvider;
  let secure: MockProvider;
  let outbound: ForwardProxy;
  let proxy: RunningProxy;

  before(async () => {
    certificates = await createCertificates();
    plain = await startMockProvider();
    secure = await startMockProvider({ tls: certificates });
    outbound = new ForwardProxy((scheme) => (scheme === 'http' ? plain : secure).port);
    const provider = (name: string, url: string) => ({
      name,
      dialect: 'anthropic',
      api_base_url: url,
      api_key: 'sk-provider-key-1',
    });
    proxy = await startProxy({
      config: {
        proxy_url: `http://user:outbound-secret@127.0.0.1:${await outbound.listen()}`,
        providers: [
          provider('plain', 'http://provider.test'),
          provider('secure', 'https://provider.test'),
          provider('forbidden', 'https://forbidden.test'),
          provider('near', plain.url),
        ],
        routes: { default: 'plain,m' },
      },
      env: { NODE_EXTRA_CA_CERTS: certificates.caFile },
      workers: 1,
    });
  });

  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => outbound?.close(),
      () => plain?.close(),
      () => secure?.close(),
      () => certificates?.remove(),
    ),
  );

  const ask = (model: string) =>
    request({
      url: `${proxy.url}/v1/messages`,
      method: 'POST',
      body: JSON.stringify({ model, max_tokens: 9, messages: [] }),
    });

  it('asks for an http provider in absolute form', async () => {
    expect((await ask('plain,m')).status).to.equal(200);
    expect(outbound.asked).to.include(`POST http://provider.test/v1/messages ${user}`);
  });

  it('goes to an https provider through CONNECT, and checks its certificate', async () => {
    expect((await ask('secure,m')).status).to.equal(200);
    expect(outbound.asked).to.include(`CONNECT provider.test:443 ${user}`);
    expect(secure.requests).to.have.length(1);
  });

  it('tells who the proxy refused', async () => {
    const answer = await ask('forbidden,m');
    expect(answer.status).to.equal(502);
    expect(answer.text).to.contain('outbound proxy refused').and.contain('forbidden');
    expect(outbound.asked).to.include(`CONNECT forbidden.test:443 ${user}`);
  });

  it('reaches a provider on this machine directly', async () => {
    const before = outbound.asked.length;
    expect((await ask('near,m')).status).to.equal(200);
    expect(outbound.asked).to.have.length(before);
  });

  it('never shows the credentials of the proxy', async () => {
    expect(proxy.output()).to.not.contain('outbound-secret');
    expect(JSON.stringify(await proxy.status())).to.not.contain('outbound-secret');
  });
});
