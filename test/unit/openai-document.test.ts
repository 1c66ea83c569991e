import { expect } from 'chai';
import { documentCalls, lastOf } from '../support/chat-completions';

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
