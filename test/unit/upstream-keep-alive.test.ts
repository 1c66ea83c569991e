/** Connections to a provider are kept and used again, the last one first, and given up when they must be. */
import { expect } from 'chai';
import { Asked, answerOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes, type WireRequest } from '../support/wire-server';

overTcpAndTls('connections to a provider', ({ serve, upstream }) => {
  it('one serves 100 requests that follow each other', async () => {
    const server = await serve((request) => request.send(answerBytes(request.target)));
    const subject = upstream(server);
    for (let i = 0; i < 100; i++) {
      const { body } = await answerOf(subject, postRequest(`/${i}`));
      expect(body.toString()).to.equal(`/${i}`);
    }
    expect(server.connections).to.have.length(1);
    expect(subject.counts()).to.deep.equal({ active: 0, idle: 1, waiting: 0 });
  });

  it('the one that was used last is used first', async () => {
    const held: WireRequest[] = [];
    const server = await serve((request) => {
      if (request.target === '/held') held.push(request);
      else request.send(answerBytes());
    });
    const subject = upstream(server);
    const asked = [0, 1, 2].map(() => new Asked(subject, postRequest('/held')));
    await eventually(() => held.length === 3);
    expect(subject.counts()).to.include({ active: 3, idle: 0 });
    for (const request of held) {
      const before = subject.counts().idle;
      request.send(answerBytes());
      await eventually(() => subject.counts().idle === before + 1);
    }
    await Promise.all(asked.map(({ outcome }) => outcome));
    for (let i = 0; i < 5; i++) await answerOf(subject, postRequest('/next'));
    const used = server.requests.slice(3).map(({ connection }) => connection.number);
    expect(new Set(used)).to.deep.equal(new Set([held.at(-1)?.connection.number]));
    expect(server.connections).to.have.length(3);
  });

  for (const [what, answer] of [
    ['says `connection: close`', answerBytes('{}', ['Connection: Close'])],
    ['says so in a list', answerBytes('{}', ['connection: x-hop, close'])],
    ['speaks HTTP/1.0', answerBytes().replace('1.1', '1.0')],
  ] as const) {
    it(`one whose answer ${what} is closed`, async () => {
      const server = await serve((request) => request.send(answer));
      const subject = upstream(server);
      await answerOf(subject, postRequest('/1'));
      await eventually(() => server.connections[0]?.isClosed === true);
      expect(subject.counts()).to.deep.equal({ active: 0, idle: 0, waiting: 0 });
      await answerOf(subject, postRequest('/2'));
      expect(server.connections).to.have.length(2);
    });
  }

  for (const hint of ['timeout=1', 'timeout=1, max=100', 'max=5, Timeout=1', 'timeout="1"']) {
    it(`an unused one is closed in the time that the provider gives (${hint})`, async () => {
      const server = await serve((request) => request.send(answerBytes('{}', [`Keep-Alive: ${hint}`])));
      const subject = upstream(server);
      await answerOf(subject, postRequest('/'));
      await eventually(() => server.connections[0]?.isClosed === true, { what: 'closed' });
      await eventually(() => subject.counts().idle === 0);
    });
  }

  it('one that the provider closes is forgotten', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    await answerOf(subject, postRequest('/1'));
    server.connections[0]?.socket.end();
    await eventually(() => subject.counts().idle === 0);
    await answerOf(subject, postRequest('/2'));
    expect(server.requests.map(({ connection }) => connection.number)).to.deep.equal([0, 1]);
  });

  it('one on which something comes while nobody asks is closed', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    await answerOf(subject, postRequest('/1'));
    server.connections[0]?.socket.write(answerBytes('"evil"'));
    await eventually(() => server.connections[0]?.isClosed === true);
    expect((await answerOf(subject, postRequest('/2'))).body.toString()).to.equal('{}');
    expect(server.connections).to.have.length(2);
  });

  it('all are closed by destroy', async () => {
    const server = await serve((request) => request.target === '/answered' && request.send(answerBytes()));
    const subject = upstream(server);
    const asked = new Asked(subject, postRequest('/never'));
    await eventually(() => server.requests.length === 1);
    await answerOf(subject, postRequest('/answered'));
    expect(subject.counts()).to.include({ active: 1, idle: 1 });
    subject.destroy();
    await eventually(() => server.openSockets === 0);
    expect(asked.violations).to.deep.equal([]);
  });
});
