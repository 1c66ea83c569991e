/** A paused call reads no more, so that the provider cannot write: nothing piles up in between. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { Asked, answerOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes } from '../support/wire-server';

const PIECE = Buffer.alloc(64 * 1024, 'abcdefghijklmnopqrstuvwxyz');
const PIECES = 800;
const SIZE = PIECE.length * PIECES;
/** What kernels hold on both sides, and the sockets' own buffers. */
const MOST_IN_BETWEEN = 16 * 1024 * 1024;

/** Writes as the socket takes it. */
class Writer {
  written = 0;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async write(): Promise<void> {
    this.#socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
    for (let left = PIECES; left > 0; left--) {
      if (!this.#socket.write(PIECE)) await once(this.#socket, 'drain');
      this.written += PIECE.length;
    }
  }

  /** Resolves when nothing went out from one look to the next. */
  async stalled(): Promise<void> {
    let last = -1;
    const isSame = () => {
      const before = last;
      last = this.written;
      return before === last;
    };
    await eventually(isSame, { intervalMs: 150, what: 'no more is written' });
  }
}

overTcpAndTls('a paused call', ({ serve, upstream }) => {
  for (const moment of ['onHead', 'onData'] as const) {
    it(`from ${moment} on: the provider stops, and after it goes on the answer is whole`, async () => {
      const writers: Writer[] = [];
      const server = await serve(({ connection }) => {
        const writer = new Writer(connection.socket);
        writers.push(writer);
        void writer.write();
      });
      const hash = createHash('sha256');
      let isPaused = false;
      let received = 0;
      let afterPause = 0;
      const end = new Promise<string>((resolve) => {
        const pause = () => {
          if (isPaused || received > 0) return;
          isPaused = true;
          call.pause();
        };
        const call = upstream(server).dispatch(postRequest('/'), {
          onHead: () => moment === 'onHead' && pause(),
          onData: (chunk) => {
            if (moment === 'onData') pause();
            hash.update(chunk);
            received += chunk.length;
            if (isPaused) afterPause += chunk.length;
          },
          onEnd: () => resolve('end'),
          onError: ({ reason }) => resolve(reason),
        });
        const goOn = async () => {
          await eventually(() => isPaused);
          await writers[0]?.stalled();
          expect(writers[0]?.written).to.be.below(MOST_IN_BETWEEN);
          expect(afterPause, 'bytes after the pause').to.be.below(1024 * 1024);
          isPaused = false;
          call.resume();
        };
        goOn().catch((error) => resolve(String(error)));
      });
      expect(await end).to.equal('end');
      expect(received).to.equal(SIZE);
      const sent = createHash('sha256');
      for (let left = PIECES; left > 0; left--) sent.update(PIECE);
      expect(hash.digest('hex')).to.equal(sent.digest('hex'));
    });
  }

  it('at every chunk, going on in the same turn or later: the answer is whole', async () => {
    const body = PIECE.toString('latin1').repeat(40);
    const server = await serve((request) => request.send(answerBytes(body)));
    let chunks = 0;
    const answer = await answerOf(upstream(server), postRequest('/'), {
      onData: (call) => {
        call.pause();
        if (chunks++ % 2 === 0) call.resume();
        else setImmediate(() => call.resume());
      },
    });
    expect(answer.body.toString('latin1') === body).to.equal(true);
  });

  it('does not hold up others', async () => {
    const server = await serve((request) => request.send(answerBytes('x'.repeat(1_000_000))));
    const subject = upstream(server);
    const paused = new Asked(subject, postRequest('/paused'), { onHead: (call) => call.pause() });
    await eventually(() => paused.status !== null);
    expect((await answerOf(subject, postRequest('/other'))).body).to.have.length(1_000_000);
    expect(paused.isSettled()).to.equal(false);
    paused.call.resume();
    expect((await paused.outcome).body).to.have.length(1_000_000);
  });

  it('whose answer ended in the pause leaves a connection that reads', async () => {
    const server = await serve((request) => request.send(answerBytes(request.target)));
    const subject = upstream(server, { maxConnections: 1 });
    for (let i = 0; i < 5; i++) {
      const asked = new Asked(subject, postRequest(`/${i}`), { onHead: (call) => call.pause() });
      await eventually(() => asked.status !== null);
      asked.call.resume();
      expect((await asked.outcome).body.toString()).to.equal(`/${i}`);
    }
    // Paused by the last chunk, and never resumed by anybody.
    await new Asked(subject, postRequest('/last'), { onData: (call) => call.pause() }).outcome;
    expect((await answerOf(subject, postRequest('/after'))).body.toString()).to.equal('/after');
  });

  it('may be one that still waits: it is paused on the connection that it gets', async () => {
    const server = await serve((request) =>
      request.send(answerBytes(request.target === '/1' ? '{}' : 'x'.repeat(8_000_000))),
    );
    const subject = upstream(server, { maxConnections: 1 });
    const first = new Asked(subject, postRequest('/1'));
    const waiting = new Asked(subject, postRequest('/2'));
    waiting.call.pause();
    await first.outcome;
    const { socket } = server.connections[0] ?? {};
    await eventually(() => (socket?.bytesWritten ?? 0) > 1_000 && socket?.writableLength !== 0);
    // Everything would be there by now, with a good part of it read.
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(waiting.receivedBytes).to.be.below(1024 * 1024);
    waiting.call.resume();
    expect((await waiting.outcome).body).to.have.length(8_000_000);
    expect(server.connections).to.have.length(1);
  });
});
