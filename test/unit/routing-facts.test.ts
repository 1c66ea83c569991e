import { expect } from 'chai';
import { scanMembers } from '../../worker/json/members';
import { MessagesFacts } from '../../worker/routing/facts';

function factsOf(body: string): MessagesFacts {
  const bytes = Buffer.from(body);
  const scan = scanMembers(bytes);
  if (!scan.ok) throw new Error(scan.reason);
  return new MessagesFacts('m', bytes, scan.members);
}

const ask = (body: object) => factsOf(JSON.stringify({ model: 'm', ...body }));
const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } };

describe('facts about a request', () => {
  it('sees an image in the last user turn, also inside a tool result', () => {
    const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
    expect(ask(user([IMAGE])).lastTurnHasImage()).to.equal(true);
    expect(ask(user([{ type: 'tool_result', tool_use_id: 't', content: [IMAGE] }])).lastTurnHasImage()).to.equal(true);
    expect(ask(user('an image')).lastTurnHasImage()).to.equal(false);
    expect(ask(user([{ type: 'text', text: 'image' }])).lastTurnHasImage()).to.equal(false);
  });

  it('looks at the last user turn only, whatever comes after it', () => {
    const messages = [
      { role: 'user', content: [IMAGE] },
      { role: 'assistant', content: 'a cat' },
      { role: 'user', content: 'and now?' },
      { role: 'system', content: [IMAGE] },
    ];
    expect(ask({ messages }).lastTurnHasImage()).to.equal(false);
  });

  it('is not ended by content that is nested without end', () => {
    const depth = 100_000;
    const content = `${'[{"content":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    const facts = factsOf(`{"model":"m","messages":[{"role":"user","content":${content}}],"tools":${content}}`);
    expect(facts.lastTurnHasImage()).to.equal(false);
    expect(facts.offersWebSearch()).to.equal(false);
    expect(facts.exceedsTokens(60_000)).to.equal(true);
  });

  it('is not ended by more than it looks at', () => {
    const many = Array(100_001).fill(IMAGE);
    const facts = ask({ messages: [{ role: 'user', content: many }], tools: many, thinking: { ...many } });
    expect([facts.lastTurnHasImage(), facts.offersWebSearch(), facts.thinks()]).to.deep.equal([false, false, false]);
    expect(facts.exceedsTokens(60_000)).to.equal(true);
  });

  it('knows thinking when it sees it', () => {
    const wanted = [true, { type: 'enabled', budget_tokens: 1 }, { type: 'adaptive', display: 'x' }];
    for (const thinking of wanted) expect(ask({ thinking }).thinks(), JSON.stringify(thinking)).to.equal(true);
    const odd = [false, null, undefined, 1, 'true', 'enabled', [], [true], {}, { type: 'disabled' }, { type: true }];
    for (const thinking of odd) expect(ask({ thinking }).thinks(), JSON.stringify(thinking)).to.equal(false);
  });

  it('takes members of any type for what they are', () => {
    for (const odd of [
      null,
      1,
      'x',
      {},
      [null],
      [1],
      [{ role: 1 }],
      [{ role: 'user' }],
      [{ role: 'user', content: 1 }],
    ]) {
      expect(ask({ messages: odd, tools: odd }).lastTurnHasImage()).to.equal(false);
      expect(ask({ messages: odd, tools: odd }).offersWebSearch()).to.equal(false);
    }
    expect(ask({ tools: [{ type: 'web_search_20250305' }] }).offersWebSearch()).to.equal(true);
  });
});
