/** The official SDKs, directly against the simulator of their dialect: answers, streams, tools, errors, aborts. */
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import { expect } from 'chai';
import OpenAI from 'openai';
import { type Simulator, startSimulator as start, type Turn, turn } from '../support/simulator/simulator';
import { deadline } from '../support/wait';

const CALLS = [
  { name: 'look', input: { at: '🙂 "é"\n', deep: [{ a: null }] } },
  { name: 'see', input: {} },
];
const TEXT = turn({ text: 'Grüße aus 東京, 👩‍🚀!', usage: { input: 10, output: 20, cacheRead: 4, reasoning: 3 } });
const TOOLS = turn({ text: 'Let me see.', calls: CALLS });
const PARAMETERS = { type: 'object' as const, properties: { at: { type: 'string' } } };

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );
}

describe('simulator: openai SDK', () => {
  let sim: Simulator;
  let client: OpenAI;
  const params = {
    model: 'gpt-4o',
    messages: [{ role: 'user' as const, content: 'Hi' }],
    tools: CALLS.map(({ name }) => ({ type: 'function' as const, function: { name, parameters: PARAMETERS } })),
  };

  before(async () => {
    sim = await start({ dialect: 'openai' });
    client = new OpenAI({ apiKey: sim.key ?? '', baseURL: `${sim.url}/v1`, maxRetries: 0 });
  });
  after(() => sim.close());
  beforeEach(() => sim.reset());
  afterEach(() => expect([...sim.refusals, ...sim.provider.failures]).to.deep.equal([]));

  it('answers with text and counts', async () => {
    sim.next(TEXT);
    const { choices, usage, model } = await client.chat.completions.create(params);
    expect(choices[0]).to.deep.include({ finish_reason: 'stop' });
    expect(choices[0]?.message).to.include({ content: TEXT.text, refusal: null });
    expect([model, usage?.prompt_tokens, usage?.completion_tokens]).to.deep.equal(['gpt-4o', 14, 20]);
    expect(usage?.prompt_tokens_details?.cached_tokens).to.equal(4);
    expect(usage?.completion_tokens_details?.reasoning_tokens).to.equal(3);
  });

  it('streams, with usage only where it is asked for', async () => {
    for (const include_usage of [true, false]) {
      sim.next(TEXT);
      const stream = await client.chat.completions.create({
        ...params,
        stream: true,
        stream_options: { include_usage },
      });
      const chunks: OpenAI.ChatCompletionChunk[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).to.equal(TEXT.text);
      expect(chunks.length).to.be.above(3);
      expect(chunks.filter(({ usage }) => usage?.total_tokens === 34)).to.have.length(include_usage ? 1 : 0);
    }
  });

  for (const [how, call] of [
    ['as a whole', () => client.chat.completions.create(params)],
    ['streamed', () => client.chat.completions.stream(params).finalChatCompletion()],
  ] as const) {
    it(`calls tools ${how}`, async () => {
      sim.next(TOOLS);
      const { choices } = await call();
      expect(choices[0]).to.include({ finish_reason: 'tool_calls' });
      const calls = choices[0]?.message.tool_calls?.flatMap((one) => (one.type === 'function' ? [one.function] : []));
      expect(calls?.map(({ name, arguments: text }) => ({ name, input: JSON.parse(text) }))).to.deep.equal(CALLS);
    });

    it(`stops early, refuses and filters ${how}`, async () => {
      const reasons: unknown[] = [];
      for (const stopped of [
        turn({ refusal: 'I will not.' }),
        turn({ text: 'x', stop: 'filter' }),
        turn({ text: 'y', stop: 'stop_sequence' }),
      ]) {
        sim.next(stopped);
        const { choices } = await call().catch((error: unknown) => ({
          choices: [{ finish_reason: error, message: null }],
        }));
        reasons.push(choices[0]?.message?.refusal ?? choices[0]?.finish_reason);
      }
      expect(reasons[0]).to.equal('I will not.');
      expect(reasons[2]).to.equal('stop');
      expect(how === 'streamed' || reasons[1] === 'content_filter').to.equal(true); // The helper throws for that one.
    });
  }

  it('fails in words that the SDK knows', async () => {
    sim.fail({ kind: 'rate_limit', retryAfter: 3 });
    const limited = await failureOf(client.chat.completions.create(params));
    expect(limited).to.be.instanceOf(OpenAI.RateLimitError);
    expect(limited)
      .to.have.property('headers')
      .that.satisfies((headers: Headers) => headers.get('retry-after') === '3');
    sim.fail({ kind: 'context_overflow' });
    expect(await failureOf(client.chat.completions.create(params))).to.include({
      code: 'context_length_exceeded',
      status: 400,
    });
    sim.next(TEXT, { errorAfter: 2 });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    const late = await failureOf(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(late).to.be.instanceOf(OpenAI.APIError).with.property('message').that.includes('had an error');
  });

  it('notices an abort', async () => {
    sim.next(TEXT, { holdAfter: 3 });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) break;
    await deadline(sim.last.raw.aborted, 2000, 'the abort');
  });
});

describe('simulator: @google/genai SDK', () => {
  let sim: Simulator;
  let client: GoogleGenAI;
  const params = {
    model: 'gemini-2.5-pro',
    contents: 'Hi',
    config: {
      ...{ maxOutputTokens: 50, temperature: 0.5, systemInstruction: 'Be brief', stopSequences: ['x'] },
      tools: [{ functionDeclarations: CALLS.map(({ name }) => ({ name, parametersJsonSchema: PARAMETERS })) }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
      thinkingConfig: { includeThoughts: true, thinkingBudget: 1000 },
    },
  };

  before(async () => {
    sim = await start({ dialect: 'gemini' });
    client = new GoogleGenAI({ apiKey: sim.key ?? '', httpOptions: { baseUrl: sim.url, apiVersion: 'v1beta' } });
  });
  after(() => sim.close());
  beforeEach(() => sim.reset());
  afterEach(() => expect([...sim.refusals, ...sim.provider.failures]).to.deep.equal([]));

  it('answers with text and counts', async () => {
    sim.next(TEXT);
    const { text, usageMetadata, candidates } = await client.models.generateContent(params);
    expect([text, candidates?.[0]?.finishReason]).to.deep.equal([TEXT.text, 'STOP']);
    const counts = {
      promptTokenCount: 14,
      cachedContentTokenCount: 4,
      candidatesTokenCount: 17,
      thoughtsTokenCount: 3,
    };
    expect(usageMetadata).to.include({ ...counts, totalTokenCount: 34 });
  });

  it('streams thoughts and text', async () => {
    sim.next({ ...TEXT, thinking: 'Hm, let me think about that' });
    const parts: string[] = [];
    let last = '';
    for await (const { candidates: [candidate] = [] } of await client.models.generateContentStream(params)) {
      for (const part of candidate?.content?.parts ?? []) parts.push(`${part.thought === true ? '~' : ''}${part.text}`);
      last = candidate?.finishReason ?? last;
    }
    expect(parts.filter((part) => part.startsWith('~')).length).to.be.above(1);
    expect(parts.filter((part) => !part.startsWith('~')).join('')).to.equal(TEXT.text);
    expect(last).to.equal('STOP');
  });

  it('calls tools', async () => {
    sim.next(TOOLS);
    const { functionCalls } = await client.models.generateContent(params);
    expect(functionCalls?.map(({ name, args }) => ({ name, input: args }))).to.deep.equal(CALLS);
  });

  it('blocks prompts and answers', async () => {
    sim.next(TEXT, { blockReason: 'PROHIBITED_CONTENT' });
    const blocked = await client.models.generateContent(params);
    expect(blocked.promptFeedback?.blockReason).to.equal('PROHIBITED_CONTENT');
    sim.next(turn({ text: 'x', stop: 'filter' }));
    expect((await client.models.generateContent(params)).candidates?.[0]?.finishReason).to.equal('SAFETY');
  });

  it('fails in words that the SDK knows', async () => {
    sim.fail({ kind: 'overloaded' });
    const error = await failureOf(client.models.generateContent(params));
    expect(error).to.be.instanceOf(ApiError).with.property('status', 503);
  });
});

describe('simulator: @anthropic-ai/sdk', () => {
  let sim: Simulator;
  let client: Anthropic;
  const params: Anthropic.MessageCreateParamsNonStreaming = {
    ...{ model: 'claude-x', max_tokens: 2000, messages: [{ role: 'user', content: 'Hi' }] },
    tools: CALLS.map(({ name }) => ({ name, input_schema: PARAMETERS })),
  };

  before(async () => {
    sim = await start({ dialect: 'anthropic' });
    client = new Anthropic({ apiKey: sim.key, authToken: null, baseURL: sim.url, maxRetries: 0 });
  });
  after(() => sim.close());
  beforeEach(() => sim.reset());
  afterEach(() => expect([...sim.refusals, ...sim.provider.failures]).to.deep.equal([]));

  const STOPS: [Turn, string][] = [
    [TEXT, 'end_turn'],
    [TOOLS, 'tool_use'],
    [turn({ text: 'x', stop: 'filter' }), 'refusal'],
    [turn({ text: 'x', stop: 'length' }), 'max_tokens'],
    [turn({ text: 'x', stop: 'stop_sequence', stopSequence: 'END' }), 'stop_sequence'],
  ];
  for (const [given, stop] of STOPS) {
    it(`ends with ${stop}, as a whole and streamed`, async () => {
      sim.next(given);
      sim.next(given, { pingEvery: 2 });
      const whole = await client.messages.create(params);
      const streamed = await client.messages.stream(params).finalMessage();
      for (const { content, stop_reason, stop_sequence, usage } of [whole, streamed]) {
        expect([stop_reason, stop_sequence]).to.deep.equal([stop, given.stopSequence ?? null]);
        expect(content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')).to.equal(given.text);
        const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
        expect(calls.map(({ name, input }) => ({ name, input }))).to.deep.equal(given.calls ?? []);
        expect(usage.input_tokens).to.equal(given.usage.input);
      }
    });
  }

  it('counts tokens', async () => {
    expect(await client.messages.countTokens({ model: 'x', messages: params.messages })).to.have.property(
      'input_tokens',
      4242,
    );
  });

  it('fails in words that the SDK knows', async () => {
    sim.fail({ kind: 'overloaded' });
    expect(await failureOf(client.messages.create(params))).to.have.property('status', 529);
    sim.fail({ kind: 'auth' });
    expect(await failureOf(client.messages.create(params))).to.be.instanceOf(Anthropic.AuthenticationError);
  });
});
