import { expect } from 'chai';
import { chunk, events, lastOf, streamCalls } from '../support/chat-completions';
import type { SinkCall } from '../support/strict-sink';

const text = chunk({ content: 'a' });
const call = chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } }] });
const finish = (reason: unknown, choice: object = {}, rest: object = {}) =>
  chunk({}, { finish_reason: reason, ...choice }, rest);

function end(...chunks: Array<object | string>): SinkCall {
  return lastOf(streamCalls(events(chunks)));
}

describe('OpenAI stream: stop reasons', () => {
  const cases: Array<[string, object[], string]> = [
    ['stop', [text], 'end_turn'],
    ['length', [text], 'max_tokens'],
    ['model_length', [text], 'max_tokens'],
    ['content_filter', [text], 'refusal'],
    ['something_new', [text], 'end_turn'],
    ['tool_calls', [call], 'tool_use'],
    ['function_call', [call], 'tool_use'],
    // Several servers say so.
    ['stop', [call], 'tool_use'],
    ['length', [call], 'max_tokens'],
    // There is no call for the client to answer.
    ['tool_calls', [text], 'end_turn'],
  ];
  for (const [reason, chunks, expected] of cases) {
    it(`${reason} after ${chunks[0] === call ? 'a call' : 'text'} is ${expected}`, () => {
      expect(end(...chunks, finish(reason), '[DONE]')).to.deep.equal({ end: [expected, null, null] });
    });
  }

  it('name the stop sequence where vLLM tells it', () => {
    expect(end(text, finish('stop', { stop_reason: '\nEND' }))).to.deep.equal({
      end: ['stop_sequence', '\nEND', null],
    });
    expect(end(text, finish('stop', { stop_reason: 128009 }))).to.deep.equal({ end: ['end_turn', null, null] });
    expect(end(call, finish('stop', { stop_reason: 'x' }))).to.deep.equal({ end: ['tool_use', null, null] });
  });
});

describe('OpenAI stream: ends', () => {
  it('need a reason or [DONE]', () => {
    const cut = { fail: { type: 'api_error', message: "The provider's stream ended before its last event" } };
    expect(end(text)).to.deep.equal(cut);
    expect(lastOf(streamCalls(''))).to.deep.equal(cut);
    expect(lastOf(streamCalls(events([text, finish('stop')]).slice(0, -20)))).to.have.property('fail');
    expect(end(text, '[DONE]')).to.deep.equal({ end: ['end_turn', null, null] });
    expect(end(text, finish('stop'))).to.deep.equal({ end: ['end_turn', null, null] });
    expect(streamCalls(events(['[DONE]']))).to.deep.equal([
      { begin: ['', '', null] },
      { end: ['end_turn', null, null] },
    ]);
  });

  it('without the last empty line count', () => {
    expect(lastOf(streamCalls(events([text, finish('stop')]).trimEnd()))).to.deep.equal({
      end: ['end_turn', null, null],
    });
  });

  it('are failures where the provider says so', () => {
    const failed = (...chunks: Array<object | string>) => {
      const last = end(...chunks, text, finish('stop'));
      return 'fail' in last ? last.fail : last;
    };
    const openRouter = { code: 429, message: 'Rate limit exceeded' };
    expect(failed(text, { error: { message: 'Boom', type: 'server_error' } })).to.deep.equal({
      type: 'api_error',
      message: 'Boom',
    });
    expect(failed(chunk({ content: '' }, { finish_reason: 'error' }, { error: openRouter }))).to.deep.equal({
      type: 'rate_limit_error',
      message: 'Rate limit exceeded',
    });
    expect(failed({ choices: [{ index: 0, error: openRouter, delta: {} }] })).to.have.property(
      'type',
      'rate_limit_error',
    );
    expect(failed({ error: 'plain words' })).to.deep.equal({ type: 'api_error', message: 'plain words' });
    expect(failed({ object: 'error', message: 'vLLM', code: 400 })).to.deep.equal({
      type: 'invalid_request_error',
      message: 'vLLM',
    });
    expect(failed({ detail: 'FastAPI' })).to.deep.equal({ type: 'api_error', message: 'FastAPI' });
    expect(failed(text, finish('error'))).to.have.property('type', 'api_error');
    expect(failed(text, finish('insufficient_system_resource'))).to.have.property('type', 'overloaded_error');
    expect(failed(text, { error: { code: 'context_length_exceeded', message: 'x' } })).to.deep.equal({
      type: 'invalid_request_error',
      message: 'prompt is too long',
    });
  });

  it('are failures where an event is no JSON, no object, or without end', () => {
    expect(end(text, '{"choices":')).to.have.nested.property('fail.type', 'api_error');
    expect(end(text, '[1]')).to.have.nested.property('fail.type', 'api_error');
    expect(lastOf(streamCalls(`data: ${'x'.repeat(17 * 1024 * 1024)}`))).to.have.nested.property(
      'fail.type',
      'api_error',
    );
  });

  it('do not depend on an error member that is null', () => {
    expect(end({ ...text, error: null }, finish('stop'))).to.deep.equal({ end: ['end_turn', null, null] });
  });
});
