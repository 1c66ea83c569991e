/** Providers with bad manners, through the proxy: what is only ugly changes nothing, and what fails is said clearly. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { asked, CHATTY, failureOf, type Proxied, startProxied, type Target } from '../support/simulator/proxied';
import { type Turn, turn, type Ugliness } from '../support/simulator/simulator';

const CALLS = [
  { name: 'one', input: { a: '👩‍🚀 é"\\\n', b: [1, { c: null }], long: 'x'.repeat(200) } },
  { name: 'two', input: { d: '🙂🙂' } },
  { name: 'three', input: {} },
];
const ANSWER = turn({
  thinking: 'First think,\nthen speak: "naïve" 🤔.',
  thinkingSignature: 'c2ln',
  text: 'Naïve 東京 👩‍🚀 text\n',
  calls: CALLS,
});

const GEMINI: Target = { provider: 'sim-gemini', model: 'gemini-2.5-pro' };
const CLAUDE: Target = { provider: 'sim-anthropic', model: 'claude-x' };

const BYTES: [string, Ugliness][] = [
  ['cut at every byte', { cutBytes: 1 }],
  ['cut every seven bytes', { cutBytes: 7 }],
  ['CR LF', { crlf: true }],
  ['LF', { crlf: false }],
  ['CR LF, cut at every byte', { crlf: true, cutBytes: 1 }],
  ['comments', { comment: ': keep-alive' }],
];
const CHAT_KNOBS: [string, Ugliness][] = [
  ...BYTES,
  ['comments of OpenRouter', { comment: ': OPENROUTER PROCESSING', cutBytes: 3 }],
  ['no [DONE]', { done: 'missing' }],
  ['usage in the last chunk', { usage: 'last' }],
  ['usage in every chunk', { usage: 'every' }],
  ['usage in x_groq', { usage: 'x_groq' }],
  ['interleaved calls', { interleaved: true }],
  ['interleaved calls with their ids again', { interleaved: true, repeatIds: true }],
  ['interleaved calls without an index', { interleaved: true, repeatIds: true, indexMissing: true }],
  ['arguments by the unit', { arguments: 1 }],
  ['arguments by three units, interleaved', { arguments: 3, interleaved: true }],
  ['whole arguments', { arguments: 'whole' }],
  ['whole arguments without an index', { arguments: 'whole', indexMissing: true }],
  ['arguments at the end', { arguments: 'at_end' }],
  ['no empty arguments', { emptyArguments: true }],
  ['ids again', { repeatIds: true }],
  ['no index', { indexMissing: true }],
  ['nulls', { nulls: true }],
  ['empty choices first', { emptyChoicesFirst: true }],
  ['reasoning', { reasoning: 'reasoning' }],
  ['reasoning_details', { reasoning: 'reasoning_details' }],
  ['reasoning and its details', { reasoning: 'reasoning+reasoning_details' }],
  ['content in parts', { contentParts: true }],
  ['stop with calls', { stopWithCalls: true }],
  [
    'everything at once',
    {
      crlf: true,
      comment: ': x',
      nulls: true,
      interleaved: true,
      repeatIds: true,
      done: 'missing',
      usage: 'every',
      cutBytes: 5,
    },
  ],
];
const GEMINI_KNOBS: [string, Ugliness][] = [
  ...BYTES,
  ['usage at the end', { usage: 'last' }],
  ['empty parts', { emptyParts: true }],
  ['empty parts, cut at every byte', { emptyParts: true, cutBytes: 1 }],
];
const CLAUDE_KNOBS: [string, Ugliness][] = [
  ...BYTES,
  ['pings', { pingEvery: 1 }],
  ['arguments by the unit', { arguments: 1 }],
];

const CASES: [Target, [string, Ugliness][]][] = [
  [CHATTY, CHAT_KNOBS],
  [GEMINI, GEMINI_KNOBS],
  [CLAUDE, CLAUDE_KNOBS],
];

/** What a client ends up with; ids apart. */
interface Told {
  thinking: string;
  text: string;
  calls: { name: string; input: unknown }[];
  stop: string | null;
  usage: [input: number, output: number];
}

describe('ugly streams through the proxy', () => {
  let all: Proxied;
  before(async () => {
    all = await startProxied();
  });
  after(() => all?.stop());
  beforeEach(() => all.reset());

  const CLIENTS: [string, (target: Target, stream?: boolean) => Promise<Told>, (given: Turn) => Told][] = [
    [
      'Anthropic',
      askAnthropic,
      ({ thinking = '', text = '', calls = [] }) => told(thinking, text, calls, 'tool_use', [25, 42]),
    ],
    [
      'OpenAI',
      askOpenAi,
      ({ thinking = '', text = '', calls = [] }) => told(thinking, text, calls, 'tool_calls', [36, 42]),
    ],
  ];

  for (const [client, ask, wanted] of CLIENTS) {
    for (const [target, knobs] of CASES) {
      // An OpenAI client gets the bytes of such a provider as they are, ugly ones, too.
      if (client === 'OpenAI' && target === CHATTY) continue;
      describe(`${client} client, ${asked(target)}`, () => {
        for (const [name, ugliness] of knobs) {
          it(name, async () => {
            all.simOf(target).next(ANSWER, ugliness);
            expect(await ask(target)).to.deep.equal(wanted(ANSWER));
            expect(all.complaints()).to.deep.equal([]);
          });
        }

        it('no usage at all', async () => {
          all.simOf(target).next(ANSWER, { usage: 'absent' });
          const got = await ask(target);
          expect({ ...got, usage: null }).to.deep.equal({ ...wanted(ANSWER), usage: null });
        });

        for (const after of [0, 1, 3, 6]) {
          it(`a failure after ${after} events`, async () => {
            all.simOf(target).next(ANSWER, { errorAfter: after });
            const error = await failureOf(ask(target));
            expect(error).to.be.instanceOf(client === 'OpenAI' ? OpenAI.APIError : Anthropic.APIError);
            expect(String(error)).to.match(/had an error|overloaded/i);
          });

          for (const how of ['end', 'reset'] as const) {
            it(`a stream that stops after ${after} events (${how})`, async () => {
              all.simOf(target).next(ANSWER, { truncate: { after, how } });
              const error = await failureOf(ask(target));
              expect(error).to.be.instanceOf(Error);
              // In the proxy's words, not in those of a JSON parser or a socket.
              expect(String(error))
                .to.match(/provider/i)
                .and.not.match(/JSON|ECONN|socket|undefined/);
              expect(all.simOf(target).requests).to.have.length(1);
            });
          }
        }

        // Where nothing is translated, it goes back as it is.
        if (client === 'Anthropic' && target === CLAUDE) return;
        it('a failure in the place of a whole answer', async () => {
          all.simOf(target).next(ANSWER, { errorAfter: 0 });
          const error = await failureOf(ask(target, false));
          expect(error).to.be.instanceOf(client === 'OpenAI' ? OpenAI.APIError : Anthropic.APIError);
        });
      });
    }
  }

  it('Gemini in an array: the same answer, or a clear error', async () => {
    all.simOf(GEMINI).next(ANSWER, { jsonArray: true });
    const got = await askAnthropic(GEMINI).catch((error: unknown) => error);
    if (got instanceof Anthropic.APIError) expect(got.message).to.match(/provider/i);
    else expect(got).to.have.property('text', ANSWER.text);
  });

  it('a function call that Gemini got wrong is an error, or the end of a turn', async () => {
    all.simOf(GEMINI).next(turn({ text: 'Let me' }), { finishReason: 'MALFORMED_FUNCTION_CALL' });
    const got = await askAnthropic(GEMINI).catch((error: unknown) => error);
    if (got instanceof Anthropic.APIError) expect(got.message).to.include('MALFORMED_FUNCTION_CALL');
    else expect(got).to.include({ text: 'Let me', stop: 'end_turn' });
  });

  it('a refusal in deltas', async () => {
    all.simOf(CHATTY).next(turn({ refusal: 'I will not do that.' }), { nulls: true });
    const { text, stop } = await askAnthropic(CHATTY);
    expect(text).to.equal('I will not do that.');
    expect(stop).to.be.oneOf(['refusal', 'end_turn']);
  });

  async function askAnthropic(target: Target, stream = true): Promise<Told> {
    const params = { model: asked(target), max_tokens: 2000, messages: [{ role: 'user' as const, content: 'Hi' }] };
    const { content, stop_reason, usage } = stream
      ? await all.anthropic.messages.stream(params).finalMessage()
      : await all.anthropic.messages.create(params);
    const calls = content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : [],
    );
    const thinking = content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return told(thinking, text, calls, stop_reason, [usage.input_tokens, usage.output_tokens]);
  }

  async function askOpenAi(target: Target, stream = true): Promise<Told> {
    const params = { model: asked(target), messages: [{ role: 'user' as const, content: 'Hi' }] };
    const streamed = { ...params, stream_options: { include_usage: true } };
    let thinking = '';
    const read = (from: object | undefined) => {
      const piece: unknown = from === undefined ? '' : Reflect.get(from, 'reasoning_content');
      if (typeof piece === 'string') thinking += piece;
    };
    const runner = stream ? all.openai.chat.completions.stream(streamed) : null;
    runner?.on('chunk', ({ choices }) => read(choices[0]?.delta));
    const completion = await (runner?.finalChatCompletion() ?? all.openai.chat.completions.create(params));
    const [choice] = completion.choices;
    if (!stream) read(choice?.message);
    const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? [{ name: call.function.name, input: JSON.parse(call.function.arguments) }] : [],
    );
    const { prompt_tokens = 0, completion_tokens = 0 } = completion.usage ?? {};
    return told(thinking, choice?.message.content ?? '', calls, choice?.finish_reason ?? null, [
      prompt_tokens,
      completion_tokens,
    ]);
  }
});

function told(
  thinking: string,
  text: string,
  calls: readonly { name: string; input: unknown }[],
  stop: string | null,
  usage: [number, number],
): Told {
  const bare = calls.map(({ name, input }) => ({ name, input }));
  return { thinking, text, calls: bare, stop, usage };
}
