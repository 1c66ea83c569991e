import { expect } from 'chai';
import {
  estimateTokens as estimate,
  estimateUpperBoundFromBytes,
  tallyMessages,
} from '../../worker/gateway/token-estimate';
import { JsonView, viewOf } from '../../worker/json/view';

const estimateTokens = (body: unknown) => estimate(viewOf(JSON.stringify(body)));
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
    for (const body of [null, 1, 'a', [], {}, { messages: 'a', tools: {} }, { messages: [null, 1, [[]]] }]) {
      expect(estimateTokens(body)).to.be.within(0, 10);
    }
    const depth = 500_000;
    for (const nested of [
      `${'['.repeat(depth)}${']'.repeat(depth)}`,
      `${'[{"content":'.repeat(depth)}1${'}]'.repeat(depth)}`,
      `${'{"type":"tool_result","content":['.repeat(depth)}${']}'.repeat(depth)}`,
    ]) {
      const text = `{"messages":[{"role":"user","content":${nested}}],"tools":${nested.startsWith('[') ? nested : '[]'}}`;
      const body = Buffer.from(text);
      // viewOf() asks JSON.parse, which does not go that deep.
      expect(estimate(new JsonView(body, 0, body.length))).to.be.above(0);
    }
  });

  it('counts what has too many values to be looked at by its bytes', () => {
    const body = user(Array(100_001).fill(0));
    expect(estimateTokens(body)).to.be.within(150_000, 400_000);
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

  it('is the same however the text is escaped', () => {
    for (const [plain, escaped] of [
      ['a\n\tb "c" \\ d/e', '\\u0061\\u000A\\tb \\"c\\" \\\\ d\\/e'],
      ['Grüße, Ωmega', 'Gr\\u00fc\\u00DFe, \\u03a9mega'],
      ['中文 ༀ 𝔘 😀', '\\u4e2d\\u6587 \\u0f00 \\ud835\\udd18 \\ud83d\\ude00'],
    ] as const) {
      expect(JSON.parse(`"${escaped}"`)).to.equal(plain);
      expect(estimate(viewOf(`{"system":"${escaped}"}`))).to.equal(estimateTokens({ system: plain }));
    }
  });

  it('is the same however the JSON is spaced', () => {
    const body = { tools: [{ name: 'a', input_schema: { a: [1, -2.5e3, [], {}, true, null, { b: 'c' }], d: {} } }] };
    expect(estimate(viewOf(JSON.stringify(body, null, 8)))).to.equal(estimateTokens(body));
  });

  describe('its work', () => {
    const MEGABYTE = 1024 ** 2;
    const prose = 'When a request arrives, the gateway looks at the name of the model. ';
    const turns = (bytes: number) => ({
      messages: Array.from({ length: 100 }, (_, i) => ({
        role: i % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text: prose.repeat(bytes / 100 / prose.length) }],
      })),
    });
    const work = (body: unknown, limit: number) => tallyMessages(viewOf(JSON.stringify(body)), limit);

    it('ends where the limit is passed, however long the body', () => {
      const { tokens, bytes } = work(turns(MEGABYTE), 60_000);
      expect(tokens).to.be.within(60_000, 62_000);
      expect(bytes).to.be.below(300_000);
      expect(work(turns(8 * MEGABYTE), 60_000).bytes).to.be.below(300_000);
    });

    it('ends inside one long text, or one long list of tools', () => {
      expect(work({ system: prose.repeat(100_000) }, 1000).bytes).to.be.below(10_000);
      const tool = { name: 'Read', description: prose, input_schema: { type: 'object' } };
      expect(work({ tools: Array(10_000).fill(tool) }, 1000).bytes).to.be.below(10_000);
      expect(work(user([{ type: 'tool_use', input: { list: Array(50_000).fill(prose) } }]), 1000).bytes).to.be.below(
        10_000,
      );
      expect(work(user([{ type: 'of_tomorrow', ...turns(MEGABYTE) }]), 1000).bytes).to.be.below(10_000);
    });

    it('does not look at images, and at no more than there is', () => {
      const image = { type: 'image', source: { type: 'base64', data: 'A'.repeat(MEGABYTE) } };
      const { tokens, bytes } = work(user([image, { type: 'text', text: prose }]), 60_000);
      expect(bytes).to.equal(prose.length);
      expect(tokens).to.be.within(1600, 1630);
      expect(work(turns(100_000), 60_000).bytes).to.be.within(90_000, 100_000);
    });

    it('is none at all where the bytes say enough', () => {
      // What MessagesFacts asks first.
      expect(estimateUpperBoundFromBytes(60_000)).to.be.below(60_000);
      expect(estimateUpperBoundFromBytes(70_000)).to.be.above(60_000);
    });
  });
});
