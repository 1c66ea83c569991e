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
    const facts = factsOf(`{"model":"m","messages":[{"role":"user","content":${content}}]}`);
    // V8's own parser may refuse such a depth; the gateway answers that, and lives on.
    let seen = false;
    try {
      seen = facts.lastTurnHasImage();
    } catch (error) {
      expect(error).to.be.instanceOf(RangeError);
    }
    expect(seen).to.equal(false);
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
    expect(ask({ thinking: { type: 'adaptive' } }).thinking()).to.deep.equal({ type: 'adaptive' });
    expect(ask({}).thinking()).to.equal(undefined);
  });
});
