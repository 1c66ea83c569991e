/** Random Messages requests: conversations with everything that Anthropic takes, in the order that it wants. */
import fc from 'fast-check';
import { encodeCallId } from '../../worker/dialects/gemini/call-ids';
import { anyText, cached, input, name, resultContent, said, text, userBlock, words } from './conversation-blocks';
import { schema } from './conversation-schemas';
import type { Block, Json } from './messages-request';

/** What Gemini gave with a call, and wants back with it. */
export interface GeminiCall {
  id: string | null;
  signature: string | null;
}

export interface RandomRequest {
  request: Json;
  /** By the id of the call; calls that another provider's model made are not there. */
  geminiCalls: ReadonlyMap<string, GeminiCall>;
}

const call = fc.record({
  name,
  input,
  from: fc.constantFrom<Array<'claude' | 'long' | 'gemini'>>('claude', 'long', 'gemini'),
  given: fc.option(anyText.filter((id) => id !== '')),
  signature: fc.option(fc.oneof(fc.base64String({ minLength: 4, maxLength: 20 }), words)),
  result: resultContent,
  is_error: fc.option(fc.boolean(), { nil: undefined }),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

const system = fc.oneof(
  words,
  fc.array(cached(text), { maxLength: 3 }),
  fc
    .array(text, { maxLength: 2 })
    .map((blocks) => [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1;' }, ...blocks]),
);

const exchange = fc.record({
  answer: fc.array(fc.oneof({ weight: 2, arbitrary: said }, call), { minLength: 1, maxLength: 5 }),
  shuffled: fc.boolean(),
  beside: fc.array(userBlock, { maxLength: 2 }),
  reminder: fc.option(fc.oneof(words, fc.array(text, { minLength: 1, maxLength: 2 })), { freq: 4 }),
});

const conversation = fc.record({
  first: fc.option(fc.oneof(words, fc.array(userBlock, { minLength: 1, maxLength: 3 })), { freq: 8 }),
  exchanges: fc.array(exchange, { maxLength: 4 }),
  last: fc.option(fc.oneof(words, fc.array(text, { minLength: 1, maxLength: 2 }))),
});

const tool = fc.record(
  {
    name,
    description: words,
    input_schema: schema,
    type: fc.constant('custom'),
    strict: fc.boolean(),
    input_examples: fc.constant([{}]),
    defer_loading: fc.boolean(),
    cache_control: fc.constant({ type: 'ephemeral' }),
  },
  { requiredKeys: ['name', 'input_schema'] },
);
const serverTool = fc.constantFrom(
  { type: 'web_search_20250305', name: 'web_search' },
  { type: 'bash_20250124', name: 'bash' },
  { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
);
const offered = fc.record({
  tools: fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: tool }, serverTool), {
    maxLength: 4,
    selector: (one) => one.name,
  }),
  choice: fc.option(fc.constantFrom('auto', 'any', 'none', 'tool')),
  chosen: fc.nat(),
  single: fc.boolean(),
});

const rest = fc.record(
  {
    temperature: fc.double({ min: 0, max: 1, noNaN: true }),
    top_p: fc.double({ min: 0, max: 1, noNaN: true }),
    top_k: fc.nat({ max: 100 }),
    stop_sequences: fc.array(words, { minLength: 1, maxLength: 6 }),
    metadata: fc.record({
      user_id: fc.oneof(
        name,
        words.map((user) => user.padEnd(80, '.')),
      ),
    }),
    thinking: fc.oneof(
      fc.constantFrom({ type: 'disabled' }, { type: 'adaptive' }, { type: 'adaptive', display: 'omitted' }),
      fc.record({ type: fc.constant('enabled'), budget_tokens: fc.integer({ min: 1024, max: 32_000 }) }),
    ),
    output_config: fc
      .record(
        {
          effort: fc.constantFrom('low', 'medium', 'high', 'max'),
          format: schema.map((value) => ({ type: 'json_schema', schema: value })),
        },
        { requiredKeys: [] },
      )
      .filter((output) => Object.keys(output).length > 0),
    service_tier: fc.constant('auto'),
    context_management: fc.constant({ edits: [] }),
    container: fc.constant('c'),
    mcp_servers: fc.constant([]),
  },
  { requiredKeys: [] },
);

export const randomRequests: fc.Arbitrary<RandomRequest> = fc
  .record({ system: fc.option(system), conversation, offered, rest, max_tokens: fc.integer({ min: 1, max: 128_000 }) })
  .map((parts) => {
    const messages = new Messages();
    messages.write(parts.conversation);
    const request: Json = { model: 'm', max_tokens: parts.max_tokens, messages: messages.list, ...parts.rest };
    if (parts.system !== null) request['system'] = parts.system;
    if (parts.offered.tools.length > 0) request['tools'] = parts.offered.tools;
    const choice = choiceOf(parts.offered);
    if (choice !== null) request['tool_choice'] = choice;
    return { request, geminiCalls: messages.geminiCalls };
  });

type Offered = typeof offered extends fc.Arbitrary<infer T> ? T : never;

function choiceOf({ tools, choice, chosen, single }: Offered): Json | null {
  if (choice === null || tools.length === 0) return null;
  const named = choice === 'tool' ? { name: tools[chosen % tools.length]?.name } : {};
  return { type: choice, ...named, ...(single && choice !== 'none' && { disable_parallel_tool_use: true }) };
}

class Messages {
  readonly list: Json[] = [];
  readonly geminiCalls = new Map<string, GeminiCall>();
  #calls = 0;

  write({ first, exchanges, last }: typeof conversation extends fc.Arbitrary<infer T> ? T : never): void {
    if (first !== null || exchanges.length === 0) this.#add('user', first ?? 'Hi');
    for (const { answer, shuffled, beside, reminder } of exchanges) {
      const results: Json[] = [];
      const content = answer.map((part): Block => {
        if ('type' in part) return part;
        const id = this.#idOf(part);
        results.push({ type: 'tool_result', tool_use_id: id, content: part.result, is_error: part.is_error });
        return { type: 'tool_use', id, name: part.name, input: part.input };
      });
      this.#add('assistant', content);
      if (shuffled) results.reverse();
      const turn = [...results, ...beside];
      this.#add('user', turn.length === 0 ? 'Go on' : turn);
      if (reminder !== null) this.#add('system', reminder);
    }
    if (last !== null) this.#add('assistant', last);
  }

  #idOf({ from, given, signature }: Call): string {
    const number = ++this.#calls;
    if (from === 'claude') return `toolu_01${number}`;
    if (from === 'long') return `toolu_${'x'.repeat(60)}${number}`;
    const gemini = { id: given === null ? null : `${given}${number}`, signature };
    const id = encodeCallId({ given: gemini.id, signature }, `u${number}`);
    this.geminiCalls.set(id, gemini);
    return id;
  }

  #add(role: string, content: unknown): void {
    this.list.push({ role, content });
  }
}
