/** A kept connection that the provider closes as the request comes: the request is sent once more, and only then. */
import { expect } from 'chai';
import { answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes, type WireConnection } from '../support/wire-server';

const ENDS: [string, (connection: WireConnection) => void][] = [
  ['closed', ({ socket }) => void socket.end()],
  ['destroyed', ({ socket }) => void socket.destroy()],
  ['reset', ({ socket }) => void socket.resetAndDestroy()],
];

overTcpAndTls('a stale connection', ({ name, serve, upstream }) => {
  // A TLS socket cannot be reset through its TLS.
  for (const [how, end] of ENDS.filter(([how]) => name === 'TCP' || how !== 'reset')) {
    it(`${how} as the second request comes: it is sent again on a new one`, async () => {
      const server = await serve((request) => {
        if (request.target === '/2' && request.connection.number === 0) end(request.connection);
        else request.send(answerBytes(request.body.toString()));
      });
      let retried = 0;
      const subject = upstream(server, { retried: () => void retried++ });
      await answerOf(subject, postRequest('/1', 'one'));
      expect((await answerOf(subject, postRequest('/2', 'two'))).body.toString()).to.equal('two');
      expect(server.requests.map(({ target }) => target)).to.deep.equal(['/1', '/2', '/2']);
      expect(server.requests.map(({ connection }) => connection.number)).to.deep.equal([0, 0, 1]);
      expect(server.requests.map(({ body }) => body.toString())).to.deep.equal(['one', 'two', 'two']);
      expect(retried).to.equal(1);
    });

    it(`${how} on the second try too: the call fails`, async () => {
      const server = await serve((request) => {
        if (request.target === '/1') request.send(answerBytes());
        else end(request.connection);
      });
      const subject = upstream(server);
      await answerOf(subject, postRequest('/1'));
      const { reason } = await failureOf(subject, postRequest('/2'));
      expect(reason).to.be.oneOf(how === 'reset' ? ['reset'] : ['closed', 'reset']);
      expect(server.requests.map(({ target }) => target)).to.deep.equal(['/1', '/2', '/2']);
    });

    it(`${how} when it is new: the call fails at once`, async () => {
      const server = await serve((request) => end(request.connection));
      const { reason } = await failureOf(upstream(server), postRequest('/1'));
      expect(reason).to.be.oneOf(how === 'reset' ? ['reset'] : ['closed', 'reset']);
      expect(server.requests).to.have.length(1);
    });
  }

  it('closed when the provider may have worked on the request: the call fails at once', async () => {
    const server = await serve((request) => {
      if (request.target === '/1') request.send(answerBytes());
      else setTimeout(() => request.connection.socket.end(), 1100);
    });
    const subject = upstream(server);
    await answerOf(subject, postRequest('/1'));
    expect((await failureOf(subject, postRequest('/2'))).reason).to.equal('closed');
    expect(server.requests).to.have.length(2);
  });

  for (const bytes of ['H', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.1 200 OK\r\n']) {
    it(`closed after ${JSON.stringify(bytes)}: the call fails at once`, async () => {
      const server = await serve((request) => {
        if (request.target === '/1') request.send(answerBytes());
        else request.connection.socket.end(bytes);
      });
      const subject = upstream(server);
      await answerOf(subject, postRequest('/1'));
      const { reason } = await failureOf(subject, postRequest('/2'));
      expect(reason).to.equal('closed');
      expect(server.requests).to.have.length(2);
    });
  }

  it('the second try never takes another kept one', async () => {
    const server = await serve((request) => {
      if (request.target === '/first') return;
      if (request.connection.requests > 1) request.connection.socket.destroy();
      else request.send(answerBytes());
    });
    const subject = upstream(server);
    const calls = [0, 1, 2].map(() => answerOf(subject, postRequest('/first')));
    await eventually(() => server.requests.length === 3);
    for (const request of server.requests) request.send(answerBytes());
    await Promise.all(calls);
    expect(subject.counts().idle).to.equal(3);
    await answerOf(subject, postRequest('/again'));
    const numbers = server.requests.slice(3).map(({ connection }) => connection.number);
    expect(numbers).to.have.length(2);
    expect(numbers[1]).to.equal(3);
  });

  it('with no other allowed: the second try has its place', async () => {
    const server = await serve((request) => {
      if (request.target === '/2' && request.connection.number === 0) request.connection.socket.destroy();
      else request.send(answerBytes(request.target));
    });
    const subject = upstream(server, { maxConnections: 1 });
    await answerOf(subject, postRequest('/1'));
    const calls = ['/2', '/3', '/4'].map((target) => answerOf(subject, postRequest(target)));
    const bodies = (await Promise.all(calls)).map(({ body }) => body.toString());
    expect(bodies).to.deep.equal(['/2', '/3', '/4']);
    expect(server.requests.map(({ target }) => target)).to.deep.equal(['/1', '/2', '/2', '/3', '/4']);
    expect(subject.counts()).to.deep.equal({ active: 0, idle: 1, waiting: 0 });
  });

  it('100 of them at once: every request is answered', async () => {
    const server = await serve((request) => {
      if (request.connection.requests === 2) request.connection.socket.destroy();
      else request.send(answerBytes(request.target));
    });
    const subject = upstream(server, { maxConnections: 8 });
    for (let round = 0; round < 5; round++) {
      const targets = Array.from({ length: 20 }, (_, i) => `/${round}/${i}`);
      const answers = await Promise.all(targets.map((target) => answerOf(subject, postRequest(target))));
      expect(answers.map(({ body }) => body.toString())).to.deep.equal(targets);
    }
  });
});
