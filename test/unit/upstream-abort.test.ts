/** A call that is aborted ends at once, wherever it stands: nothing is heard of it, its place is free, its connection closed. */
import { expect } from 'chai';
import { Asked, answerOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes } from '../support/wire-server';

overTcpAndTls('an aborted call', ({ serve, upstream }) => {
  it('waits for an answer: its connection is closed', async () => {
    const server = await serve((request) => request.target === '/good' && request.send(answerBytes()));
    const subject = upstream(server, { maxConnections: 1 });
    const asked = new Asked(subject, postRequest('/never'));
    await eventually(() => server.requests.length === 1);
    asked.abort();
    await answerOf(subject, postRequest('/good'));
    await eventually(() => server.connections[0]?.isClosed === true);
    expect(server.connections).to.have.length(2);
    expect([asked.violations, asked.isSettled()]).to.deep.equal([[], false]);
  });

  it('is connecting: the place goes to the next', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server, { maxConnections: 1 });
    const asked = new Asked(subject, postRequest('/gone'));
    const next = new Asked(subject, postRequest('/next'));
    asked.abort();
    expect((await next.outcome).kind).to.equal('answer');
    expect(server.requests.map(({ target }) => target)).to.deep.equal(['/next']);
    expect(asked.violations).to.deep.equal([]);
    await eventually(() => subject.counts().active === 0);
  });

  it('one of many, all connecting: no place is lost', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server, { maxConnections: 4, maxWaiting: 100 });
    for (let round = 0; round < 5; round++) {
      const asked = Array.from({ length: 20 }, (_, i) => new Asked(subject, postRequest(`/${round}/${i}`)));
      for (const [i, one] of asked.entries()) if (i % 3 === round % 3) one.abort();
      const rest = asked.filter((_, i) => i % 3 !== round % 3);
      const outcomes = await Promise.all(rest.map(({ outcome }) => outcome));
      expect(outcomes.map(({ kind }) => kind)).to.deep.equal(rest.map(() => 'answer'));
    }
    await eventually(() => subject.counts().active === 0 && server.openSockets <= 4);
    expect(subject.counts().waiting).to.equal(0);
  });

  for (const moment of ['onHead', 'onData'] as const) {
    it(`by its handler in ${moment}, with everything in one read`, async () => {
      const server = await serve((request) => request.send(answerBytes('0123456789')));
      const subject = upstream(server, { maxConnections: 1 });
      const asked: Asked = new Asked(subject, postRequest('/'), { [moment]: () => asked.abort() });
      await eventually(() => server.connections[0]?.isClosed === true);
      expect((await answerOf(subject, postRequest('/next'))).body.toString()).to.equal('0123456789');
      expect([asked.violations, asked.isSettled()]).to.deep.equal([[], false]);
      expect(server.connections).to.have.length(2);
    });
  }

  it('while it is paused', async () => {
    const server = await serve((request) => request.send(answerBytes('x'.repeat(300_000))));
    const subject = upstream(server, { maxConnections: 1 });
    const asked = new Asked(subject, postRequest('/'), { onData: (call) => call.pause() });
    await eventually(() => asked.receivedBytes > 0);
    asked.abort();
    asked.call.resume();
    await eventually(() => server.connections[0]?.isClosed === true);
    expect(asked.violations).to.deep.equal([]);
  });

  it('after its end: the connection is kept', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    const asked = new Asked(subject, postRequest('/1'));
    await asked.outcome;
    for (const act of ['abort', 'pause', 'resume'] as const) asked.call[act]();
    await answerOf(subject, postRequest('/2'));
    expect(server.connections).to.have.length(1);
  });

  it('while a large body is sent', async () => {
    const server = await serve(() => {}, { onConnection: ({ socket }) => socket.pause() });
    const subject = upstream(server, { maxConnections: 1 });
    const asked = new Asked(subject, postRequest('/', Buffer.alloc(20_000_000)));
    await eventually(() => server.connections.length === 1);
    asked.abort();
    server.connections[0]?.socket.resume();
    await eventually(() => server.openSockets === 0);
    await eventually(() => subject.counts().active === 0);
  });
});
