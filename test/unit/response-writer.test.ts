/** With the real engine and a real client. */
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type ListenSocket, loadEngine } from '../../worker/http/engine';
import { ResponseWriter } from '../../worker/http/response-writer';
import { eventually } from '../support/wait';

const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const CHUNK = Buffer.alloc(14_000, 'x');
/** 20 MiB: more than the kernel's buffers take of what nobody reads. */
const MANY = 1500;

describe('answers that a client does not read', () => {
  const engine = loadEngine();
  let listening: ListenSocket;
  let client: Socket | null = null;
  let finished = 0;

  before((done) => {
    const app = engine.createApp();
    app.any('/', (res) => {
      const over = () => {
        if (++finished < MANY) client?.write(REQUEST);
      };
      const writer = new ResponseWriter(res, { drained: () => {}, finished: over });
      res.onAborted(() => writer.aborted());
      // Later, as answers of a provider are.
      setImmediate(() => {
        if (writer.closed) return;
        writer.begin({ status: 200, headers: ['content-type', 'text/event-stream'], closing: false });
        writer.endWith(CHUNK);
      });
    });
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) listening = socket;
      done(socket ? undefined : new Error('no port'));
    });
  });
  after(() => {
    client?.destroy();
    engine.closeListenSocket(listening);
  });

  /** Whether it is the same number for a while: an engine may wait with a write, or read no further request. */
  async function standsStill(): Promise<boolean> {
    const before = finished;
    for (let turns = 0; turns < 1000; turns++) await new Promise(setImmediate);
    return before > 0 && finished === before;
  }

  it('do not pile up, however many it asks for, and come when it does', async () => {
    let bytes = 0;
    client = connect({ host: '127.0.0.1', port: engine.localPort(listening), noDelay: true });
    client.pause().on('data', (data) => {
      bytes += data.length;
    });
    client.write(REQUEST);
    await eventually(standsStill, { timeoutMs: 15_000, what: 'the client to be waited for' });
    expect(finished).to.be.within(1, MANY - 1);
    client.resume();
    await eventually(() => finished === MANY && bytes > MANY * CHUNK.length, { timeoutMs: 15_000, what: 'all of it' });
  });
});
