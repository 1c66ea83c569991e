import { expect } from 'chai';
import { chunk, events, lastOf, streamCalls } from '../support/chat-completions';

const args = (text: string, rest: object = {}) => ({ index: 0, function: { arguments: text }, ...rest });
const STREAM = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ reasoning_content: 'hmm ü' }),
  chunk({ content: 'Grüße 😀' }),
  chunk({ content: ' "und"\n' }),
  chunk({ content: ' weiter' }),
  '{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}',
  '{"choices":[{"index":0,"delta":{"content":"\\ude00"}}]}',
  chunk({ tool_calls: [args('', { id: 'c1', function: { name: 'f', arguments: '' } })] }),
  chunk({ tool_calls: [args('{"a"')] }),
  chunk({ tool_calls: [args(':"ä')] }),
  chunk({ tool_calls: [args('😀"}')] }),
  chunk({}, { finish_reason: 'tool_calls' }),
  { choices: [], usage: { prompt_tokens: 5, completion_tokens: 4 } },
  '[DONE]',
];

/** With comments, as keep-alives, and fields that nobody reads. */
function dressed(lineEnd: string): string {
  const comment = `: OPENROUTER PROCESSING${lineEnd}${lineEnd}`;
  return `${comment}${events(STREAM, lineEnd).replaceAll(`data: {"id"`, `event: message${lineEnd}id: 7${lineEnd}data:{"id"`)}${comment}`;
}

describe('OpenAI stream: cuts', () => {
  const whole = streamCalls(events(STREAM));

  it('know the whole', () => {
    expect(whole.slice(1)).to.deep.equal([
      { thinking: 'hmm ü' },
      { text: 'Grüße 😀 "und"\n weiter😀' },
      { toolCall: ['c1', 'f'] },
      { toolArguments: '{"a":"ä😀"}' },
      { end: ['tool_use', null, { input: 5, output: 4, cacheRead: 0, cacheCreation: 0 }] },
    ]);
  });

  for (const [name, lineEnd] of [
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ] as const) {
    it(`do not matter at any byte, with ${name}, comments and other fields`, () => {
      const bytes = Buffer.from(dressed(lineEnd));
      for (let at = 0; at <= bytes.length; at++) {
        const calls = streamCalls([bytes.subarray(0, at), bytes.subarray(at)]);
        expect(calls, `cut at ${at}`).to.deep.equal(whole);
      }
    });
  }

  it('do not matter where every byte comes alone', () => {
    const bytes = Buffer.from(dressed('\r\n'));
    expect(streamCalls(Array.from(bytes, (byte) => Buffer.from([byte])))).to.deep.equal(whole);
  });

  it('are no end: wherever a stream stops before its reason, the sink is told', () => {
    const bytes = Buffer.from(events(STREAM.slice(0, -3)));
    for (let at = 0; at <= bytes.length; at++) {
      expect(lastOf(streamCalls(bytes.subarray(0, at))), `stopped at ${at}`).to.have.property('fail');
    }
  });
});
