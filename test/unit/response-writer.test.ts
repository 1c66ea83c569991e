/** With the real engine and a real client. */
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type EngineResponse, type ListenSocket, loadEngine } from '../../worker/http/engine';
import { sendReply } from '../../worker/http/reply';
import { ResponseWriter } from '../../worker/http/response-writer';
import { eventually } from '../support/wait';

const BODY = 'x'.repeat(14_000);
/** 20 MiB: more than the kernel's buffers take of what nobody reads. */
const MANY = 1500;
const engine = loadEngine();

/** How an answer is written. @param over it is */
type Answer = (res: EngineResponse, over: () => void) => void;

const written =
  (write: (writer: ResponseWriter) => void): Answer =>
  (res, over) => {
    const writer = new ResponseWriter(res, { drained: () => {}, finished: over });
    res.onAborted(() => writer.aborted());
    // Later, as answers of a provider are.
    setImmediate(() => {
      if (writer.closed) return;
      writer.begin({ status: 200, idAndLines: 'req_1', isAscii: true, closing: false });
      write(writer);
    });
  };

const ANSWERS: Record<string, Answer> = {
  stream: written((writer) => writer.endWith(Buffer.from(BODY))),
  document: written((writer) => writer.end(Buffer.from(BODY))),
  reply: (res, over) => {
    res.onAborted(() => {});
    sendReply(res, { status: 200, typeAndHeaders: 'a/b', body: BODY }, { headOnly: false, closing: false });
    over();
  },
};

describe('answers that a client does not read', () => {
  let listening: ListenSocket;
  let client: Socket | null = null;
  let finished = 0;

  before((done) => {
    const app = engine.createApp();
    for (const [name, answer] of Object.entries(ANSWERS))
      app.any(`/${name}`, (res) => {
        answer(res, () => {
          if (++finished < MANY) ask(name);
        });
      });
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) listening = socket;
      done(socket ? undefined : new Error('no port'));
    });
  });
  beforeEach(() => {
    finished = 0;
    client = connect({ host: '127.0.0.1', port: engine.localPort(listening), noDelay: true });
    client.on('error', () => {});
    client.pause();
  });
  afterEach(() => client?.destroy());
  after(() => engine.closeListenSocket(listening));

  function ask(name: string): void {
    client?.write(`GET /${name} HTTP/1.1\r\nhost: a\r\n\r\n`);
  }

  /** Whether it has been the same number for a while: an engine may wait with a write, or read no further request. */
  async function standsStill(): Promise<boolean> {
    const before = finished;
    for (let turns = 0; turns < 1000; turns++) await new Promise(setImmediate);
    return before > 0 && finished === before;
  }

  for (const name of ['stream', 'document']) {
    it(`do not pile up, however many it asks for, and come when it does: a ${name}`, async () => {
      let bytes = 0;
      client?.on('data', (data) => {
        bytes += data.length;
      });
      client?.pause();
      ask(name);
      await eventually(standsStill, { timeoutMs: 15_000, what: 'the client to be waited for' });
      expect(finished).to.be.within(1, MANY - 1);
      client?.resume();
      const isAll = () => finished === MANY && bytes > MANY * BODY.length;
      await eventually(isAll, { timeoutMs: 15_000, what: 'all of it' });
    });
  }

  it('do not pile up, however many it asks for: a reply, behind which nothing more is read', async () => {
    ask('reply');
    await eventually(standsStill, { timeoutMs: 15_000, what: 'no further reply' });
    expect(finished).to.be.within(1, MANY - 1);
  });
});
