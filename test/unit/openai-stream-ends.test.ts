import { expect } from 'chai';
import { chunk, documentCalls, events, lastOf, streamCalls } from '../support/chat-completions';
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

describe('OpenAI stream: usage', () => {
  const usage = (counts: object) => ({ choices: [], usage: counts });
  const counts = (...chunks: object[]) => {
    const last = end(...chunks);
    return 'end' in last ? last.end[2] : last;
  };
  const plain = { input: 7, output: 3, cacheRead: 0, cacheCreation: 0 };
  const told = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

  it('is read wherever it stands', () => {
    expect(counts(text, finish('stop'), usage(told))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { usage: told }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { x_groq: { id: 'r', usage: told } }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', { usage: told }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { usage: null }))).to.equal(null);
    expect(counts(text, finish('stop'))).to.equal(null);
  });

  it('is the last one that was told, and known at the beginning where it came first', () => {
    const early = chunk({ content: 'a' }, {}, { usage: { prompt_tokens: 7, completion_tokens: 1 } });
    const calls = streamCalls(events([early, finish('stop', {}, { usage: told })]));
    expect(calls[0]).to.deep.equal({ begin: ['chatcmpl-1', 'm-1', { ...plain, output: 1 }] });
    expect(lastOf(calls)).to.deep.equal({ end: ['end_turn', null, plain] });
  });

  it('tells cached tokens apart', () => {
    const cached = { ...plain, input: 2, cacheRead: 5 };
    expect(counts(text, finish('stop'), usage({ ...told, prompt_tokens_details: { cached_tokens: 5 } }))).to.deep.equal(
      cached,
    );
    expect(
      counts(text, finish('stop'), usage({ ...told, prompt_cache_hit_tokens: 5, prompt_cache_miss_tokens: 2 })),
    ).to.deep.equal(cached);
    expect(counts(text, finish('stop'), usage({ ...told, cached_tokens: 5 }))).to.deep.equal(cached);
    const written = { ...told, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 } };
    expect(counts(text, finish('stop'), usage(written))).to.deep.equal({
      input: 1,
      output: 3,
      cacheRead: 4,
      cacheCreation: 2,
    });
    expect(counts(text, finish('stop'), usage({ ...told, prompt_tokens_details: { cached_tokens: 9 } }))).to.deep.equal(
      { ...plain, input: 0, cacheRead: 7 },
    );
  });

  it('counts reasoning once, whether it is within the completion or beside it', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 2 } };
    expect(counts(text, finish('stop'), usage({ ...told, ...details }))).to.deep.equal(plain);
    expect(counts(text, finish('stop'), usage({ ...told, ...details, total_tokens: 12 }))).to.deep.equal({
      ...plain,
      output: 5,
    });
  });

  it('does not believe nonsense', () => {
    const nonsense = { prompt_tokens: -4, completion_tokens: '3', prompt_tokens_details: [] };
    expect(counts(text, finish('stop'), usage(nonsense))).to.deep.equal({
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheCreation: 0,
    });
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

describe('OpenAI document', () => {
  const message = {
    role: 'assistant',
    reasoning_content: 'hm',
    content: 'a',
    tool_calls: [
      { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { id: 'c2', type: 'function', function: { name: 'g', arguments: '' } },
      { id: 'c3', type: 'function', function: { name: 'h', arguments: { b: 2 } } },
    ],
  };
  const document = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'm-1',
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    usage: { prompt_tokens: 7, completion_tokens: 3 },
  };
  const usage = { input: 7, output: 3, cacheRead: 0, cacheCreation: 0 };

  it('makes the same calls as a stream', () => {
    expect(documentCalls(document)).to.deep.equal([
      { begin: ['chatcmpl-1', 'm-1', usage] },
      { thinking: 'hm' },
      { text: 'a' },
      { toolCall: ['c1', 'f'] },
      { toolArguments: '{"a":1}' },
      { toolCall: ['c2', 'g'] },
      { toolCall: ['c3', 'h'] },
      { toolArguments: '{"b":2}' },
      { end: ['tool_use', null, usage] },
    ]);
  });

  it('may be empty, cut by a limit, or a refusal', () => {
    const of = (content: object, reason: string) =>
      documentCalls({ choices: [{ message: content, finish_reason: reason }] }).slice(1);
    expect(of({ content: null }, 'stop')).to.deep.equal([{ end: ['end_turn', null, null] }]);
    expect(of({ content: 'a' }, 'length')).to.deep.equal([{ text: 'a' }, { end: ['max_tokens', null, null] }]);
    expect(of({ refusal: 'no' }, 'stop')).to.deep.equal([{ text: 'no' }, { end: ['refusal', null, null] }]);
  });

  it('is a failure where it is none', () => {
    const broken = [
      '',
      '{',
      '[]',
      '5',
      '{}',
      '{"choices":[]}',
      '{"choices":5}',
      '<html></html>',
      '{"error":{"message":"x","code":503}}',
    ];
    for (const body of broken)
      expect(documentCalls(body), body).to.have.length(1).and.to.have.nested.property('[0].fail');
    expect(lastOf(documentCalls('{"error":{"message":"x","code":503}}'))).to.deep.equal({
      fail: { type: 'overloaded_error', message: 'x' },
    });
    const long = Buffer.alloc(33 * 1024 * 1024, 0x20);
    expect(lastOf(documentCalls(long))).to.have.nested.property('fail.type', 'api_error');
  });

  it('may be nested as deep as it likes', () => {
    const deep = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`;
    const args = documentCalls(
      `{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":${deep}}}}]}}]}`,
    );
    expect(args.some((call) => 'fail' in call || 'end' in call)).to.equal(true);
  });
});
