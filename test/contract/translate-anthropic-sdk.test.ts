/** `@anthropic-ai/sdk` through the proxy to providers of every dialect: each answer is one that Anthropic could have given. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { PNG } from '../support/simulator/agent-tools';
import {
  asked,
  failureOf,
  type Proxied,
  startProxied,
  TARGETS,
  takesImages,
  tellsThinking,
} from '../support/simulator/proxied';
import { type FailureKind, type Simulator, type Turn, turn } from '../support/simulator/simulator';
import { deadline } from '../support/wait';

type Params = Anthropic.MessageCreateParamsNonStreaming;

const CALLS = [
  { name: 'look', input: { at: '👩‍🚀 "é"\\\n\u2028', deep: [{ a: null, b: -0.5 }, []] } },
  { name: 'see', input: {} },
  { name: 'look', input: { at: 'twice' } },
];
const TOOLS: Anthropic.Tool[] = ['look', 'see'].map((name) => ({
  ...{ name, description: `Does ${name}`, cache_control: { type: 'ephemeral' } },
  input_schema: {
    ...{ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', additionalProperties: false },
    properties: { at: { type: 'string', minLength: 1 }, deep: { type: 'array', items: {} } },
  },
}));
const HI: Anthropic.MessageParam = { role: 'user', content: 'Hi' };

describe('the Anthropic SDK through the proxy', () => {
  let all: Proxied;
  before(async () => {
    all = await startProxied();
  });
  after(() => all?.stop());
  beforeEach(() => all.reset());

  for (const target of TARGETS) {
    describe(asked(target), () => {
      let sim: Simulator;
      before(() => {
        sim = all.simOf(target);
      });
      afterEach(() => expect(all.complaints()).to.deep.equal([]));

      const params = (more: Partial<Params> = {}): Params => ({
        ...{ model: asked(target), max_tokens: 3000, messages: [HI] },
        ...more,
      });

      const WAYS: [string, (more?: Partial<Params>) => Promise<Anthropic.Message>][] = [
        ['as a whole', (more) => all.anthropic.messages.create(params(more))],
        ['streamed', (more) => all.anthropic.messages.stream(params(more)).finalMessage()],
      ];
      for (const [how, ask] of WAYS) {
        it(`text and counts, ${how}`, async () => {
          sim.next(turn({ text: 'Grüße aus 東京, 👩‍🚀 "so"!\n' }));
          const message = await ask({
            ...{ system: [{ type: 'text', text: 'Be brief', cache_control: { type: 'ephemeral' } }] },
            ...{ stop_sequences: ['END'], temperature: 1, metadata: { user_id: '{"a":1}' } },
          });
          expect(message).to.include({
            type: 'message',
            role: 'assistant',
            stop_reason: 'end_turn',
            stop_sequence: null,
          });
          expect(texts(message)).to.equal('Grüße aus 東京, 👩‍🚀 "so"!\n');
          expect(message.id).to.be.a('string').with.length.above(3);
          expect(message.usage).to.include({ input_tokens: 25, output_tokens: 42, cache_read_input_tokens: 11 });
          expect(message.usage.cache_creation_input_tokens).to.equal(0);
          expect(sim.last.seen).to.deep.include({ model: target.model, system: 'Be brief', user: ['Hi'] });
          expect(sim.last.seen?.stream).to.equal(how === 'streamed');
        });

        it(`parallel calls, and their results with the same ids, ${how}`, async () => {
          sim.next(turn({ text: 'Let me look.', calls: CALLS }));
          const first = await ask({ tools: TOOLS, tool_choice: { type: 'any' } });
          const uses = first.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
          expect(first.stop_reason).to.equal('tool_use');
          expect(uses.map(({ name, input }) => ({ name, input }))).to.deep.equal(CALLS);
          expect(new Set(uses.map(({ id }) => id)).size).to.equal(3);
          for (const { id } of uses) expect(id).to.match(/^[a-zA-Z0-9_-]+$/);
          const results = uses.map(({ id }, i) => ({
            type: 'tool_result' as const,
            tool_use_id: id,
            content: `result ${i}`,
          }));
          const messages: Anthropic.MessageParam[] = [
            ...[HI, { role: 'assistant' as const, content: first.content }],
            { role: 'user', content: [...results, { type: 'text', text: 'And now?' }] },
          ];
          sim.next(turn({ text: 'Done.' }));
          expect(texts(await ask({ tools: TOOLS, messages }))).to.equal('Done.');
          const { seen } = sim.last;
          expect(seen?.calls).to.deep.equal(CALLS);
          expect(seen?.results.map(({ name }) => name)).to.deep.equal(['look', 'see', 'look']);
          for (const [i, result] of (seen?.results ?? []).entries()) expect(result.text).to.include(`result ${i}`);
          expect(seen?.user).to.deep.equal(['Hi', 'And now?']);
          if (sim.dialect !== 'gemini') expect(idsIn(sim.last.body)).to.deep.equal(idsIn(first));
        });

        it(`thinking, carried back, ${how}`, async () => {
          const call = { name: 'look', input: { at: 'x' }, signature: 'c2ln+bmF0dXJl/w==' };
          const thought = turn({ thinking: 'Hm, naïve… 🤔\n"so"', thinkingSignature: 'dGhpbmtpbmc=', calls: [call] });
          sim.next(thought);
          const first = await ask({ tools: TOOLS, thinking: { type: 'enabled', budget_tokens: 2000 } });
          const thinking = first.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
          expect(thinking).to.equal(tellsThinking(target) ? thought.thinking : '');
          const result = { type: 'tool_result' as const, tool_use_id: idsIn(first)[0] ?? '', content: 'seen' };
          const messages: Anthropic.MessageParam[] = [
            HI,
            { role: 'assistant', content: first.content },
            { role: 'user', content: [result] },
          ];
          sim.next(turn({ text: 'So.' }));
          await ask({ tools: TOOLS, messages, thinking: { type: 'enabled', budget_tokens: 2000 } });
          // The simulators refuse a lost signature; here is what must not be lost where it is only wanted.
          const sent = JSON.stringify(sim.last.body);
          if (sim.dialect === 'gemini') expect(sent).to.include(`"thoughtSignature":"${call.signature}"`);
          if (target.provider === 'deepseek') expect(sim.last.seen?.thinking).to.deep.equal([thought.thinking]);
        });

        const STOPS: [string, Turn, string[]][] = [
          ['a limit', turn({ text: 'half of', stop: 'length' }), ['max_tokens']],
          ['a filter', turn({ text: 'I', stop: 'filter' }), ['refusal']],
          ['a refusal', turn({ refusal: 'I will not do that.' }), ['refusal', 'end_turn']],
          ['no content at all', turn({}), ['end_turn']],
        ];
        for (const [name, given, wanted] of STOPS) {
          it(`${name}, ${how}`, async () => {
            sim.next(given);
            const message = await ask();
            expect(wanted).to.include(message.stop_reason);
            expect(texts(message)).to.equal(given.text ?? given.refusal ?? '');
          });
        }

        it(`an image in a result, ${how}`, async () => {
          sim.next(turn({ calls: [{ name: 'see', input: {} }] }));
          const first = await ask({ tools: TOOLS });
          const image = {
            type: 'image' as const,
            source: { type: 'base64' as const, media_type: 'image/png' as const, data: PNG },
          };
          const content = [{ type: 'text' as const, text: 'a dot' }, image];
          const result = { type: 'tool_result' as const, tool_use_id: idsIn(first)[0] ?? '', content };
          const messages: Anthropic.MessageParam[] = [
            HI,
            { role: 'assistant', content: first.content },
            { role: 'user', content: [result] },
          ];
          await ask({ tools: TOOLS, messages });
          expect(sim.last.seen?.images).to.have.length(takesImages(target) ? 1 : 0);
          expect(sim.last.seen?.results[0]?.text).to.include('a dot');
        });
      }

      it('an abort ends the request at the provider at once', async () => {
        sim.next(turn({ text: 'one two three four five six seven eight nine ten eleven twelve' }), { holdAfter: 5 });
        const stream = await all.anthropic.messages.create({ ...params(), stream: true });
        for await (const event of stream) if (event.type === 'content_block_delta') break;
        await deadline(sim.last.raw.aborted, 2000, 'the end of the request at the provider');
      });

      it('a limit of the rate, with the time to wait', async () => {
        sim.fail({ kind: 'rate_limit', retryAfter: 7 });
        const error = await failureOf(all.anthropic.messages.create(params()));
        if (!(error instanceof Anthropic.RateLimitError)) throw error;
        expect(error.headers.get('retry-after')).to.equal('7');
        expect(error.error).to.have.nested.property('error.type', 'rate_limit_error');
        expect(error.requestID).to.be.a('string');
      });

      it('a context overflow, in the words that start compaction', async () => {
        sim.fail({ kind: 'context_overflow' });
        const error = await failureOf(all.anthropic.messages.create(params()));
        if (!(error instanceof Anthropic.BadRequestError)) throw error;
        // The latter where the input alone is too long.
        expect(error.message).to.match(
          /input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+|prompt is too long: \d+ tokens > \d+ maximum/,
        );
      });

      it('failures get the status and the type of their meaning', async () => {
        for (const [kind, statuses, type] of FAILURES) {
          // DeepSeek and Mistral tell of an unknown model as of any bad request.
          if (kind === 'not_found' && ['deepseek', 'mistral'].includes(target.provider)) continue;
          sim.fail({ kind });
          const error = await failureOf(all.anthropic.messages.create(params()));
          if (!(error instanceof Anthropic.APIError)) throw error;
          expect(statuses, `${kind}: ${error.message}`).to.include(error.status);
          expect(error.error, kind).to.have.nested.property('error.type').that.matches(type);
          expect(error.error, kind).to.have.nested.property('error.message').that.is.not.empty;
          expect(error.error, kind).to.have.property('request_id').that.is.a('string');
        }
      });
    });
  }

  it('the stop sequence that was met, where the provider tells it', async () => {
    const sim = all.sims['sim-openai'];
    sim.next(turn({ text: 'x', stop: 'stop_sequence', stopSequence: 'END' }), { tellStopSequence: true });
    const params = { model: 'sim-openai,gpt-4o', max_tokens: 10, messages: [HI], stop_sequences: ['END'] };
    const { stop_reason, stop_sequence } = await all.anthropic.messages.create(params);
    expect([stop_reason, stop_sequence]).to.deep.equal(['stop_sequence', 'END']);
  });

  it('a prompt that Gemini blocks is refused', async () => {
    for (const stream of [true, false]) {
      all.sims['sim-gemini'].next(turn({ text: 'x' }), { blockReason: 'PROHIBITED_CONTENT' });
      const params = { model: 'sim-gemini,gemini-2.5-pro', max_tokens: 10, messages: [HI] };
      const { stop_reason, content } = stream
        ? await all.anthropic.messages.stream(params).finalMessage()
        : await all.anthropic.messages.create(params);
      expect([stop_reason, content.some((block) => block.type === 'tool_use')]).to.deep.equal(['refusal', false]);
    }
  });

  it('the decision is on the answer', async () => {
    const params = { model: 'sim-gemini,gemini-2.5-pro', max_tokens: 10, messages: [HI] };
    const { response, request_id } = await all.anthropic.messages.create(params).withResponse();
    expect(response.headers.get('x-ccproxy-provider')).to.equal('sim-gemini');
    expect(response.headers.get('x-ccproxy-model')).to.equal('gemini-2.5-pro');
    expect(request_id).to.be.a('string').that.is.not.empty;
  });
});

/** A 400 means that the client is at fault: no failure of the operator's account may become one. */
const FAILURES: [FailureKind, number[], RegExp][] = [
  ['auth', [401, 403], /^(?:authentication|permission)_error$/],
  ['overloaded', [529], /^overloaded_error$/],
  ['server', [500, 502], /^api_error$/],
  ['not_found', [404], /^not_found_error$/],
  ['billing', [402, 403, 429], /^(?:billing|permission|rate_limit)_error$/],
  ['content_filter', [400, 403], /^(?:invalid_request|permission)_error$/],
];

function texts({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

/** Ids of calls, wherever they stand in a document. */
function idsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(idsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { type, id } = value as { type?: unknown; id?: unknown }; // An object.
  const own = (type === 'tool_use' || type === 'function') && typeof id === 'string' ? [id] : [];
  return [...own, ...Object.values(value).flatMap(idsIn)];
}
