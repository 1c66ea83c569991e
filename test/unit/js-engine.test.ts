import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import type { EngineResponse, ListenSocket } from '../../worker/http/engine';
import { JsApp } from '../../worker/http/js-engine';
import { furtherLines, headerValue } from '../../worker/http/reply';
import { eventually } from '../support/wait';

/** Runs an app whose requests are collected, asks so many in one go, and gives the client's text to `use`. */
async function asked(
  count: number,
  use: (responses: readonly EngineResponse[], text: () => string) => Promise<void>,
): Promise<void> {
  const app = new JsApp();
  const responses: EngineResponse[] = [];
  app.any('/*', (res) => {
    res.onAborted(() => {});
    responses.push(res);
  });
  const listening = await new Promise<ListenSocket>((resolve) => app.listen('127.0.0.1', 0, resolve));
  const client = connect(JsApp.localPort(listening), '127.0.0.1');
  let text = '';
  client.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  try {
    await once(client, 'connect');
    client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(count));
    await eventually(() => responses.length === count);
    await use(responses, () => text);
  } finally {
    client.destroy();
    JsApp.closeListenSocket(listening);
  }
}

describe('The engine in plain JavaScript', () => {
  it('takes values of headers for UTF-8, as the native ones do', async () => {
    const app = new JsApp();
    let seen: string[] = [];
    app.any('/*', (res, req) => {
      req.forEach((name, value) => {
        seen.push(name, value);
      });
      res.end('done');
    });
    const listening = await new Promise<ListenSocket>((resolve) => app.listen('127.0.0.1', 0, resolve));
    const client = connect(JsApp.localPort(listening), '127.0.0.1');
    try {
      client.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: café!\r\n\r\n');
      await once(client, 'data');
      expect(seen).to.deep.equal(['host', 'localhost', 'x-a', 'café!']);
      seen = [];
      client.write(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: caf\xe9!\r\n\r\n', 'latin1'));
      await once(client, 'data');
      expect(seen.at(-1)).to.equal('caf\ufffd!');
    } finally {
      client.destroy();
      JsApp.closeListenSocket(listening);
    }
  });

  it('gives a POST to the handler for that alone, and everything else to the one for any method', async () => {
    const app = new JsApp();
    app.any('/*', (res) => res.end('wild'));
    app.any('/a', (res) => res.end('any'));
    app.post('/a', (res) => res.end('post'));
    const listening = await new Promise<ListenSocket>((resolve) => app.listen('127.0.0.1', 0, resolve));
    const client = connect(JsApp.localPort(listening), '127.0.0.1');
    try {
      for (const [line, answer] of [
        ['POST /a?b=c', 'post'],
        ['GET /a', 'any'],
        ['POST /b', 'wild'],
      ]) {
        client.write(`${line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
        const [text] = await once(client, 'data');
        expect(String(text).endsWith(`\r\n\r\n${answer}`), line).to.equal(true);
      }
    } finally {
      client.destroy();
      JsApp.closeListenSocket(listening);
    }
  });

  it('takes the bytes of an answer at once, also behind one that is still under way', () =>
    asked(2, async ([first, second], text) => {
      const bytes = Buffer.alloc(9000, 'a');
      second?.end(bytes);
      bytes.fill('b');
      first?.end('first');
      await eventually(() => text().length > 9000);
      await eventually(() => text().split('HTTP/1.1 200').length === 3);
      expect(text().endsWith(`\r\n\r\n${'a'.repeat(9000)}`)).to.equal(true);
    }));

  it('writes all headers that come in one call', () =>
    asked(1, async ([res], text) => {
      const lines = furtherLines(['b', 'x: y', 'empty', '', 'c', 'é', 'beyond', '\u010a']);
      res?.writeHeader('a', headerValue(`1${lines}\r\nbare:x: y\r\nnone:\r\nwide:\t \tz \t`));
      res?.end(Buffer.from('whole'));
      await eventually(() => text().endsWith('whole'));
      expect(text()).to.match(/\r\na: 1\r\nb: x: y\r\nempty: \r\nc: é\r\nbeyond: \?\r\n/);
      expect(text()).to.match(/\r\nbare: x: y\r\nnone: \r\nwide: z\r\n/);
    }));
});
