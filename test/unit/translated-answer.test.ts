import { expect } from 'chai';
import { anthropicClient } from '../../worker/dialects/anthropic/client';
import { openAiProvider } from '../../worker/dialects/openai/provider';
import { TranslatedAnswer } from '../../worker/gateway/translated-answer';
import { fieldsOf } from '../support/answer-fields';
import { openAiTestProvider } from '../support/test-provider';

const KEY = '0123456789abcdef0123456789abcdef';
const fields = (headers: Record<string, string> = {}) => fieldsOf(Object.entries(headers).flat());
const chunk = (data: unknown) => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
const delta = (content: string) => chunk({ choices: [{ index: 0, delta: { content } }] });

function answer(stream: boolean): TranslatedAnswer {
  const provider = openAiTestProvider({ apiKey: KEY });
  return new TranslatedAnswer({
    ...{ client: anthropicClient, provider: openAiProvider, stream },
    reader: { provider, model: 'm' },
    writer: { requestId: 'req_1', model: 'm', includeUsage: false },
  });
}

/** With this error status and body; what the client is told. */
function refused(status: number, body: string, headers: Record<string, string> = {}) {
  const path = answer(true);
  expect(path.onHead(status, fields(headers))).to.equal(null);
  expect(path.onData(Buffer.from(body))).to.equal(null);
  const end = path.onEnd();
  if (end.kind !== 'refusal') throw new Error(`it ended with ${end.kind}`);
  return end;
}

describe('a translated answer', () => {
  it('has no ping before the provider has answered, nor while its error comes', () => {
    const path = answer(true);
    expect(path.ping()).to.equal(null);
    path.onHead(529, fields());
    path.onData(Buffer.from('{"error":'));
    expect(path.ping()).to.equal(null);
  });

  it('has one while a stream is silent, until it has ended', () => {
    const path = answer(true);
    path.onHead(200, fields({ 'content-type': 'text/event-stream' }));
    expect(String(path.ping())).to.match(/^event: ping/);
    path.onData(delta('Hi'));
    path.onData(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
    path.onData(Buffer.from('data: [DONE]\n\n'));
    expect(path.isComplete).to.equal(true);
    expect(path.ping()).to.equal(null);
  });

  it('tells no key of the provider, in an error answer and in the middle of an answer', () => {
    const { error } = refused(401, JSON.stringify({ error: { message: `Incorrect API key ${KEY}` } }));
    expect(error).to.include({ type: 'authentication_error', message: 'Incorrect API key ***' });
    const path = answer(true);
    path.onHead(200, fields({ 'content-type': 'text/event-stream' }));
    path.onData(chunk({ error: { message: `no such key: ${KEY}`, code: 401 } }));
    expect(JSON.stringify(path.early)).to.include('no such key: ***').and.not.include(KEY);
  });

  it('keeps the id, and the time to wait, of an error answer', () => {
    const { error, requestId } = refused(429, '{}', { 'x-request-id': 'prov-1', 'retry-after': '9' });
    expect(error).to.include({ type: 'rate_limit_error', status: 429, retryAfter: 9 });
    expect(requestId).to.equal('prov-1');
    const idOf = (headers: Record<string, string>) => refused(429, '{}', headers).requestId;
    expect(idOf({ 'request-id': 'a b', 'x-request-id': 'prov-2' }), 'what is none is none').to.equal('prov-2');
    expect(idOf({ 'request-id': 'x'.repeat(129) })).to.equal(null);
  });

  it('makes no text of a compressed error', () => {
    const { error } = refused(429, '\u001f\u008b binary', { 'content-encoding': 'gzip' });
    expect(error).to.include({ type: 'rate_limit_error', status: 429 });
    expect(error.message).to.match(/^[\x20-\x7e]+$/);
  });

  it('is over when an error answer is longer than anybody wants, and when it breaks off', () => {
    const endless = answer(true);
    endless.onHead(500, fields());
    endless.onData(Buffer.alloc(70_000, 'x'));
    expect(endless.early).to.have.nested.property('error.status', 500);
    const broken = answer(true);
    broken.onHead(429, fields({ 'retry-after': '9' }));
    expect(broken.onBroken()).to.have.nested.property('error.retryAfter', 9);
    const whole = answer(true);
    whole.onHead(200, fields({ 'content-type': 'text/event-stream' }));
    expect(whole.onBroken()).to.equal(null);
  });

  it('is not kept without end where a stream is made into a document', () => {
    const path = answer(false);
    path.onHead(200, fields({ 'content-type': 'text/event-stream' }));
    const large = delta('x'.repeat(1024 * 1024));
    for (let i = 0; i < 63; i++) path.onData(large);
    expect(path.early).to.equal(null);
    path.onData(large);
    path.onData(large);
    expect(path.early).to.include({ kind: 'failure' });
  });
});
