/** The way to a provider through an outbound proxy: CONNECT for https, and proxies that do not do as they should. */
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { Asked, answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcp, overTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes, WireServer } from '../support/wire-server';

type Tunnel = (head: string, socket: Socket, goOn: (answer: string) => void) => void;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** A proxy whose tunnels all lead to one port. */
class FakeProxy {
  /** Heads of all requests to it. */
  readonly heads: string[] = [];
  readonly #onward = new Set<Socket>();
  readonly #server: WireServer;

  private constructor(server: WireServer) {
    this.#server = server;
  }

  static async start(toPort: number, tunnel: Tunnel): Promise<FakeProxy> {
    const proxy: FakeProxy = new FakeProxy(
      await WireServer.start(() => {}, {
        onConnection: ({ socket }) =>
          socket.once('data', (chunk: Buffer) => {
            const head = chunk.toString('latin1');
            proxy.heads.push(head);
            tunnel(head, socket, (answer) => proxy.#connect(socket, toPort, answer));
          }),
      }),
    );
    return proxy;
  }

  /** With credentials. */
  get url(): string {
    return `http://user:p%40ss@127.0.0.1:${this.#server.port}`;
  }

  get openSockets(): number {
    return this.#server.openSockets;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#onward) socket.destroy();
  }

  #connect(socket: Socket, toPort: number, answer: string): void {
    const onward = connect(toPort, '127.0.0.1', () => {
      socket.write(answer);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    this.#onward.add(onward);
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  }
}

/** `Basic` of `user:p@ss`. */
const CREDENTIALS = 'proxy-authorization: Basic dXNlcjpwQHNz';

overTls('through a proxy', ({ serve, upstream }) => {
  let proxy: FakeProxy | null = null;
  afterEach(() => proxy?.close());

  const through = async (tunnel: Tunnel, options: { connectTimeoutMs?: number; maxConnections?: number } = {}) => {
    const server = await serve((request) => request.send(answerBytes(request.target)));
    const started = await FakeProxy.start(server.port, tunnel);
    proxy = started;
    // A name that the certificate has, and that nobody but the proxy knows.
    const subject = upstream(server, { origin: 'https://provider.test', proxyUrl: started.url, ...options });
    return { server, subject, proxy: started };
  };

  it('one tunnel serves many requests, and the proxy learns the place and its credentials', async () => {
    const { server, subject, proxy } = await through((_, __, goOn) => goOn(ESTABLISHED));
    for (let i = 0; i < 20; i++) {
      expect((await answerOf(subject, postRequest(`/${i}`))).body.toString()).to.equal(`/${i}`);
    }
    expect(proxy.heads).to.have.length(1);
    const [first, ...fields] = proxy.heads[0]?.trimEnd().split('\r\n') ?? [];
    expect(first).to.equal('CONNECT provider.test:443 HTTP/1.1');
    expect(fields).to.have.members(['host: provider.test:443', CREDENTIALS]);
    expect(server.requests[0]?.head)
      .to.match(/\r\nhost: provider\.test\r\n/)
      .and.not.match(/proxy-authorization/i);
    subject.destroy();
    await eventually(() => proxy.openSockets === 0 && server.openSockets === 0);
  });

  it('large bodies go both ways, paused now and then', async () => {
    const { server, subject } = await through((_, __, goOn) => goOn(ESTABLISHED));
    const target = `/${'x'.repeat(2000)}`;
    let paused = 0;
    const asked = new Asked(subject, postRequest(target, Buffer.alloc(5_000_000)), {
      onHead: (call) => {
        paused++;
        call.pause();
        setTimeout(() => call.resume(), 1);
      },
    });
    const outcome = await asked.outcome;
    expect([outcome.kind, outcome.body.toString() === target, paused]).to.deep.equal(['answer', true, 1]);
    expect(server.requests[0]?.body).to.have.length(5_000_000);
  });

  it('its answer may come in pieces', async () => {
    const { subject } = await through((_, socket, goOn) => {
      socket.write('HTTP/1.1 200');
      setImmediate(() => goOn(' Yes\r\nx-proxy: 1\r\n\r\n'));
    });
    expect((await answerOf(subject, postRequest('/'))).status).to.equal(200);
  });

  const wantsCredentials = 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n';
  const contradictory = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n';
  const refusals: [what: string, answer: string, told: string][] = [
    ['refuses', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n', 'refused to connect to the provider (403)'],
    ['wants credentials', wantsCredentials, 'refused to connect to the provider (407)'],
    ['says so at length', `${wantsCredentials}${'<p>'.repeat(50_000)}`, 'refused to connect to the provider (407)'],
    ['answers with garbage', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'is no HTTP'],
    ['answers with a malformed head', 'HTTP/1.1 200 OK\r\nx : 1\r\n\r\n', 'is no HTTP'],
    ['answers with a contradictory head', contradictory, 'is no HTTP'],
    ['sends bytes behind its head', `${ESTABLISHED}surplus`, 'sent bytes of its own'],
    ['never ends its head', `HTTP/1.1 200 OK\r\nx: ${'p'.repeat(100_000)}`, 'too large a head'],
    ['ends it too late', `HTTP/1.1 200 OK\r\nx: ${'p'.repeat(60_000)}\r\n\r\n`, 'too large a head'],
  ];
  for (const [what, answer, told] of refusals) {
    it(`one that ${what} fails the call, and nothing reaches the provider`, async () => {
      const { server, subject, proxy } = await through((_, socket) => {
        socket.write(answer.slice(0, 8));
        // The one after the next: in between the first piece is read.
        setImmediate(() => setImmediate(() => socket.write(answer.slice(8))));
      });
      const failures = [await failureOf(subject, postRequest('/1')), await failureOf(subject, postRequest('/2'))];
      for (const { reason, message } of failures) {
        expect(reason).to.equal('proxy');
        expect(message).to.contain(told).and.not.contain('p@ss').and.not.contain('dXNlcjpwQHNz');
      }
      expect(server.connections).to.have.length(0);
      await eventually(() => proxy.openSockets === 0);
      expect(subject.counts()).to.deep.equal({ active: 0, idle: 0, waiting: 0 });
    });
  }

  it('one that closes before its answer fails the call', async () => {
    const { subject } = await through((_, socket) => void socket.end());
    expect((await failureOf(subject, postRequest('/'))).reason).to.equal('proxy');
  });

  for (const begin of ['', 'HTTP/1.1 200', ESTABLISHED]) {
    it(`one that stalls after ${JSON.stringify(begin)} fails the call in the time for connecting`, async () => {
      const { subject, proxy } = await through(
        (_, socket) => {
          if (begin !== '') socket.write(begin);
          socket.on('data', () => {});
        },
        { connectTimeoutMs: 200, maxConnections: 1 },
      );
      expect((await failureOf(subject, postRequest('/'))).reason).to.equal('connect_timeout');
      await eventually(() => proxy.openSockets === 0);
    });
  }

  it('an aborted call closes the tunnel, made or half made', async () => {
    const { subject, proxy } = await through((head, _, goOn) => head.includes(CREDENTIALS) && goOn(ESTABLISHED));
    const early = new Asked(subject, postRequest('/early'));
    await eventually(() => proxy.heads.length === 1, { intervalMs: 1 });
    early.abort();
    await eventually(() => proxy.openSockets === 0);
    expect((await answerOf(subject, postRequest('/next'))).status).to.equal(200);
    expect(early.violations).to.deep.equal([]);
  });
});

overTcp('through a proxy', ({ serve, upstream }) => {
  it('an http provider is asked for in absolute form, without a tunnel', async () => {
    const proxy = await serve((request) => request.send(answerBytes()));
    const proxyUrl = `http://user:p%40ss@127.0.0.1:${proxy.port}`;
    const subject = upstream(proxy, { origin: 'http://provider.test:8080', proxyUrl });
    for (const target of ['/a?b=c', '/2']) await answerOf(subject, postRequest(target));
    const [first, ...fields] = proxy.requests[0]?.head.trimEnd().split('\r\n') ?? [];
    expect(first).to.equal('POST http://provider.test:8080/a?b=c HTTP/1.1');
    expect(fields).to.include('host: provider.test:8080').and.include(CREDENTIALS);
    expect(proxy.connections).to.have.length(1);
  });

  it('a provider on this machine is not', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    await answerOf(upstream(server, { proxyUrl: 'http://127.0.0.1:1' }), postRequest('/'));
    expect(server.requests[0]?.head).to.match(/^POST \/ HTTP/);
  });
});
