/** Providers that are not who they should be, or whose TLS does not come about: no request reaches them. */
import { expect } from 'chai';
import type { Upstream } from '../../worker/upstream/upstream';
import { answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { type Certificates, createCertificates } from '../support/certs';
import { createUpstream } from '../support/upstream-subject';
import { eventually } from '../support/wait';
import { answerBytes, WireServer, type WireServerOptions } from '../support/wire-server';

describe('TLS to a provider is refused', () => {
  let own: Certificates;
  let foreign: Certificates;
  let expired: Certificates;
  const servers: WireServer[] = [];
  const upstreams: Upstream[] = [];

  before(async () => {
    [own, foreign, expired] = await Promise.all([
      createCertificates(),
      createCertificates(),
      createCertificates({ isExpired: true }),
    ]);
  });
  after(() => Promise.all([own, foreign, expired].map((certificates) => certificates?.remove())));
  afterEach(() => {
    for (const upstream of upstreams.splice(0)) upstream.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  const serve = async (options: WireServerOptions) => {
    const server = await WireServer.start((request) => request.send(answerBytes()), options);
    servers.push(server);
    return server;
  };
  const subjectFor = (server: WireServer, ca: string, connectTimeoutMs = 5_000) => {
    const origin = server.origin.replace('http:', 'https:');
    const upstream = createUpstream({ origin, ca, connectTimeoutMs });
    upstreams.push(upstream);
    return upstream;
  };
  const failsWith = async (reason: string, server: WireServer, subject: Upstream) => {
    const failures = [await failureOf(subject, postRequest('/1')), await failureOf(subject, postRequest('/2'))];
    expect(failures.map((failure) => failure.reason)).to.deep.equal([reason, reason]);
    expect(server.requests).to.have.length(0);
    await eventually(() => server.openSockets === 0);
    expect(subject.counts()).to.deep.equal({ active: 0, idle: 0, waiting: 0 });
  };

  it('when another authority signed its certificate', async () => {
    const server = await serve({ tls: foreign });
    await failsWith('tls', server, subjectFor(server, own.ca));
    // It is the authority alone that makes the difference.
    expect((await answerOf(subjectFor(server, foreign.ca), postRequest('/'))).status).to.equal(200);
  });

  it('when its certificate is for another host', async () => {
    const server = await serve({ tls: own, host: '127.0.0.2' });
    await failsWith('tls', server, subjectFor(server, own.ca));
  });

  it('when its certificate is over', async () => {
    const server = await serve({ tls: expired });
    await failsWith('tls', server, subjectFor(server, expired.ca));
  });

  it('when it speaks no TLS', async () => {
    const server = await serve({
      onConnection: ({ socket }) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    });
    await failsWith('tls', server, subjectFor(server, own.ca));
  });

  it('when it takes the connection and says nothing', async () => {
    const server = await serve({ onConnection: ({ socket }) => socket.resume() });
    await failsWith('connect_timeout', server, subjectFor(server, own.ca, 150));
  });

  it('when it closes in the midst of the handshake', async () => {
    const server = await serve({ onConnection: ({ socket }) => socket.once('data', () => socket.end()) });
    const { reason } = await failureOf(subjectFor(server, own.ca), postRequest('/'));
    expect(reason).to.be.oneOf(['closed', 'reset']);
  });
});
