/** Bodies of any size both ways, and answers that come before the request is sent. */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { Asked, answerOf, answerTo, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes, type WireConnection } from '../support/wire-server';

const LARGE = Buffer.alloc(20 * 1024 * 1024, 'a body of which every part is its own: 0123456789abcdefghijklmnopq');

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Takes 64 KiB, lets the event loop turn, and so on. */
function readSlowly({ socket }: WireConnection): void {
  let sinceBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    sinceBytes += chunk.length;
    if (sinceBytes < 65_536) return;
    sinceBytes = 0;
    socket.pause();
    void turn()
      .then(() => turn())
      .then(() => socket.resume());
  });
}

overTcpAndTls('bodies', ({ serve, upstream }) => {
  it('20 MB to a server that reads slowly', async () => {
    const slowed = new Set<WireConnection>();
    const server = await serve((request) => request.send(answerBytes(sha256(request.body))));
    const asked = new Asked(upstream(server), postRequest('/', LARGE));
    await eventually(() => server.connections.length === 1, { intervalMs: 1 });
    for (const connection of server.connections) {
      slowed.add(connection);
      readSlowly(connection);
    }
    const { body, kind } = await asked.outcome;
    expect(kind).to.equal('answer');
    expect(body.toString()).to.equal(sha256(LARGE));
    expect(slowed.size).to.equal(1);
  });

  it('50 MB back, by length, in chunks and to the end', async () => {
    const part = Buffer.alloc(1024 * 1024, 'xyz');
    const server = await serve(({ target, connection: { socket } }) => {
      const isChunked = target === '/chunks';
      const fields = isChunked
        ? 'transfer-encoding: chunked\r\n'
        : target === '/length'
          ? `content-length: ${50 * part.length}\r\n`
          : '';
      socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
      for (let left = 50; left > 0; left--) {
        if (isChunked) socket.write(`${part.length.toString(16)}\r\n`);
        socket.write(part);
        if (isChunked) socket.write('\r\n');
      }
      if (isChunked) socket.write('0\r\n\r\n');
      else if (fields === '') socket.end();
    });
    const subject = upstream(server);
    for (const target of ['/chunks', '/length', '/close']) {
      const asked = new Asked(subject, postRequest(target), { discardBody: true });
      expect((await asked.outcome).kind).to.equal('answer');
      expect(asked.receivedBytes).to.equal(50 * part.length);
      expect(asked.violations).to.deep.equal([]);
    }
    expect(server.connections).to.have.length(1);
  });

  for (const rest of ['keeps reading', 'reads no more', 'closes'] as const) {
    it(`an answer before the body is sent, by a server that ${rest}`, async () => {
      const heads: string[] = [];
      const server = await serve(() => {}, {
        onConnection: ({ socket }) => {
          let head = '';
          socket.on('data', (chunk: Buffer) => {
            const isFirst = head === '';
            head += chunk.toString('latin1', 0, 300);
            if (!isFirst) return;
            heads.push(head.slice(0, head.indexOf(' HTTP/1.1')));
            if (rest === 'reads no more') socket.pause();
            const answer = answerBytes('"early"', rest === 'closes' ? ['connection: close'] : [], '413 Too Large');
            if (rest === 'closes') socket.end(answer);
            else socket.write(answer);
          });
        },
      });
      const subject = upstream(server, { maxConnections: 1 });
      const asked = new Asked(subject, postRequest('/large', LARGE));
      const answer = await answerTo(asked);
      expect(answer.status).to.equal(413);
      expect(answer.body.toString()).to.equal('"early"');
      // The socket still reads from the body's memory.
      if (rest === 'reads no more') expect(asked.call.isSent).to.equal(false);
      // No second request in the midst of the first one's body.
      expect((await answerOf(subject, postRequest('/next'))).status).to.equal(413);
      expect(heads).to.deep.equal(['POST /large', 'POST /next']);
      expect(subject.counts()).to.include({ active: 0, waiting: 0 });
      // Who does not read does not see that it was closed.
      if (rest !== 'reads no more') await eventually(() => server.openSockets <= 1);
    });
  }

  it('an empty one has a length all the same', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    await answerOf(upstream(server), postRequest('/', ''));
    expect(server.requests[0]?.head).to.match(/\r\ncontent-length: 0\r\n/i);
  });

  it('a body is not looked at before it is sent: any bytes', async () => {
    const server = await serve((request) => request.send(answerBytes(sha256(request.body))));
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    const subject = upstream(server);
    for (const size of [1, 255, 4096, 16_384, 65_535, 65_536, 70_000]) {
      const { body } = await answerOf(subject, postRequest(`/${size}`, bytes.subarray(0, size)));
      expect(body.toString()).to.equal(sha256(bytes.subarray(0, size)));
    }
    expect(server.connections).to.have.length(1);
  });
});
