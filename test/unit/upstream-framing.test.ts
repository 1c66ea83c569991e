/** Limits and ends of answers that the fuzz run does not place exactly. */
import { expect } from 'chai';
import { Asked, answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes } from '../support/wire-server';

const LIMIT = 64 * 1024;

/** A whole answer whose head, with what goes before it, has that many bytes. */
function withHeadOf(bytes: number, before = ''): string {
  const frame = `${before}HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-pad: \r\n\r\n`;
  return `${frame.replace('x-pad: ', `x-pad: ${'p'.repeat(bytes - frame.length)}`)}{}`;
}

overTcpAndTls('the head of an answer', ({ serve, upstream }) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n';

  for (const before of ['', interim, interim.repeat(50)]) {
    it(`may have 64 KiB and not a byte more (${before.length} of them before it)`, async () => {
      const server = await serve((request) => request.send(withHeadOf(Number(request.target.slice(1)), before)));
      const subject = upstream(server);
      expect((await answerOf(subject, postRequest(`/${LIMIT}`))).body.toString()).to.equal('{}');
      expect((await failureOf(subject, postRequest(`/${LIMIT + 1}`))).reason).to.equal('bad_response');
      await eventually(() => server.openSockets === 0);
    });
  }

  it('that never ends is refused when it is too large, not at its end', async () => {
    const server = await serve((request) => request.send(`HTTP/1.1 200 OK\r\nx: ${'p'.repeat(LIMIT)}`));
    expect((await failureOf(upstream(server), postRequest('/'))).reason).to.equal('bad_response');
  });

  it('may follow any number of informational ones', async () => {
    const server = await serve((request) => {
      for (let i = 0; i < 100; i++) request.send('HTTP/1.1 100 Continue\r\n\r\n');
      request.send(answerBytes('"after"'));
    });
    const subject = upstream(server);
    for (const target of ['/1', '/2']) {
      const { status, body } = await answerOf(subject, postRequest(target));
      expect([status, body.toString()]).to.deep.equal([200, '"after"']);
    }
    expect(server.connections).to.have.length(1);
  });

  it('that changes the protocol is refused', async () => {
    const fields = 'upgrade: websocket\r\nconnection: upgrade\r\n';
    const server = await serve((request) => request.send(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`));
    expect((await failureOf(upstream(server), postRequest('/'))).reason).to.equal('bad_response');
  });
});

overTcpAndTls('the end of an answer', ({ serve, upstream }) => {
  it('is at once for 204 and 304, whatever they say of a body', async () => {
    const server = await serve((request) =>
      request.send(`HTTP/1.1 ${request.target.slice(1)} X\r\ncontent-length: 5\r\n\r\n`),
    );
    const subject = upstream(server);
    for (const status of [204, 304, 204]) {
      const answer = await answerOf(subject, postRequest(`/${status}`));
      expect([answer.status, answer.body.length]).to.deep.equal([status, 0]);
    }
    expect(server.connections).to.have.length(1);
  });

  for (const version of ['1.0', '1.1']) {
    it(`is where the connection ends, where nothing else is said (HTTP/${version})`, async () => {
      const server = await serve(({ connection: { socket } }) => {
        socket.write(`HTTP/${version} 200 OK\r\n\r\none `);
        setImmediate(() => socket.end('two'));
      });
      const subject = upstream(server);
      for (const target of ['/1', '/2']) {
        expect((await answerOf(subject, postRequest(target))).body.toString()).to.equal('one two');
      }
      expect(server.connections).to.have.length(2);
    });
  }

  it('is behind the trailers, which nobody hears of', async () => {
    const trailers = 'x-checksum: 1\r\ncontent-length: 99\r\n';
    const server = await serve((request) =>
      request.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n${trailers}\r\n`),
    );
    const subject = upstream(server);
    for (const target of ['/1', '/2']) {
      const { fields, body } = await answerOf(subject, postRequest(target));
      expect([fields.lines, fields.contentLength, body.toString()]).to.deep.equal(['', null, 'abc']);
    }
    expect(server.connections).to.have.length(1);
  });

  for (const line of ['x\0', 'x: 1\n', '\n', '\rx']) {
    it(`is not waited for behind a malformed trailer (${JSON.stringify(line)})`, async () => {
      const server = await serve((request) =>
        request.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${line}`),
      );
      expect((await failureOf(upstream(server), postRequest('/'))).reason).to.equal('bad_response');
    });
  }

  it('is not guessed: a body that is cut off is a failure, with what had come of it', async () => {
    const server = await serve((request) => {
      request.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
      if (request.target === '/end') request.connection.socket.end();
    });
    const subject = upstream(server);
    const { reason, body } = await failureOf(subject, postRequest('/end'));
    expect([reason, body.toString()]).to.deep.equal(['closed', 'hello']);
    const open = new Asked(subject, postRequest('/open'));
    await eventually(() => open.receivedBytes === 5);
    expect(open.isSettled()).to.equal(false);
  });
});
