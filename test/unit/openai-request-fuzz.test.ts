/** Whatever a client sends: a valid request to the provider, or a message that says what is wrong. */
import { expect } from 'chai';
import fc from 'fast-check';
import { translateRequest } from '../../worker/dialects/openai/to-request';
import { BadDocument, viewOf } from '../../worker/json/view';
import { chatProvider } from '../support/chat-completions';

const junk = fc.oneof(
  fc.constantFrom(null, true, 5, -1.5, '', 'x', [], {}, [{}], ['x'], { type: 'text' }, { type: 5 }),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Mostly what it should be. */
const mostly = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 30, arbitrary: value }, { weight: 1, arbitrary: junk });
const record = (members: Record<string, fc.Arbitrary<unknown>>) =>
  mostly(fc.record(Object.fromEntries(Object.entries(members).map(([name, value]) => [name, mostly(value)]))));
const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const id = fc.constantFrom('t1', 't2', `toolu_${'x'.repeat(60)}`, 'abcdefghi');
const one = (value: unknown) => fc.constant(value);

const textBlock = record({ type: one('text'), text });
const image = record({
  type: one('image'),
  source: record({ type: one('base64'), media_type: one('image/png'), data: text }),
});
const reference = record({ type: one('tool_reference'), tool_name: fc.constantFrom('A', 'B') });
const document = record({
  type: one('document'),
  title: text,
  source: fc.oneof(
    record({ type: one('text'), data: text }),
    record({ type: one('base64'), media_type: one('application/pdf'), data: text }),
    record({ type: one('content'), content: fc.array(fc.oneof(textBlock, image), { maxLength: 2 }) }),
  ),
});
const result = record({
  type: one('tool_result'),
  tool_use_id: id,
  is_error: fc.boolean(),
  content: fc.oneof(text, fc.array(fc.oneof(textBlock, image, reference, document), { maxLength: 3 })),
});
const use = record({
  type: one('tool_use'),
  id,
  name: fc.constantFrom('A', 'B'),
  input: fc.dictionary(text, fc.jsonValue({ maxDepth: 1 })),
});
const thinking = record({ type: one('thinking'), thinking: text, signature: text });
const odd = record({
  type: fc.constantFrom('server_tool_use', 'redacted_thinking', 'search_result', 'new'),
  data: text,
});
const block = fc.oneof(textBlock, image, document, result, use, thinking, odd);
const message = record({
  role: fc.constantFrom('user', 'user', 'assistant', 'assistant', 'system'),
  content: fc.oneof(text, fc.array(block, { maxLength: 5 })),
});
const tool = record({
  name: fc.constantFrom('A', 'B'),
  description: text,
  input_schema: fc.dictionary(text, one(1)),
  defer_loading: fc.boolean(),
});
const request = fc.record({
  messages: mostly(fc.array(message, { maxLength: 6 })),
  system: mostly(fc.oneof(text, fc.array(textBlock, { maxLength: 2 }))),
  tools: mostly(
    fc.array(fc.oneof(tool, record({ type: fc.constantFrom('bash_20250124', 'tool_search_x'), name: one('s') })), {
      maxLength: 3,
    }),
  ),
  tool_choice: record({ type: fc.constantFrom('auto', 'any', 'tool', 'none'), name: fc.constantFrom('A', 'B') }),
  thinking: record({ type: fc.constantFrom('enabled', 'adaptive', 'disabled'), budget_tokens: one(2000) }),
  output_config: record({
    effort: fc.constantFrom('low', 'max'),
    format: record({ type: one('json_schema'), schema: one({ type: 'object' }) }),
  }),
  metadata: record({ user_id: text }),
  stop_sequences: mostly(fc.array(text, { maxLength: 6 })),
  max_tokens: mostly(fc.nat()),
});

const PROVIDERS = ['openai', 'deepseek', 'openrouter', 'groq', 'mistral', 'xai', 'ollama', 'generic'];

interface Message {
  role: string;
  content: unknown;
  tool_calls?: unknown[];
}

/** What every service asks of the order and the contents of messages. */
function check(messages: Message[], provider: string): void {
  let last = '';
  for (const { role, content, tool_calls } of messages) {
    expect(role).to.be.oneOf(['system', 'user', 'assistant', 'tool']);
    if (role === 'assistant') expect(Boolean(content) || Array.isArray(tool_calls)).to.equal(true);
    else expect(content).not.to.be.oneOf([null, '']).and.not.to.deep.equal([]);
    if (role === 'tool') expect(content).to.be.a('string');
    if (provider === 'mistral' && last === 'tool') expect(role).to.be.oneOf(['tool', 'assistant']);
    last = role;
  }
}

describe('OpenAI request: fuzz', () => {
  it('makes a valid request, or names what is wrong', () => {
    let made = 0;
    fc.assert(
      fc.property(request, fc.constantFrom(...PROVIDERS), (asked, name) => {
        const context = { provider: chatProvider(name), model: 'gpt-5', stream: true, warn: () => undefined };
        try {
          const { body } = translateRequest(viewOf(JSON.stringify(asked)), context);
          check((JSON.parse(body.toString('utf8')) as { messages: Message[] }).messages, name); // Or the check fails.
          made++;
        } catch (error) {
          if (!(error instanceof BadDocument)) throw error;
          expect(error.message).to.match(
            /^(messages|system|tools|tool_choice|thinking|output_config|stop_sequences|max_tokens)\b/,
          );
        }
      }),
      { numRuns: 1500 },
    );
    expect(made).to.be.above(250);
  });

  it('takes very many blocks', () => {
    const content = Array.from({ length: 90_000 }, () => ({ type: 'text', text: 'a' }));
    const context = { provider: chatProvider(), model: 'm', stream: false, warn: () => undefined };
    for (const role of ['user', 'assistant']) {
      const turns = [
        { role: 'user', content: 'x' },
        { role, content },
      ];
      const { body } = translateRequest(viewOf(JSON.stringify({ messages: turns })), context);
      expect(body.length).to.be.above(90_000);
    }
  });
});
