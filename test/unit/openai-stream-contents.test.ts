import { expect } from 'chai';
import { unpackDetail } from '../../worker/dialects/openai/reasoning-details';
import { chunk, contentsOf, events, lastOf, streamCalls } from '../support/chat-completions';
import type { SinkCall } from '../support/strict-sink';

const stop = chunk({}, { finish_reason: 'stop' });

function contents(chunks: ReadonlyArray<object | string>, name?: string): SinkCall[] {
  return contentsOf(streamCalls(events([...chunks, stop, '[DONE]']), name));
}

describe('OpenAI stream: texts', () => {
  it("come as they are, behind the answer's id and model", () => {
    const calls = streamCalls(
      events([chunk({ role: 'assistant', content: '' }), chunk({ content: 'a"\n' }), chunk({ content: '😀' }), stop]),
    );
    expect(calls).to.deep.equal([
      { begin: ['chatcmpl-1', 'm-1', null] },
      { text: 'a"\n😀' },
      { end: ['end_turn', null, null] },
    ]);
  });

  it('are joined where a surrogate pair was cut', () => {
    const cut = (delta: string) => `{"id":"i","choices":[{"index":0,"delta":{"content":"${delta}"}}]}`;
    expect(contents([cut('a\\ud83d'), cut('\\ude00b')])).to.deep.equal([{ text: 'a😀b' }]);
    expect(contents([cut('\\ud83d'), cut('\\ude00'), cut('\\uD83D'), cut('\\uDE00')])).to.deep.equal([
      { text: '😀😀' },
    ]);
    // An escaped backslash before "ud83d" makes no surrogate.
    expect(contents([cut('\\\\ud83d'), cut('x')])).to.deep.equal([{ text: '\\ud83dx' }]);
    // Its other half never comes.
    expect(contents([cut('a\\ud83d'), chunk({ reasoning: 'r' })])).to.deep.equal([
      { text: 'a\ufffd' },
      { thinking: 'r' },
    ]);
    expect(contents([cut('a\\ud83d')])).to.deep.equal([{ text: 'a\ufffd' }]);
  });

  it('survive chunks that have nothing to say', () => {
    const azure = { id: '', model: '', choices: [], prompt_filter_results: [{}] };
    const nulls = chunk({
      role: null,
      content: null,
      refusal: null,
      tool_calls: null,
      function_call: null,
      reasoning: null,
      reasoning_details: [],
    });
    const odd = [azure, nulls, chunk(null), chunk({}), { choices: null }, { choices: [null, 5] }, { id: 'x' }, {}, ''];
    const calls = streamCalls(events([...odd, chunk({ content: 'a' }), ...odd, stop]));
    expect(contentsOf(calls)).to.deep.equal([{ text: 'a' }]);
    expect(calls[0]).to.deep.equal({ begin: ['chatcmpl-1', 'm-1', null] });
  });

  it('are those of the first choice', () => {
    const second = { index: 1, delta: { content: 'no' }, finish_reason: 'length' };
    const calls = streamCalls(
      events([{ choices: [second, { index: 0, delta: { content: 'a' } }] }, { choices: [second] }, stop]),
    );
    expect(contentsOf(calls)).to.deep.equal([{ text: 'a' }]);
    expect(lastOf(calls)).to.deep.equal({ end: ['end_turn', null, null] });
    expect(contents([{ choices: [{ delta: { content: 'without an index' } }] }])).to.deep.equal([
      { text: 'without an index' },
    ]);
  });

  it('may come in a whole message, which does not repeat what deltas said', () => {
    const whole = { choices: [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' }] };
    expect(contents([chunk({ role: 'assistant' }), whole])).to.deep.equal([{ text: 'whole' }]);
    expect(contents([chunk({ content: 'whole' }), whole])).to.deep.equal([{ text: 'whole' }]);
  });

  it('may be a refusal', () => {
    const calls = streamCalls(events([chunk({ refusal: 'I ' }), chunk({ refusal: "won't" }), stop]));
    expect(calls.slice(1)).to.deep.equal([{ text: "I won't" }, { end: ['refusal', null, null] }]);
  });

  it('may be parts of an array, with thinking among them', () => {
    const thinking = (text: unknown) => ({ type: 'thinking', thinking: text });
    const parts = [
      thinking([{ type: 'text', text: 'h' }, { type: 'text', text: 'm' }, 5]),
      { type: 'reference', reference_ids: [1] },
    ];
    expect(
      contents([chunk({ content: parts }), chunk({ content: [thinking('!'), { type: 'text', text: 'a' }, null] })]),
    ).to.deep.equal([{ thinking: 'hm!' }, { text: 'a' }]);
  });

  it('end at [DONE], whatever follows', () => {
    const calls = streamCalls(events([chunk({ content: 'a' }), stop, '[DONE]', chunk({ content: 'b' }), 'no json']));
    expect(calls.slice(1)).to.deep.equal([{ text: 'a' }, { end: ['end_turn', null, null] }]);
  });
});

describe('OpenAI stream: thinking', () => {
  it('is known in each spelling, and told once', () => {
    const detail = (text: string) => [{ type: 'reasoning.text', text, index: 0 }];
    for (const delta of [
      { reasoning_content: 'hm' },
      { reasoning: 'hm' },
      { reasoning_details: detail('hm') },
      { reasoning: 'hm', reasoning_content: 'hm', reasoning_details: detail('hm') },
      { reasoning_content: '', reasoning: 'hm' },
    ]) {
      expect(
        contents([chunk({ content: '', ...delta }), chunk({ content: 'a' })]),
        JSON.stringify(delta),
      ).to.deep.equal([{ thinking: 'hm' }, { text: 'a' }]);
    }
  });

  it('of OpenRouter keeps what proves it, for the way back', () => {
    const meta = { type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0 };
    const delta = (detail: object, reasoning: string | null = null) =>
      chunk({ content: '', reasoning, reasoning_details: [detail] });
    const secret = { type: 'reasoning.encrypted', data: 'xyz', id: 't', index: 1 };
    const calls = contents(
      [
        delta({ ...meta, text: 'h' }, 'h'),
        delta({ ...meta, text: 'm', signature: null }, 'm'),
        delta({ ...meta, signature: 's1' }),
        delta({ type: 'reasoning.summary', summary: 'so', index: 1 }),
        delta(secret),
        chunk({ content: 'a' }),
      ],
      'openrouter',
    );
    const shown = calls.map((call) => {
      if ('signature' in call) return { signature: unpackDetail(call.signature) };
      return 'redactedThinking' in call ? { redactedThinking: unpackDetail(call.redactedThinking) } : call;
    });
    expect(shown).to.deep.equal([
      { thinking: 'hm' },
      { signature: { ...meta, signature: 's1' } },
      { thinking: 'so' },
      { signature: { type: 'reasoning.summary', index: 1 } },
      { redactedThinking: secret },
      { text: 'a' },
    ]);
  });

  it('that is encrypted does not cut the call in whose midst it comes', () => {
    const piece = (text: string) => ({ index: 0, id: 'c', function: { name: 'f', arguments: text } });
    const secret = { type: 'reasoning.encrypted', data: 'xyz' };
    const chunks = [
      chunk({ tool_calls: [piece('{"a"')] }),
      chunk({ reasoning_details: [secret] }),
      chunk({ tool_calls: [piece(':1}')] }),
    ];
    const calls = contents(chunks, 'openrouter');
    expect(calls.map((call) => Object.keys(call)[0])).to.deep.equal(['toolCall', 'toolArguments', 'redactedThinking']);
    expect(calls[1]).to.deep.equal({ toolArguments: '{"a":1}' });
  });
});
