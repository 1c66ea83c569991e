import { expect } from 'chai';
import { estimateTokens, estimateUpperBoundFromBytes } from '../../worker/gateway/token-estimate';

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });

describe('estimateTokens', () => {
  // Counts of o200k and cl100k (gpt-tokenizer 4.0), the larger one.
  const texts: Array<[name: string, text: string, tokens: number]> = [
    ['prose', 'When a request arrives, the gateway looks at the name of the model and sends it to the provider.', 21],
    ['code', 'for (let i = 0; i < text.length; i++) {\n  const code = text.charCodeAt(i);\n}\n', 27],
    ['hex', 'f3a91c07be5528d4e6017ac99b20354f', 20],
    ['a log line', '2026-01-12T12:14:33.104Z INFO request id=req_8c12 status=200 duration=28ms', 30],
    ['Chinese', '我们需要在请求到达时检查模型名称', 12],
    ['Russian', 'Когда приходит запрос, мы проверяем имя модели', 14],
    ['German', 'Wenn eine Anfrage eintrifft, prüfen wir den Modellnamen', 18],
    ['emoji', '😀🚀🎉🔥', 11],
  ];
  for (const [name, text, tokens] of texts) {
    it(`is not below ${tokens} tokens for ${name}, nor far above`, () => {
      expect(estimateTokens(user(text))).to.be.within(tokens, tokens * 3 + 4);
    });
  }

  const alike: Array<[name: string, one: unknown, other: unknown]> = [
    ['a string and one text block', user('some text'), user([{ type: 'text', text: 'some text' }])],
    ['cache_control', user([{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }]), user('a')],
    ['a system string and block', { system: 'be kind' }, { system: [{ type: 'text', text: 'be kind' }] }],
    ['image sizes', user([{ type: 'image', source: { data: 'A'.repeat(9999) } }]), user([{ type: 'image' }])],
    ['members that no model reads', { ...user('a'), metadata: { user_id: 'x'.repeat(999) } }, user('a')],
    ['a text document', user([{ type: 'document', source: { type: 'text', data: 'abc' } }]), user('abc')],
  ];
  for (const [name, one, other] of alike) {
    it(`is the same for ${name}`, () => {
      expect(estimateTokens(one)).to.equal(estimateTokens(other)).and.above(0);
    });
  }

  const above: Array<[name: string, body: unknown, least: number]> = [
    ['an image', user([{ type: 'image', source: { type: 'url', url: 'https://a.test/b' } }]), 1600],
    [
      'an image in a tool result',
      user([{ type: 'tool_result', content: [{ type: 'image' }, { type: 'image' }] }]),
      3200,
    ],
    [
      'a PDF of about five pages',
      user([{ type: 'document', source: { type: 'base64', data: 'A'.repeat(133_000) } }]),
      20_000,
    ],
    ['a PDF by URL', user([{ type: 'document', source: { type: 'url', url: 'https://a.test/b' } }]), 20_000],
    ['a tool', { tools: [{ name: 'Read', description: 'Reads a file', input_schema: { type: 'object' } }] }, 360],
    ['a server tool', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 1000],
    [
      'thinking that only its signature holds',
      user([{ type: 'thinking', thinking: '', signature: 'A'.repeat(4000) }]),
      1000,
    ],
    [
      'a tool call',
      user([{ type: 'tool_use', name: 'Edit', input: { old: 'one two three', list: [1, 2, true, null] } }]),
      25,
    ],
    ['a block of a kind to come', user([{ type: 'memory_2030', memory: { text: 'one two three four five' } }]), 15],
    ['a system message between', { messages: [{ role: 'system', content: 'one two three four' }] }, 8],
    ['a JSON schema for the answer', { output_config: { format: { schema: { title: 'one two three' } } } }, 8],
  ];
  for (const [name, body, least] of above) {
    it(`counts ${name}`, () => {
      expect(estimateTokens(body)).to.be.within(least, least * 2);
    });
  }

  it('counts a deferred tool only once a tool_reference names it', () => {
    const tool = { name: 'Jira', description: 'word '.repeat(1000), defer_loading: true };
    const reference = { type: 'tool_result', content: [{ type: 'tool_reference', tool_name: 'Jira' }] };
    expect(estimateTokens({ ...user('hi'), tools: [tool] })).to.be.below(400);
    expect(estimateTokens({ ...user([reference]), tools: [tool] })).to.be.above(1300);
  });

  it('takes any value, and any depth', () => {
    for (const body of [null, undefined, 1, 'a', [], {}, { messages: 'a', tools: {} }, { messages: [null, 1, [[]]] }]) {
      expect(estimateTokens(body)).to.be.within(0, 10);
    }
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(estimateTokens(JSON.parse(`{"messages":[{"role":"user","content":${deep}}],"tools":${deep}}`))).to.be.above(
      0,
    );
  });

  it('is never above the bound from the bytes, whatever the text', () => {
    const units = ['a', 'aB', 'a1', '1-', '-A', ' 1', 'é', '中', '😀', 'ጥ', '-', '\u007f', 'word '];
    for (const unit of units) {
      for (const content of [
        unit.repeat(5000),
        [{ type: 'tool_use', input: Array(5000).fill(unit) }],
        Array(500).fill({ type: unit }),
      ]) {
        const body = {
          ...user(content),
          tools: [{ name: unit, input_schema: Object.fromEntries([...unit].map((c) => [c, 0])) }],
        };
        const bound = estimateUpperBoundFromBytes(Buffer.byteLength(JSON.stringify(body)));
        expect(estimateTokens(body), JSON.stringify(unit)).to.be.at.most(bound);
      }
    }
  });
});
