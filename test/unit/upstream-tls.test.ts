/** TLS to a provider: few handshakes, short ones where there was one before, the right name. */
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { answerOf, postRequest } from '../support/ask-upstream';
import { overTls } from '../support/over-tcp-and-tls';
import { answerBytes, type WireRequest } from '../support/wire-server';

/** The servers here speak TLS. */
const tlsOf = (request: WireRequest | undefined) => request?.connection.socket as TLSSocket;

overTls('a provider', ({ serve, upstream }) => {
  const close = answerBytes('{}', ['connection: close']);

  it('sees one handshake for 100 requests', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    for (let i = 0; i < 100; i++) await answerOf(subject, postRequest(`/${i}`));
    expect(server.connections).to.have.length(1);
  });

  it('sees its session resumed on every new connection but the first', async () => {
    const reused: boolean[] = [];
    const server = await serve((request) => {
      reused.push(tlsOf(request).isSessionReused());
      request.send(close);
    });
    const subject = upstream(server);
    for (let i = 0; i < 5; i++) await answerOf(subject, postRequest(`/${i}`));
    expect(server.connections).to.have.length(5);
    expect(reused).to.deep.equal([false, true, true, true, true]);
  });

  it('gets its name in the handshake, also when it comes to the second address of it', async () => {
    const server = await serve((request) => request.send(close));
    const subject = upstream(server, { origin: server.origin.replace('127.0.0.1', 'localhost') });
    for (let i = 0; i < 2; i++) await answerOf(subject, postRequest('/'));
    expect(server.requests.map((request) => tlsOf(request).servername)).to.deep.equal(['localhost', 'localhost']);
  });

  it('gets no name where it is known by an address', async () => {
    const server = await serve((request) => request.send(close));
    await answerOf(upstream(server), postRequest('/'));
    expect(tlsOf(server.requests[0]).servername).to.equal(false);
  });

  it('is offered HTTP/1.1 and a TLS that is not old', async () => {
    const server = await serve((request) => request.send(close));
    await answerOf(upstream(server), postRequest('/'));
    expect(tlsOf(server.requests[0]).getProtocol()).to.be.oneOf(['TLSv1.2', 'TLSv1.3']);
  });
});
