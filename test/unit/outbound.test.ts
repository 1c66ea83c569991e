import { expect } from 'chai';
import type { Provider } from '../../shared/config/config';
import { OutboundRequests, type ProxiedPath } from '../../worker/gateway/outbound';
import { AccessRule } from '../../worker/http/access-rule';
import { scanMembers } from '../../worker/json/members';
import { headOf } from '../support/request-head';
import { openAiTestProvider } from '../support/test-provider';

const access = new AccessRule({ apiKey: 'the-key', trustedProxies: [], host: '127.0.0.1' });
const MESSAGES = '/v1/messages';
const CHAT = '/v1/chat/completions';

/** What leaves for the provider. */
function sent(path: ProxiedPath, request: object, provider: Partial<Provider>, parameters = {}) {
  const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...request }));
  const scan = scanMembers(body);
  if (!scan.ok) throw new Error(scan.reason);
  const decision = { provider: openAiTestProvider(provider), model: 'm', route: 'r', parameters };
  const inbound = { path, head: headOf({}), body, scan, asked: 'm', decision, requestId: 'req_1' };
  return JSON.parse(new OutboundRequests(access).prepare(inbound, () => {}).body.join(''));
}

describe('what leaves for a provider', () => {
  for (const dialect of ['anthropic', 'openai', 'gemini'] as const) {
    it(`is no more than the configured tokens, ${dialect}`, () => {
      const limited = { dialect, maxOutputTokens: 4096 };
      const limitOf = (body: Record<string, unknown>) =>
        body['max_tokens'] ?? (body['generationConfig'] as { maxOutputTokens?: number } | undefined)?.maxOutputTokens;
      expect(limitOf(sent(MESSAGES, { max_tokens: 32_000 }, limited))).to.equal(4096);
      expect(limitOf(sent(MESSAGES, { max_tokens: 100 }, limited))).to.equal(100);
      expect(limitOf(sent(CHAT, { max_tokens: 32_000 }, limited))).to.equal(4096);
    });
  }

  it('is no more than that where the client named no limit, and we do', () => {
    const limited = { dialect: 'anthropic', maxOutputTokens: 4096 } as const;
    expect(sent(CHAT, {}, limited)).to.include({ max_tokens: 4096 });
    const { max_tokens, thinking } = sent(CHAT, { reasoning_effort: 'high' }, limited);
    expect(max_tokens).to.equal(4096);
    expect(thinking.budget_tokens).to.be.below(4096);
  });

  it('has a thinking budget within a lowered limit', () => {
    const asked = { max_tokens: 32_000, thinking: { type: 'enabled', budget_tokens: 31_999 } };
    const body = sent(MESSAGES, asked, { dialect: 'anthropic', maxOutputTokens: 4096 });
    expect(body).to.deep.include({ max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 4095 } });
    const none = sent(MESSAGES, asked, { dialect: 'anthropic', maxOutputTokens: 1000 });
    expect(none).to.deep.include({ max_tokens: 1000, thinking: { type: 'disabled' } });
  });

  it('has the route’s parameters, whatever the client speaks', () => {
    const parameters = { max_tokens: 500, temperature: 0.25, top_k: 5 };
    const asked = { max_completion_tokens: 9000, temperature: 1 };
    expect(sent(CHAT, asked, { dialect: 'anthropic' }, parameters)).to.include(parameters);
    expect(sent(MESSAGES, { max_tokens: 9000 }, {}, parameters)).to.include({ max_tokens: 500, temperature: 0.25 });
    expect(sent(CHAT, {}, {}, { reasoning_effort: 'low' })).to.include({ reasoning_effort: 'low' });
  });
});
