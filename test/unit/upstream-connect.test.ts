/** Providers to whom no connection comes about, and connections that break. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { Upstream } from '../../worker/upstream/upstream';
import { Asked, answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcp, overTcpAndTls } from '../support/over-tcp-and-tls';
import { createUpstream, type SubjectOptions } from '../support/upstream-subject';
import { eventually } from '../support/wait';
import { answerBytes } from '../support/wire-server';

/** Listens, and takes no connection: its thread stands still. */
const BLACKHOLE = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a provider that cannot be reached', () => {
  const upstreams: Upstream[] = [];
  const subjectFor = (options: SubjectOptions) => {
    const upstream = createUpstream(options);
    upstreams.push(upstream);
    return upstream;
  };
  afterEach(() => {
    for (const upstream of upstreams.splice(0)) upstream.destroy();
  });

  it('refuses: every call fails, and every place is given back', async () => {
    const subject = subjectFor({ origin: `http://127.0.0.1:${await unusedPort()}`, maxConnections: 2 });
    const failures = await Promise.all([1, 2, 3, 4, 5].map((i) => failureOf(subject, postRequest(`/${i}`))));
    expect(failures.map(({ reason }) => reason)).to.deep.equal(Array(5).fill('refused'));
    expect(subject.counts()).to.deep.equal({ active: 0, idle: 0, waiting: 0 });
  });

  it('refuses at every address of its name', async () => {
    const subject = subjectFor({ origin: `https://localhost:${await unusedPort()}` });
    expect((await failureOf(subject, postRequest('/'))).reason).to.equal('refused');
  });

  it('has a name that nobody knows', async () => {
    const subject = subjectFor({ origin: 'http://name.invalid', connectTimeoutMs: 15_000 });
    expect((await failureOf(subject, postRequest('/'))).reason).to.equal('dns');
  });

  it('takes no connection: the time for it is bounded, and the next call may try', async () => {
    const worker = new Worker(BLACKHOLE, { eval: true });
    const fillers: Socket[] = [];
    try {
      const port = await new Promise<number>((resolve) => worker.once('message', resolve));
      // As many as the kernel takes for it.
      for (let i = 0; i < 8; i++) fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
      await eventually(() => fillers.some(({ connecting }) => !connecting));
      const subject = subjectFor({ origin: `http://127.0.0.1:${port}`, connectTimeoutMs: 150, maxConnections: 1 });
      const calls = [1, 2].map((i) => failureOf(subject, postRequest(`/${i}`)));
      expect((await Promise.all(calls)).map(({ reason }) => reason)).to.deep.equal(Array(2).fill('connect_timeout'));
      const gone = new Asked(subject, postRequest('/gone'));
      gone.abort();
      expect(gone.violations).to.deep.equal([]);
      expect(subject.counts()).to.deep.equal({ active: 0, idle: 0, waiting: 0 });
    } finally {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    }
  });
});

overTcpAndTls('a provider with several addresses', ({ serve, upstream }) => {
  it('is reached at the one that answers', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const origin = server.origin.replace('127.0.0.1', 'localhost');
    // `localhost` is ::1 too, where nobody listens.
    expect((await answerOf(upstream(server, { origin }), postRequest('/'))).status).to.equal(200);
  });
});

overTcp('a connection that breaks', ({ serve, upstream }) => {
  const begins: [string, string][] = [
    ['before the answer', ''],
    ['in the head', 'HTTP/1.1 200 OK\r\ncontent-'],
    ['before the body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'],
    ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA\r\n12345'],
    ['in a body to the end', 'HTTP/1.1 200 OK\r\n\r\n12345'],
  ];
  for (const [where, begin] of begins) {
    it(`${where} is a failure, and the next call goes well`, async () => {
      const server = await serve((request) => {
        if (request.target === '/next') {
          request.send(answerBytes());
          return;
        }
        const { socket } = request.connection;
        if (begin === '') socket.resetAndDestroy();
        // Once the bytes are with the client: a reset may overtake them.
        else socket.write(begin, () => setImmediate(() => setImmediate(() => socket.resetAndDestroy())));
      });
      const subject = upstream(server, { maxConnections: 1 });
      expect((await failureOf(subject, postRequest('/'))).reason).to.equal('reset');
      expect((await answerOf(subject, postRequest('/next'))).status).to.equal(200);
      expect(subject.counts()).to.deep.equal({ active: 0, idle: 1, waiting: 0 });
    });
  }

  it('while a large body is sent is a failure', async () => {
    const server = await serve(() => {}, {
      onConnection: ({ socket }) => socket.once('data', () => socket.resetAndDestroy()),
    });
    const { reason } = await failureOf(upstream(server), postRequest('/', Buffer.alloc(20_000_000)));
    expect(reason).to.equal('reset');
  });
});
