/** No more connections than allowed; who finds none waits in the order of arrival, and not in any number. */
import { expect } from 'chai';
import { Asked, answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { eventually } from '../support/wait';
import { answerBytes, type WireRequest } from '../support/wire-server';

overTcpAndTls('requests that wait for a connection', ({ serve, upstream }) => {
  const close = ['connection: close'];

  for (const fields of [[], close]) {
    it(`go out in their order, never more at a time than connections${fields === close ? ' (closed each time)' : ''}`, async () => {
      const held: WireRequest[] = [];
      const server = await serve((request) => void held.push(request));
      const subject = upstream(server, { maxConnections: 2 });
      const asked = Array.from({ length: 10 }, (_, i) => new Asked(subject, postRequest(`/${i}`)));
      for (let done = 0; done < 10; done++) {
        await eventually(() => server.requests.length === Math.min(10, done + 2));
        expect(subject.counts()).to.include({ waiting: Math.max(0, 8 - done) });
        held.shift()?.send(answerBytes('{}', fields));
      }
      await Promise.all(asked.map(({ outcome }) => outcome));
      const targets = server.requests.map(({ target }) => target);
      // The first two are on their ways at the same time.
      expect(targets.slice(0, 2).sort()).to.deep.equal(['/0', '/1']);
      expect(targets.slice(2)).to.deep.equal(asked.slice(2).map((_, i) => `/${i + 2}`));
      expect(server.connections).to.have.length(fields === close ? 10 : 2);
      expect(subject.counts()).to.include({ active: 0, waiting: 0 });
    });
  }

  it('are refused when too many wait, and only after dispatch has returned', async () => {
    const server = await serve(() => {});
    const subject = upstream(server, { maxConnections: 1, maxWaiting: 2 });
    const asked = [0, 1, 2].map((i) => new Asked(subject, postRequest(`/${i}`)));
    const { reason } = await failureOf(subject, postRequest('/3'));
    expect(reason).to.equal('queue_full');
    expect(subject.counts()).to.include({ waiting: 2 });
    expect(asked.map(({ isSettled }) => isSettled())).to.deep.equal([false, false, false]);
  });

  it('give their place back when they are aborted', async () => {
    const held: WireRequest[] = [];
    const server = await serve((request) => void held.push(request));
    const subject = upstream(server, { maxConnections: 1, maxWaiting: 2 });
    const [running, gone, next] = ['/running', '/gone', '/next'].map(
      (target) => new Asked(subject, postRequest(target)),
    );
    gone?.abort();
    expect(subject.counts()).to.include({ waiting: 1 });
    const last = new Asked(subject, postRequest('/last'));
    for (const _ of [1, 2, 3]) {
      await eventually(() => held.length === 1);
      held.shift()?.send(answerBytes());
    }
    await Promise.all([running?.outcome, next?.outcome, last.outcome]);
    expect(server.requests.map(({ target }) => target)).to.deep.equal(['/running', '/next', '/last']);
    expect(gone?.violations).to.deep.equal([]);
  });

  it('go on after failures of those before', async () => {
    const server = await serve((request) => {
      if (Number(request.target.slice(1)) % 2 === 0) request.connection.socket.destroy();
      else request.send(answerBytes());
    });
    const subject = upstream(server, { maxConnections: 2 });
    const asked = Array.from({ length: 20 }, (_, i) => new Asked(subject, postRequest(`/${i}`)));
    const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(asked.map((_, i) => (i % 2 === 0 ? 'failure' : 'answer')));
    await eventually(() => subject.counts().active === 0);
  });

  it('may be made by a handler that hears of an end', async () => {
    const server = await serve((request) => request.send(answerBytes(request.target)));
    const subject = upstream(server, { maxConnections: 1 });
    const bodies = await new Promise<string[]>((resolve) => {
      const seen: string[] = [];
      const ask = (i: number) =>
        subject.dispatch(postRequest(`/${i}`), {
          onHead() {},
          onData: (chunk) => seen.push(Buffer.from(chunk).toString()),
          onEnd: () => (i === 20 ? resolve(seen) : void ask(i + 1)),
          onError: (error) => seen.push(error.reason),
        });
      ask(1);
    });
    expect(bodies).to.have.length(20);
    expect(server.connections).to.have.length(1);
    expect((await answerOf(subject, postRequest('/x'))).body.toString()).to.equal('/x');
  });
});
