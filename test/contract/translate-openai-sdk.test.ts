/** The `openai` SDK through the proxy to providers of every dialect: each answer is one that OpenAI could have given. */
import { expect } from 'chai';
import OpenAI from 'openai';
import { type HttpResponse, request } from '../support/http';
import { PNG } from '../support/simulator/agent-tools';
import {
  asked,
  failureOf,
  PROXY_KEY,
  type Proxied,
  startProxied,
  TARGETS,
  takesImages,
} from '../support/simulator/proxied';
import { type Simulator, type Turn, turn } from '../support/simulator/simulator';
import { deadline } from '../support/wait';

type Message = OpenAI.ChatCompletionMessageParam;
interface Params {
  messages?: Message[];
  tools?: OpenAI.ChatCompletionFunctionTool[];
  tool_choice?: OpenAI.ChatCompletionToolChoiceOption;
  stop?: string[];
  user?: string;
  temperature?: number;
  reasoning_effort?: 'low' | 'high';
}

const CALLS = [
  { name: 'look', input: { at: '👩‍🚀 "é"\\\n\u2028', deep: [{ a: null, b: -0.5 }, []] } },
  { name: 'see', input: {} },
];
const TOOLS: OpenAI.ChatCompletionFunctionTool[] = ['look', 'see'].map((name) => ({
  type: 'function',
  function: {
    ...{ name, description: `Does ${name}` },
    parameters: {
      ...{ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', additionalProperties: false },
      properties: { at: { type: 'string', minLength: 1 }, deep: { type: 'array', items: { type: 'object' } } },
    },
  },
}));
const HI: Message = { role: 'user', content: 'Hi' };

describe('the OpenAI SDK through the proxy', () => {
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

      const params = (more: Params = {}) => ({ model: asked(target), messages: [HI], ...more });

      // Mistral cannot be asked for usage in a stream, and tells it all the same.
      const usageInStream = (include_usage: boolean) =>
        target.provider === 'mistral' ? {} : { stream_options: { include_usage } };

      const WAYS: [string, (more?: Params) => Promise<OpenAI.ChatCompletion>][] = [
        ['as a whole', (more) => all.openai.chat.completions.create(params(more))],
        [
          'streamed',
          (more) =>
            all.openai.chat.completions.stream({ ...params(more), ...usageInStream(true) }).finalChatCompletion(),
        ],
      ];
      for (const [how, ask] of WAYS) {
        it(`text and counts, ${how}`, async () => {
          sim.next(turn({ text: 'Grüße aus 東京, 👩‍🚀 "so"!\n' }));
          const completion = await ask({ messages: [{ role: 'system', content: 'Be brief' }, HI], stop: ['END'] });
          const [choice] = completion.choices;
          expect(choice).to.include({ finish_reason: 'stop', index: 0 });
          expect(choice?.message).to.include({ role: 'assistant', content: 'Grüße aus 東京, 👩‍🚀 "so"!\n' });
          expect(completion.id).to.be.a('string').with.length.above(3);
          expect(completion.usage).to.include({ prompt_tokens: 36, completion_tokens: 42, total_tokens: 78 });
          expect(completion.usage?.prompt_tokens_details?.cached_tokens).to.equal(11);
          expect(sim.last.seen).to.deep.include({ model: target.model, system: 'Be brief', user: ['Hi'] });
          expect(sim.last.seen?.stream).to.equal(how === 'streamed');
        });

        it(`parallel calls, and their results with the same ids, ${how}`, async () => {
          sim.next(turn({ text: 'Let me look.', calls: CALLS }));
          const first = await ask({ tools: TOOLS, tool_choice: 'required' });
          const [choice] = first.choices;
          const calls = callsOf(first);
          expect(choice?.finish_reason).to.equal('tool_calls');
          expect(choice?.message.content).to.equal('Let me look.');
          expect(calls.map(({ name, input }) => ({ name, input }))).to.deep.equal(CALLS);
          expect(new Set(calls.map(({ id }) => id)).size).to.equal(2);
          sim.next(turn({ text: 'Done.' }));
          const results = calls.map(
            ({ id }, i): Message => ({ role: 'tool', tool_call_id: id, content: `result ${i}` }),
          );
          const picture = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${PNG}` } };
          const image: Message = {
            role: 'user',
            content: [...(takesImages(target) ? [picture] : []), { type: 'text', text: 'And now?' }],
          };
          const second = await ask({ tools: TOOLS, messages: [HI, assistant(first), ...results, image] });
          expect(second.choices[0]?.message.content).to.equal('Done.');
          const { seen } = sim.last;
          expect(seen?.calls).to.deep.equal(CALLS);
          expect(seen?.results.map(({ name }) => name)).to.deep.equal(['look', 'see']);
          for (const [i, result] of (seen?.results ?? []).entries()) expect(result.text).to.include(`result ${i}`);
          expect(seen?.user).to.deep.equal(['Hi', 'And now?']);
          expect(seen?.images).to.have.length(takesImages(target) ? 1 : 0);
        });

        const STOPS: [string, Turn, string][] = [
          ['a limit', turn({ text: 'half of', stop: 'length' }), 'length'],
          ['a filter', turn({ text: 'I', stop: 'filter' }), 'content_filter'],
          ['a stop sequence', turn({ text: 'so', stop: 'stop_sequence', stopSequence: 'END' }), 'stop'],
        ];
        for (const [name, given, wanted] of STOPS) {
          it(`${name}, ${how}`, async () => {
            sim.next(given);
            // The SDK's helper throws for the first two: the chunks tell.
            const { text, reason } = how === 'streamed' ? await streamed(params()) : whole(await ask());
            expect([text, reason]).to.deep.equal([given.text, wanted]);
          });
        }
      }

      it('a stream in chunks, its usage where it is asked for, and [DONE]', async () => {
        for (const include_usage of [true, false]) {
          sim.next(turn({ text: 'one two three four five six' }));
          const { status, text, headers } = await raw({ ...params(), stream: true, ...usageInStream(include_usage) });
          expect(status, text).to.equal(200);
          expect(headers['content-type']).to.match(/^text\/event-stream/);
          expect(text).to.match(/^data: .*\n\ndata: \[DONE\]\n\n$/s);
          const chunks = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, data = '']) => JSON.parse(data));
          expect(new Set(chunks.map(({ id }) => id)).size).to.equal(1);
          for (const chunk of chunks) expect(chunk).to.have.property('object', 'chat.completion.chunk');
          expect(chunks.flatMap(({ choices }) => (choices[0]?.delta.content ?? '') || []).length).to.be.above(2);
          if (target.provider === 'mistral') continue; // An OpenAI client gets its bytes as they are.
          const counted = chunks.filter(({ usage }) => usage?.total_tokens === 78);
          expect(counted).to.have.length(include_usage ? 1 : 0);
          if (include_usage) expect(chunks.at(-1)?.choices).to.deep.equal([]);
        }
      });

      it('an abort ends the request at the provider at once', async () => {
        sim.next(turn({ text: 'one two three four five six seven eight nine ten eleven twelve' }), { holdAfter: 5 });
        const stream = await all.openai.chat.completions.create({ ...params(), stream: true });
        for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? '') !== '') break;
        await deadline(sim.last.raw.aborted, 2000, 'the end of the request at the provider');
      });

      it('failures as the SDK knows them', async () => {
        sim.fail({ kind: 'rate_limit', retryAfter: 7 });
        const limited = await failureOf(all.openai.chat.completions.create(params()));
        if (!(limited instanceof OpenAI.RateLimitError)) throw limited;
        expect(limited.headers.get('retry-after')).to.equal('7');
        sim.fail({ kind: 'context_overflow' });
        const overflow = await failureOf(all.openai.chat.completions.create(params()));
        if (!(overflow instanceof OpenAI.BadRequestError)) throw overflow;
        expect(`${overflow.code} ${overflow.message}`).to.match(/context_length_exceeded|context l(?:ength|imit)/);
        sim.fail({ kind: 'overloaded' });
        const overloaded = await failureOf(all.openai.chat.completions.create(params()));
        if (!(overloaded instanceof OpenAI.APIError)) throw overloaded;
        expect(overloaded.status).to.be.within(500, 529);
        expect(overloaded.error).to.have.property('message').that.is.a('string');
      });
    });
  }

  it('an OpenAI provider gets and gives the very bytes', async () => {
    const sim = all.sims['sim-openai'];
    const body = `{ "messages" : [{"role":"user","content":"\\u00e9 🙂"}],\n"model":"sim-openai,gpt-4o", "stream":true }`;
    sim.next(turn({ text: 'Naïve 🙂', calls: CALLS }), { crlf: true, comment: ': hello' });
    const { body: got } = await rawBody(body);
    expect(got.equals(sim.last.raw.sentBody)).to.equal(true);
    expect(sim.last.raw.body.toString()).to.equal(body.replace('sim-openai,gpt-4o', 'gpt-4o'));
  });

  it('thinking of an Anthropic provider is `reasoning_content`', async () => {
    const sim = all.sims['sim-anthropic'];
    for (const stream of [false, true]) {
      sim.next(turn({ thinking: 'Hm, naïve. 🤔', text: 'So.' }));
      const params = { model: 'sim-anthropic,claude-x', messages: [HI], reasoning_effort: 'low' as const };
      const { text } = await raw({ ...params, stream });
      const pieces = [...text.matchAll(/"reasoning_content":("(?:[^"\\]|\\.)*")/g)].map(([, piece = '']) =>
        JSON.parse(piece),
      );
      expect(pieces.join('')).to.equal('Hm, naïve. 🤔');
      expect(sim.last.body).to.have.nested.property('thinking.type').that.is.oneOf(['enabled', 'adaptive']);
    }
    expect(all.complaints()).to.deep.equal([]);
  });

  function raw(body: Record<string, unknown>): Promise<HttpResponse> {
    return rawBody(JSON.stringify(body));
  }

  function rawBody(body: string): Promise<HttpResponse> {
    const headers = { authorization: `Bearer ${PROXY_KEY}`, 'content-type': 'application/json' };
    return request({ url: `${all.proxy.url}/v1/chat/completions`, headers, body });
  }

  async function streamed(params: { model: string; messages: Message[] }) {
    let text = '';
    let reason: string | null = null;
    for await (const { choices } of await all.openai.chat.completions.create({ ...params, stream: true })) {
      text += choices[0]?.delta.content ?? '';
      reason = choices[0]?.finish_reason ?? reason;
    }
    return { text, reason };
  }
});

function whole({ choices }: OpenAI.ChatCompletion): { text: string; reason: string | null } {
  return { text: choices[0]?.message.content ?? '', reason: choices[0]?.finish_reason ?? null };
}

function callsOf({ choices }: OpenAI.ChatCompletion): { id: string; name: string; input: unknown }[] {
  return (choices[0]?.message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function'
      ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
      : [],
  );
}

/** Only what is documented goes back. */
function assistant(completion: OpenAI.ChatCompletion): Message {
  return {
    role: 'assistant',
    content: completion.choices[0]?.message.content ?? null,
    tool_calls: callsOf(completion).map(({ id, name, input }) => ({
      ...{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } },
    })),
  };
}
