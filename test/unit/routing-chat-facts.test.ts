import { expect } from 'chai';
import { tallyChat } from '../../worker/gateway/chat-token-estimate';
import { scanMembers } from '../../worker/json/members';
import { viewOf } from '../../worker/json/view';
import { ChatFacts } from '../../worker/routing/chat-facts';

function factsOf(text: string): ChatFacts {
  const bytes = Buffer.from(text);
  const scan = scanMembers(bytes);
  if (!scan.ok) throw new Error(scan.reason);
  return new ChatFacts('m', bytes, scan.members);
}

const ask = (body: object) => factsOf(JSON.stringify({ model: 'm', ...body }));
const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } };
const tokensOf = (body: unknown) => Math.ceil(tallyChat(viewOf(JSON.stringify(body)), Number.POSITIVE_INFINITY).tokens);

describe('facts about a Chat Completions request', () => {
  const thinking: [body: object, thinks: boolean][] = [
    [{}, false],
    ...['low', 'medium', 'high', 'xhigh', 'max'].map((effort): [object, boolean] => [
      { reasoning_effort: effort },
      true,
    ]),
    ...['none', 'minimal', '', null, 1, true, {}].map((effort): [object, boolean] => [
      { reasoning_effort: effort },
      false,
    ]),
    [{ reasoning: { effort: 'high' } }, true],
    [{ reasoning: { effort: 'none' } }, false],
    [{ reasoning: { max_tokens: 2000 } }, true],
    [{ reasoning: { max_tokens: 0 } }, false],
    [{ reasoning: { enabled: true } }, true],
    [{ reasoning: { enabled: false } }, false],
    [{ reasoning: { exclude: true } }, false],
    [{ reasoning: 'high' }, false],
    [{ thinking: { type: 'enabled' } }, true],
    [{ thinking: { type: 'disabled' } }, false],
    [{ reasoning_effort: 'none', reasoning: { effort: 'high' }, thinking: { type: 'enabled' } }, false],
    [{ reasoning_effort: null, reasoning: null, thinking: { type: 'enabled' } }, true],
  ];
  for (const [body, thinks] of thinking) {
    it(`${thinks ? 'thinks' : 'does not think'}: ${JSON.stringify(body)}`, () => {
      expect(ask(body).thinks()).to.equal(thinks);
    });
  }

  const searching: [body: object, offers: boolean][] = [
    [{}, false],
    [{ web_search_options: {} }, true],
    [{ web_search_options: null }, false],
    [{ tools: [{ type: 'function', function: { name: 'web_search' } }] }, false],
    [{ tools: [{ type: 'function' }, { type: 'web_search' }] }, true],
    [{ tools: [{ type: 'web_search_preview_2025_03_11' }] }, true],
    [{ tools: [{ type: 'search' }, null, 1, 'web_search'] }, false],
  ];
  for (const [body, offers] of searching) {
    it(`${offers ? 'offers' : 'does not offer'} web search: ${JSON.stringify(body)}`, () => {
      expect(ask(body).offersWebSearch()).to.equal(offers);
    });
  }

  it("sees an image in the last user's message only", () => {
    const text = { type: 'text', text: 'image_url' };
    expect(ask(user([text, IMAGE])).lastTurnHasImage()).to.equal(true);
    expect(ask(user('image_url')).lastTurnHasImage()).to.equal(false);
    expect(ask(user([text])).lastTurnHasImage()).to.equal(false);
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } };
    const first = { role: 'user', content: [IMAGE] };
    const rest = [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: 'a cat' },
    ];
    expect(ask({ messages: [first, ...rest] }).lastTurnHasImage()).to.equal(true);
    const second = { role: 'user', content: 'And now?' };
    expect(ask({ messages: [first, ...rest, second] }).lastTurnHasImage()).to.equal(false);
  });

  it('takes members of any type, number and depth for what they are', () => {
    const depth = 100_000;
    const deep = `${'[{"content":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    const many = JSON.stringify(Array(100_001).fill({ role: 'user', type: 'web_search', content: [IMAGE] }));
    for (const odd of ['null', '1', '"x"', '{}', '[null]', '[1]', '[[]]', '[{"role":1}]', deep, many]) {
      for (const members of [
        `"messages":${odd},"tools":${odd}`,
        `"reasoning":${odd},"thinking":${odd}`,
        `"messages":[{"role":"user","content":${odd},"tool_calls":${odd}}]`,
      ]) {
        const facts = factsOf(`{"model":"m",${members}}`);
        const seen = [facts.lastTurnHasImage(), facts.offersWebSearch(), facts.thinks()];
        // More items than are looked at, and none of what they hold counts.
        expect(seen, members.slice(0, 60)).to.deep.equal([false, false, false]);
        if (odd === many && members.startsWith('"messages"')) expect(facts.exceedsTokens(60_000)).to.equal(true);
        else expect(facts.exceedsTokens(10_000_000)).to.equal(false);
      }
    }
  });

  it('looks at no more than the bytes when these say enough', () => {
    // Fifty images that are only named: over the threshold by count, not by bytes. A price of not counting.
    const images = Array(50).fill({ type: 'image_url', image_url: { url: 'https://a.test/b' } });
    expect(tokensOf(user(images))).to.be.above(60_000);
    expect(ask(user(images)).exceedsTokens(60_000)).to.equal(false);
  });

  it('exceeds a threshold where the count does', () => {
    const facts = ask(user('lorem ipsum dolor '.repeat(27_000)));
    expect([10, 60_000, 300_000].map((threshold) => facts.exceedsTokens(threshold))).to.deep.equal([true, true, false]);
  });

  describe('the estimate of its tokens', () => {
    const above: [name: string, body: unknown, least: number][] = [
      ['a text', user('When a request arrives, the gateway looks at the name of the model.'), 14],
      ['an image', user([IMAGE]), 1600],
      ['ten seconds of sound', user([{ type: 'input_audio', input_audio: { data: 'A'.repeat(107_000) } }]), 100],
      ['a PDF of about five pages', user([{ type: 'file', file: { file_data: 'A'.repeat(133_000) } }]), 20_000],
      ['a PDF by its id', user([{ type: 'file', file: { file_id: 'file-1' } }]), 20_000],
      ['a refusal', user([{ type: 'refusal', refusal: 'I cannot help with that one' }]), 8],
      ['a part of a kind to come', user([{ type: 'smell', smell: { text: 'one two three four five' } }]), 12],
      ['a tool', { tools: [{ type: 'function', function: { name: 'Read', description: 'Reads a file' } }] }, 360],
      ['a function of old', { functions: [{ name: 'Read', description: 'Reads a file' }] }, 355],
      ['a schema for the answer', { response_format: { json_schema: { schema: { title: 'one two three' } } } }, 8],
      [
        'a call',
        {
          messages: [
            { role: 'assistant', tool_calls: [{ function: { name: 'Edit', arguments: '{"old":"one two three"}' } }] },
          ],
        },
        20,
      ],
      ['a call of old', { messages: [{ role: 'assistant', function_call: { name: 'Edit', arguments: '{}' } }] }, 14],
      ['thinking that comes back', { messages: [{ role: 'assistant', reasoning_content: 'one two three four' }] }, 8],
    ];
    for (const [name, body, least] of above) {
      it(`counts ${name}`, () => expect(tokensOf(body)).to.be.within(least, least * 2));
    }

    it('is the same for a string and a text part, and does not count what no model reads', () => {
      expect(tokensOf(user([{ type: 'text', text: 'some text' }]))).to.equal(tokensOf(user('some text')));
      expect(tokensOf({ ...user('a'), metadata: { a: 'x'.repeat(999) }, user: 'x'.repeat(99) })).to.equal(
        tokensOf(user('a')),
      );
    });

    it('ends where the limit is passed', () => {
      const text = 'When a request arrives, the gateway looks at the name of the model. ';
      const message = { role: 'user', content: [{ type: 'text', text: text.repeat(100) }] };
      for (const body of [
        { messages: Array(1000).fill(message) },
        user(Array(10_000).fill({ type: 'text', text })),
        user(text.repeat(100_000)),
        { tools: Array(10_000).fill({ type: 'function', function: { name: 'a', description: text } }) },
      ]) {
        expect(tallyChat(viewOf(JSON.stringify(body)), 1000).bytes).to.be.below(12_000);
      }
    });
  });
});
