/** A request as it goes over the wire; what would break out of its place there does not go. */
import { expect } from 'chai';
import { answerOf, failureOf, postRequest } from '../support/ask-upstream';
import { overTcpAndTls } from '../support/over-tcp-and-tls';
import { answerBytes } from '../support/wire-server';

overTcpAndTls('a request', ({ serve, upstream }) => {
  it('has its own head and body, byte for byte', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    const headers = ['content-type', 'application/json', 'x-bytes', '\xe4\xff\x80 a\tb', 'x-empty', ''];
    await answerOf(subject, postRequest('/v1/messages?beta=true&x=%20\xe4', '{"a":"ä"}', headers));
    const [request] = server.requests;
    const lines = [
      'POST /v1/messages?beta=true&x=%20\xe4 HTTP/1.1',
      `host: 127.0.0.1:${server.port}`,
      'content-type: application/json',
      'x-bytes: \xe4\xff\x80 a\tb',
      'x-empty: ',
      'content-length: 10',
    ];
    expect(request?.head).to.equal(`${lines.join('\r\n')}\r\n\r\n`);
    expect(request?.body.toString()).to.equal('{"a":"ä"}');
  });

  it('with GET has no body and no length', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server);
    const get = { target: '/v1/models', method: 'GET', body: [] } as const;
    await answerOf(subject, { ...get, headers: { text: '' } });
    expect(server.requests[0]?.head).to.equal(`GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n\r\n`);
  });

  it('has the head of the one before where all but the length is the same, and no other', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server, { maxConnections: 1 });
    const one = { text: 'x-a: 1\r\n' };
    const bodies = ['', 'x', 'x'.repeat(9), 'x'.repeat(10), 'x'.repeat(12_345), 'x'.repeat(100_000)];
    const requests: [target: string, headers: { text: string }, body: string][] = [
      ...bodies.map((body): [string, typeof one, string] => ['/a', one, body]),
      ['/b', one, 'x'],
      ['/b', { text: 'x-a: 2\r\n' }, 'x'],
      ['/a', one, 'x'],
    ];
    for (const [target, headers, body] of requests) {
      await answerOf(subject, { ...postRequest(target, body), headers });
      const request = server.requests.at(-1);
      const head = `POST ${target} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n${headers.text}`;
      expect(request?.head).to.equal(`${head}content-length: ${body.length}\r\n\r\n`);
      expect(request?.body.toString()).to.equal(body);
    }
    await answerOf(subject, { target: '/a', method: 'GET', body: [], headers: one });
    expect(server.requests.at(-1)?.head).to.equal(
      `GET /a HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nx-a: 1\r\n\r\n`,
    );
  });

  const wrong: [string, string, string[]][] = [
    ...['a\rb', 'a\nb', 'a\r\nx-evil: 1', 'a\0', '\x7f', '\x01', 'a\u010ab', '\u2028', '\ud83d\ude00'].map(
      (value): [string, string, string[]] => ['a value', '/', ['x-a', value]],
    ),
    ...['', 'x a', 'x:', 'x\r\n', 'x\0', 'x\xe4', 'x(', 'x\u010a'].map((name): [string, string, string[]] => [
      'a name',
      '/',
      [name, '1'],
    ]),
    ...['', '/a b', '/a\r\nx: 1', '/a HTTP/1.1\r\n\r\n', '/\n', '/\0', '/\t', '/\u010a', '/\x7f'].map(
      (target): [string, string, string[]] => ['a target', target, []],
    ),
  ];
  it('with a name, a value or a target that breaks out is refused, and nothing of it is sent', async () => {
    const server = await serve((request) => request.send(answerBytes()));
    const subject = upstream(server, { maxConnections: 1 });
    await answerOf(subject, postRequest('/first'));
    const before = server.connections[0]?.receivedBytes;
    for (const [what, target, headers] of wrong) {
      const { reason, message } = await failureOf(subject, postRequest(target, '{}', headers));
      const shown = `${what}: ${JSON.stringify([target, headers])}`;
      expect(reason, shown).to.equal('bad_request');
      expect(message, shown).to.not.contain('evil');
      expect(subject.counts(), shown).to.deep.equal({ active: 0, idle: 1, waiting: 0 });
    }
    expect(server.connections.map(({ receivedBytes }) => receivedBytes)).to.deep.equal([before]);
    await answerOf(subject, postRequest('/last'));
    expect(server.requests.map(({ target }) => target)).to.deep.equal(['/first', '/last']);
  });
});
