import { expect } from 'chai';
import { anthropicClient } from '../../worker/dialects/anthropic/client';
import { anthropicTapRules } from '../../worker/dialects/anthropic/tap-rules';
import type { AnswerEnd, AnswerPath } from '../../worker/gateway/answer-path';
import { CountAnswer } from '../../worker/gateway/count-answer';
import { Exchange, type ExchangeHost } from '../../worker/gateway/exchange';
import type { ExchangeRecord } from '../../worker/gateway/exchange-record';
import { PassthroughAnswer } from '../../worker/gateway/passthrough-answer';
import type { EngineResponse } from '../../worker/http/engine';
import { ResponseWriter } from '../../worker/http/response-writer';
import { UpstreamError } from '../../worker/upstream/upstream';
import { fieldsOf } from '../support/answer-fields';

const DOCUMENT = Buffer.alloc(60_000, 'x');

/** A client that takes nothing until it is told to. */
class SlowResponse implements EngineResponse {
  bytes = 0;
  text = '';
  ended = false;
  /** System calls, where the client takes all. */
  corks = 0;
  #blocked = true;
  #writable: (offset: number) => boolean = () => true;

  writeStatus(): void {}
  writeHeader(): void {}
  write(chunk: string | Uint8Array): boolean {
    this.bytes += chunk.length;
    this.text += Buffer.from(chunk).toString('latin1');
    return !this.#blocked;
  }
  end(body: string | Uint8Array = ''): void {
    this.bytes += body.length;
    this.text += Buffer.from(body as Uint8Array).toString('latin1');
    this.ended = true;
  }
  tryEnd(body: string | Uint8Array): [boolean, boolean] {
    if (this.#blocked) return [false, false];
    this.end(body);
    return [true, true];
  }
  endWithoutBody(): void {}
  close(): void {}
  onAborted(): void {}
  onData(): void {}
  onWritable(handler: (offset: number) => boolean): void {
    this.#writable = handler;
  }
  pause(): void {}
  resume(): void {}
  cork(callback: () => void): void {
    this.corks++;
    callback();
  }
  getRemoteAddress(): ArrayBuffer {
    return new ArrayBuffer(4);
  }
  take(): void {
    this.#blocked = false;
    this.#writable(0);
  }
}

/** A stream made into a document: whole with the first chunk, and given out at its end. */
class WholeAtOnce implements AnswerPath {
  readonly early = null;
  readonly isStream = false;
  readonly sawContent = true;
  isComplete = false;
  onHead = () => ({ status: 200, requestId: null, lines: '', isAscii: true });
  onData(): null {
    this.isComplete = true;
    return null;
  }
  onEnd = (): AnswerEnd => ({ kind: 'end', last: DOCUMENT });
  onBroken = () => null;
  failure = () => null;
  ping = () => null;
  close = (done: (usage: null) => void) => done(null);
}

const RECORD: ExchangeRecord = {
  ...{ requestId: 'req_1', hasOwnId: true, method: 'POST', path: '/v1/messages', client: '127.0.0.1', sessionId: '' },
  ...{ model: 'm', route: 'r', provider: 'p', status: 0, failure: '', isClientsFault: false, abortedIn: null },
  ...{ refused: null, startedAt: 0, sentAt: 0, headAt: 0, firstTokenAt: 0, endedAt: 0, overheadMs: 0 },
  ...{ streamBytes: 0, usage: null },
};

describe('an exchange whose answer is whole while its client takes nothing', () => {
  const then: [string, (exchange: Exchange) => void][] = [
    ['the body ends', (exchange) => exchange.onEnd()],
    ['the connection breaks', (exchange) => exchange.onError(new UpstreamError('reset', 'reset'))],
    ['more comes', (exchange) => exchange.onData(Buffer.from('data: more'), false)],
  ];
  for (const [what, act] of then) {
    it(`gives it out once, and blames nobody, when ${what}`, () => {
      const blamed: string[] = [];
      const host: ExchangeHost = {
        draining: false,
        answerIsWhole: (exchange) => exchange.endAnswer(),
        account: () => {},
        bodySent: () => {},
        providerFailed: (_exchange, { reason }) => blamed.push(reason),
        bug: (error) => blamed.push(String(error)),
      };
      const res = new SlowResponse();
      const exchange = new Exchange(host, res, anthropicClient, { ...RECORD });
      exchange.answer = new WholeAtOnce();
      let resumed = 0;
      exchange.sent({ isSent: false, pause: () => {}, resume: () => resumed++, abort: () => {} });
      exchange.onHead(200, fieldsOf([]));
      exchange.onData(Buffer.from('data: all'), false);
      expect(resumed).to.equal(1);
      act(exchange);
      // What lingers is the end of the body.
      exchange.onEnd();
      res.take();
      expect([res.bytes, res.ended, exchange.ended]).to.deep.equal([DOCUMENT.length, true, true]);
      expect(blamed).to.deep.equal([]);
    });
  }
});

describe('what a provider says behind its answer', () => {
  /** How often the call is given up when so many bytes follow, in pieces. */
  function givenUp(bytes: number): number {
    const host: ExchangeHost = {
      ...{ draining: false, account: () => {}, bodySent: () => {}, providerFailed: () => {}, bug: () => {} },
      answerIsWhole: (exchange) => exchange.endAnswer(),
    };
    const res = new SlowResponse();
    res.take();
    const exchange = new Exchange(host, res, anthropicClient, { ...RECORD });
    exchange.answer = new WholeAtOnce();
    let aborts = 0;
    exchange.sent({ isSent: true, pause: () => {}, resume: () => {}, abort: () => aborts++ });
    exchange.onHead(200, fieldsOf([]));
    exchange.onData(Buffer.from('all'), false);
    expect(exchange.ended).to.equal(true);
    for (let left = bytes; left > 0; left -= 1024) exchange.onData(Buffer.alloc(Math.min(left, 1024)), false);
    if (aborts === 0) exchange.onEnd();
    return aborts;
  }

  it('is waited for while it is little', () => {
    expect(givenUp(64 * 1024)).to.equal(0);
  });
  it('is given up when it is much', () => {
    expect(givenUp(64 * 1024 + 1)).to.equal(1);
  });
});

describe('the id of a request', () => {
  /** As the account has it. */
  function accounted(answerId: string | null, end: AnswerEnd): Pick<ExchangeRecord, 'requestId' | 'hasOwnId'> {
    const ignore = () => {};
    const host = { answerIsWhole: ignore, account: ignore, bodySent: ignore, providerFailed: ignore, bug: ignore };
    const exchange = new Exchange({ ...host, draining: false }, new SlowResponse(), anthropicClient, { ...RECORD });
    const head = end.kind === 'refusal' ? null : { status: 200, requestId: answerId, lines: '', isAscii: true };
    exchange.answer = Object.assign(new WholeAtOnce(), { onHead: () => head, onEnd: () => end });
    exchange.sent({ isSent: true, pause: ignore, resume: ignore, abort: ignore });
    exchange.onHead(200, fieldsOf([]));
    exchange.onEnd();
    exchange.endAnswer();
    return { requestId: exchange.record.requestId, hasOwnId: exchange.record.hasOwnId };
  }

  const end: AnswerEnd = { kind: 'end', last: DOCUMENT };
  const refusal = (requestId: string | null): AnswerEnd => ({
    kind: 'refusal',
    requestId,
    error: { type: 'api_error', message: 'no' },
  });
  const ids: [what: string, given: ReturnType<typeof accounted>, expected: string][] = [
    ['answers without one', accounted(null, end), 'req_1'],
    ['answers with an empty one', accounted('', end), 'req_1'],
    ['answers with one', accounted('"', end), '"'],
    ['refuses without one', accounted(null, refusal(null)), 'req_1'],
    ['refuses with one', accounted(null, refusal('req_2')), 'req_2'],
  ];
  for (const [what, given, expected] of ids) {
    it(`is ${expected} where a provider ${what}`, () => {
      expect(given).to.deep.equal({ requestId: expected, hasOwnId: expected === RECORD.requestId });
    });
  }
});

describe('the memory of a request', () => {
  /** Whether it is given back, once the provider has begun to answer. */
  function givenBack(isSent: boolean, status: number): boolean {
    const given: Buffer[] = [];
    const host: ExchangeHost = {
      draining: false,
      answerIsWhole: (exchange) => exchange.endAnswer(),
      account: () => {},
      bodySent: (body) => given.push(body),
      providerFailed: () => {},
      bug: () => {},
    };
    const exchange = new Exchange(host, new SlowResponse(), anthropicClient, { ...RECORD });
    exchange.answer = new WholeAtOnce();
    exchange.body = Buffer.from('{}');
    exchange.sent({ isSent, pause: () => {}, resume: () => {}, abort: () => {} });
    exchange.onHead(status, fieldsOf([]));
    exchange.onEnd();
    return given.length > 0;
  }

  it('is given back when the answer begins', () => {
    expect(givenBack(true, 200)).to.equal(true);
  });
  it('is not while the socket still reads from it', () => {
    expect(givenBack(false, 200)).to.equal(false);
  });
  it('is given back after an answer of our own was made of it', () => {
    const events: string[] = [];
    const host: ExchangeHost = {
      draining: false,
      answerIsWhole: (exchange) => exchange.endAnswer(),
      account: () => {},
      bodySent: () => events.push('given back'),
      providerFailed: () => {},
      bug: () => {},
    };
    const res = new SlowResponse();
    res.take();
    const exchange = new Exchange(host, res, anthropicClient, { ...RECORD });
    exchange.answer = new CountAnswer(new WholeAtOnce(), () => {
      events.push('counted');
      return '{"input_tokens":3}';
    });
    exchange.body = Buffer.from('{}');
    exchange.sent({ isSent: true, pause: () => {}, resume: () => {}, abort: () => {} });
    exchange.onHead(404, fieldsOf([]));
    expect([res.text, ...events]).to.deep.equal(['{"input_tokens":3}', 'counted', 'given back']);
    // What is left of the provider's answer changes nothing.
    exchange.onData(Buffer.from('not found'), true);
    exchange.onEnd();
    expect([res.text, exchange.ended]).to.deep.equal(['{"input_tokens":3}', true]);
  });
});

describe('what a client does not take at once', () => {
  it('is kept as it was, whatever is read into its memory afterwards', () => {
    const res = new SlowResponse();
    const writer = new ResponseWriter(res, { drained: () => {}, finished: () => {} });
    expect(writer.begin({ status: 200, idAndLines: '', isAscii: true, closing: false })).to.equal(true);
    const read = Buffer.alloc(20_000, 'a');
    expect(writer.write(read)).to.equal(false);
    read.fill('b');
    writer.write(read.subarray(0, 100));
    read.fill('c');
    res.take();
    expect(res.text).to.equal('a'.repeat(20_000) + 'b'.repeat(100));
  });

  for (const bytes of [9000, 50_000])
    it(`and so is an answer of ${bytes} bytes that came in one piece`, () => {
      const res = new SlowResponse();
      const usages: unknown[] = [];
      const whole: Exchange[] = [];
      const host: ExchangeHost = {
        draining: false,
        answerIsWhole: (exchange) => whole.push(exchange),
        account: ({ record }) => usages.push(record.usage),
        bodySent: () => {},
        providerFailed: () => {},
        bug: (error) => usages.push(error),
      };
      const exchange = new Exchange(host, res, anthropicClient, { ...RECORD });
      exchange.answer = new PassthroughAnswer(anthropicClient, anthropicTapRules);
      exchange.sent({ isSent: true, pause: () => {}, resume: () => {}, abort: () => {} });
      const text = `{"content":"${'x'.repeat(bytes)}","usage":{"input_tokens":3,"output_tokens":4}}`;
      const read = Buffer.from(text);
      exchange.onHead(200, fieldsOf(['content-type', 'application/json', 'content-length', `${read.length}`]));
      exchange.onData(read, true);
      exchange.onEnd();
      // Other answers come before the turn ends.
      read.fill('b');
      whole[0]?.endAnswer();
      res.take();
      expect(res.text).to.equal(text);
      expect(usages).to.deep.equal([{ input: 3, output: 4, cacheRead: 0, cacheCreation: 0 }]);
    });
});

describe('the last bytes of a stream', () => {
  const DELTA = 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n';
  const STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

  /** What the client gets of these chunks, the last of which ends the body; it takes them `atOnce` or after all. */
  function sent(chunks: string[], atOnce: boolean): SlowResponse {
    const res = new SlowResponse();
    if (atOnce) res.take();
    const bugs: unknown[] = [];
    const host: ExchangeHost = {
      ...{ draining: false, account: () => {}, bodySent: () => {}, providerFailed: () => {} },
      answerIsWhole: (whole) => whole.endAnswer(),
      bug: (error) => bugs.push(error),
    };
    const exchange = new Exchange(host, res, anthropicClient, { ...RECORD });
    exchange.answer = new PassthroughAnswer(anthropicClient, anthropicTapRules);
    exchange.sent({ isSent: true, pause: () => {}, resume: () => {}, abort: () => {} });
    exchange.onHead(200, fieldsOf(['content-type', 'text/event-stream']));
    for (const [i, chunk] of chunks.entries()) {
      const read = Buffer.from(chunk);
      exchange.onData(read, i === chunks.length - 1);
      read.fill('b');
    }
    exchange.onEnd();
    if (!atOnce) res.take();
    expect([bugs, res.ended, exchange.ended]).to.deep.equal([[], true, true]);
    return res;
  }

  it('leave in one write with its end', () => {
    const { text, corks } = sent([DELTA, STOP], true);
    expect([text, corks]).to.deep.equal([DELTA + STOP, 2]);
  });
  it('leave in one write with its end when they are all of it', () => {
    const { text, corks } = sent([DELTA + STOP], true);
    expect([text, corks]).to.deep.equal([DELTA + STOP, 1]);
  });
  it('come after all when the client is slow', () => {
    expect(sent([DELTA, DELTA, STOP], false).text).to.equal(DELTA + DELTA + STOP);
  });
  it('come whole when they are more than a write may have', () => {
    const many = DELTA.repeat(1000) + STOP;
    for (const atOnce of [true, false]) expect(sent([DELTA, many], atOnce).text).to.equal(DELTA + many);
  });
  it('come before the error when there should be more of them', () => {
    const { text } = sent([DELTA, DELTA], true);
    expect(text.slice(0, 2 * DELTA.length)).to.equal(DELTA + DELTA);
    expect(text.slice(2 * DELTA.length)).to.match(/^event: error\n/);
  });
});
