/**
 * A Messages request that goes to another dialect and comes back says what it said, except for what is listed in
 * test/support/losses.ts, and so in docs/translation.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { translateChatRequest } from '../../worker/dialects/openai/from-request';
import { openAiProvider } from '../../worker/dialects/openai/provider';
import { rootView, viewOf } from '../../worker/json/view';
import { chatProvider, translated } from '../support/chat-completions';
import { type RandomRequest, randomRequests } from '../support/conversations';
import { readGeminiRequest } from '../support/gemini-conversation';
import { translate } from '../support/gemini-requests';
import { LOSSES } from '../support/losses';
import { dropServerBlocks } from '../support/losses-both';
import { type Block, type Conversation, type Json, readMessagesRequest, type Turn } from '../support/messages-request';

const RUNS = 500;
const DOCUMENT = join(__dirname, '..', '..', '..', 'docs', 'translation.md');

type Dialect = 'openai' | 'gemini';

const BACK: Record<Dialect, (request: string) => unknown> = {
  openai: (request) => {
    const to = { provider: chatProvider('openai'), model: 'gpt-4.1', stream: false, warn: () => undefined };
    const { body } = openAiProvider.translateRequest(viewOf(request), to);
    // The oldest Claude that thinks takes all parameters.
    const anthropic = { ...chatProvider('anthropic'), dialect: 'anthropic' as const };
    return JSON.parse(
      translateChatRequest(rootView(body), { ...to, provider: anthropic, model: 'claude-sonnet-4-0' }).toString('utf8'),
    );
  },
  gemini: (request) => readGeminiRequest(translate(request).body as Parameters<typeof readGeminiRequest>[0]), // Google's shape, or the test fails.
};

/** What must come back, and which losses had a part in it. */
function expected(random: RandomRequest, request: string, dialect: Dialect, felt: Set<string>): Conversation {
  let conversation = readMessagesRequest(JSON.parse(request));
  for (const loss of LOSSES) {
    const change = loss[dialect]?.change;
    if (change === undefined) continue;
    const before = JSON.stringify(conversation);
    conversation = change(conversation, random);
    if (JSON.stringify(conversation) !== before) felt.add(loss.what);
  }
  return conversation;
}

function isSaid({ type }: Block): boolean {
  return type === 'text' || type === 'tool_use';
}

function thoughtsOf({ content }: Turn): string {
  const thoughts = content.filter(({ type, thinking }) => type === 'thinking' && thinking !== '');
  return thoughts.map(({ thinking }) => thinking).join('\n\n');
}

describe('Round trip of a request', () => {
  for (const dialect of ['openai', 'gemini'] as const) {
    it(`${dialect}: keeps all but what is listed`, function () {
      this.timeout(60_000);
      const felt = new Set<string>();
      fc.assert(
        fc.property(randomRequests, (random) => {
          const request = JSON.stringify(random.request);
          const back = readMessagesRequest(BACK[dialect](request) as Json); // A request.
          expect(back).to.deep.equal(expected(random, request, dialect, felt));
        }),
        { numRuns: RUNS },
      );
      const listed = LOSSES.filter((loss) => loss[dialect] !== null).map(({ what }) => what);
      expect(
        listed.filter((what) => !felt.has(what)),
        'listed, but nothing of it is lost',
      ).to.deep.equal([]);
    });
  }

  it('openai: thinking goes back to a service that wants it', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(randomRequests, ({ request }) => {
        const { turns } = dropServerBlocks(readMessagesRequest(JSON.parse(JSON.stringify(request))));
        const spoken = turns.filter(({ role, content }) => role === 'assistant' && content.some(isSaid));
        const { messages } = translated(request, 'openrouter');
        const back = (messages as Json[]).filter(({ role }) => role === 'assistant'); // Chat messages are objects.
        expect(back.map(({ reasoning }) => reasoning ?? '')).to.deep.equal(spoken.map(thoughtsOf));
      }),
      { numRuns: RUNS / 5 },
    );
  });

  it('loses what the documentation says', () => {
    const section = /^## What a dialect cannot carry\n([\s\S]*?)^## /m.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('|'));
    const listed = LOSSES.map(
      ({ what, openai, gemini }) => `| ${what} | ${openai?.says ?? 'carried'} | ${gemini?.says ?? 'carried'} |`,
    );
    expect(rows.slice(2)).to.deep.equal(listed);
  });
});
