/** Each knob does what it says, and no knob but those of failures changes what is said. */
import { expect } from 'chai';
import OpenAI from 'openai';
import { request } from '../support/http';
import {
  FAILURE_KINDS,
  type Simulator,
  startSimulator,
  turn,
  type Ugliness,
  type Vendor,
} from '../support/simulator/simulator';
import { cutUp, everyCut } from '../support/simulator/ugliness';

const ANSWER = turn({
  thinking: 'First think, then speak.',
  text: 'Naïve 東京 🙂 text',
  calls: [
    { name: 'one', input: { a: '👩‍🚀 é"\\', b: [1, 2] } },
    { name: 'two', input: { c: '🙂' } },
    { name: 'three', input: {} },
  ],
});

/** A knob and what it leaves on the wire. */
const OPENAI: [string, Ugliness, RegExp][] = [
  ['no knob', {}, /"finish_reason":"tool_calls".*\n\ndata: \[DONE\]\n\n$/],
  ['cut at every byte', { cutBytes: 1 }, /\[DONE\]/],
  ['cut somewhere', { cutAt: [10, 100, 101] }, /\[DONE\]/],
  ['CR LF', { crlf: true }, /^data: .*\r\n\r\ndata: /],
  ['comments', { comment: ': OPENROUTER PROCESSING' }, /^: OPENROUTER PROCESSING\n\ndata: /],
  ['no DONE', { done: 'missing' }, /"finish_reason":"tool_calls".*\n\n$/],
  ['usage of its own', { usage: 'own' }, /"choices":\[\],"usage":\{"prompt_tokens":36.*\n\ndata: \[DONE\]/],
  ['usage in the last chunk', { usage: 'last' }, /"finish_reason":"tool_calls"\}\],"usage":\{/],
  ['usage everywhere', { usage: 'every' }, /^data: .*"usage":\{"prompt_tokens":36,"completion_tokens":3,/],
  ['x_groq', { usage: 'x_groq' }, /"x_groq":\{"id":"[^"]*","usage":\{/],
  [
    'interleaved',
    { interleaved: true },
    /"index":0,"function".*\n\n.*"index":1,"function".*\n\n.*"index":2,"function".*\n\n.*"index":0,"function"/,
  ],
  ['whole arguments', { arguments: 'whole' }, /"name":"two","arguments":"\{\\"c\\":\\"🙂\\"\}"/],
  [
    'arguments at the end',
    { arguments: 'at_end' },
    /"name":"three","arguments":""\}.*\n\n.*"index":0,"function":\{"arguments":"\{\\"a/,
  ],
  ['single units', { arguments: 1 }, /"arguments":"\\ud83d"/],
  [
    'no empty arguments',
    { emptyArguments: true },
    /"name":"three","arguments":""\}\}\]\},"logprobs":null,"finish_reason":null.*\n\n.*"delta":\{\}/,
  ],
  [
    'ids again',
    { repeatIds: true },
    /"id":"call_Sim0*\d+x0","type":"function","function":\{"name":"one","arguments":"\{/,
  ],
  ['no index', { indexMissing: true }, /"tool_calls":\[\{"id"/],
  ['nulls', { nulls: true }, /"id":null,"type":null,"function":\{"name":null/],
  ['empty choices first', { emptyChoicesFirst: true }, /^data: \{"choices":\[\],"created":0/],
  ['reasoning_content', { reasoning: 'reasoning_content' }, /"delta":\{"reasoning_content":"First think, "\}/],
  ['reasoning', { reasoning: 'reasoning' }, /"delta":\{"reasoning":"First think, "\}/],
  [
    'both',
    { reasoning: 'reasoning+reasoning_details' },
    /"delta":\{"reasoning":"First think, ","reasoning_details":\[\{/,
  ],
  ['parts', { contentParts: true }, /"content":\[\{"type":"thinking".*\n\n.*"content":\[\{"type":"text"/s],
  ['stop with calls', { stopWithCalls: true }, /"finish_reason":"stop"/],
  ['the stop sequence', { tellStopSequence: true }, /"stop_reason":null/],
];

const GEMINI: [string, Ugliness, RegExp][] = [
  ['no knob', {}, /^data: \{"candidates":.*"usageMetadata":.*\r\n\r\n.*"finishReason":"STOP"/s],
  ['LF', { crlf: false }, /^data: [^\r]*\n\n$/s],
  ['usage at the end', { usage: 'last' }, /^data: \{"candidates":\[[^\n]*\],"modelVersion".*"usageMetadata"/s],
  ['no usage', { usage: 'absent' }, /^(?:(?!usageMetadata).)*$/s],
  ['thoughts', {}, /\{"text":"First think, ","thought":true\}/],
  ['a block', { blockReason: 'SAFETY' }, /^data: \{"promptFeedback":\{"blockReason":"SAFETY"\}[^\n]*\r\n\r\n$/],
  ['a finish', { finishReason: 'MALFORMED_FUNCTION_CALL' }, /"finishReason":"MALFORMED_FUNCTION_CALL"/],
  ['an array', { jsonArray: true }, /^\[\{\n.*\n,\r\n\{.*\}\n\]\n$/s],
  ['empty parts', { emptyParts: true }, /\{"text":""\}.*"content":\{"role":"model"\},"index":0.*\{"index":0\}/s],
];

describe('simulator: bad manners', () => {
  let openai: Simulator;
  let gemini: Simulator;
  before(async () => {
    [openai, gemini] = await Promise.all([
      startSimulator({ dialect: 'openai' }),
      startSimulator({ dialect: 'gemini' }),
    ]);
  });
  after(() => Promise.all([openai.close(), gemini.close()]));

  async function rawOpenAi(): Promise<string> {
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true };
    return (
      await request({
        url: `${openai.url}/v1/chat/completions`,
        headers: { authorization: `Bearer ${openai.key}` },
        body,
      })
    ).text;
  }

  async function rawGemini(): Promise<string> {
    const url = `${gemini.url}/v1beta/models/m:streamGenerateContent?alt=sse`;
    const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
    return (await request({ url, headers: { 'x-goog-api-key': gemini.key ?? '' }, body })).text;
  }

  for (const [name, ugliness, pattern] of OPENAI) {
    it(`openai: ${name}`, async () => {
      openai.next(ANSWER, ugliness);
      const text = await rawOpenAi();
      expect(text).to.match(pattern);
      const { content, calls } = reassembled(text);
      expect(content).to.equal(ANSWER.text);
      expect(calls).to.deep.equal(ANSWER.calls);
    });
  }

  for (const [name, ugliness, pattern] of GEMINI) {
    it(`gemini: ${name}`, async () => {
      gemini.next(ANSWER, ugliness);
      expect(await rawGemini()).to.match(pattern);
    });
  }

  it('cut off, failed, and broken off', async () => {
    openai.next(ANSWER, { truncate: { after: 2, how: 'end' } });
    expect((await rawOpenAi()).match(/^data: /gm)).to.have.length(2);
    openai.next(ANSWER, { errorAfter: 1 });
    expect(await rawOpenAi()).to.match(/^data: .*\n\ndata: \{"error":\{"message":"The server had an error.*\n\n$/);
    gemini.next(ANSWER, { errorAfter: 1 });
    expect(await rawGemini()).to.match(/"status":"UNAVAILABLE"\}\}\r\n\r\n$/);
    openai.next(ANSWER, { truncate: { after: 2, how: 'reset' } });
    expect(await rawOpenAi().catch(() => 'broken')).to.equal('broken');
  });

  it('the SDK of OpenAI reads what is only ugly', async () => {
    const client = new OpenAI({ apiKey: openai.key ?? '', baseURL: `${openai.url}/v1`, maxRetries: 0 });
    for (const ugliness of [{ cutBytes: 1 }, { crlf: true }, { interleaved: true, arguments: 1 }, { comment: ': x' }]) {
      openai.next(ANSWER, ugliness);
      const params = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
      const { choices } = await client.chat.completions.stream(params).finalChatCompletion();
      const calls = choices[0]?.message.tool_calls?.flatMap((one) => (one.type === 'function' ? [one.function] : []));
      expect(calls?.map(({ arguments: text }) => JSON.parse(text))).to.deep.equal(
        ANSWER.calls?.map(({ input }) => input),
      );
    }
  });

  it('cuts give all bytes back', () => {
    const bytes = Buffer.from('data: 🙂\n\n');
    for (const knobs of [{ cutBytes: 1 }, { cutBytes: 4 }, { cutAt: [9, 2, 0, 99] }, {}]) {
      expect(Buffer.concat(cutUp(bytes, knobs)).equals(bytes)).to.equal(true);
    }
    expect(cutUp(bytes, { cutBytes: 1 })).to.have.length(bytes.length);
    const pairs = [...everyCut(bytes)];
    expect(pairs).to.have.length(bytes.length - 1);
    for (const pair of pairs) expect(Buffer.concat(pair).equals(bytes)).to.equal(true);
  });
});

/** A reader of its own: what all deltas say together. Calls go on at their index, at their id, or where the last one was. */
function reassembled(stream: string): { content: string; calls: unknown[] } {
  let content = '';
  const calls: { key: unknown; name: string; text: string }[] = [];
  for (const [, data = ''] of stream.matchAll(/^data: (\{.*\})\r?$/gm)) {
    const delta = JSON.parse(data).choices[0]?.delta ?? {};
    const parts = Array.isArray(delta.content) ? delta.content : [{ text: delta.content ?? '' }];
    content += parts.map((part: { text?: string }) => part.text ?? '').join('');
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      const key = index ?? id;
      const known = key === undefined ? calls.at(-1) : calls.find((one) => one.key === key);
      const call = known ?? { key, name: called.name, text: '' };
      if (known === undefined) calls.push(call);
      call.text += called.arguments ?? '';
    }
  }
  return { content, calls: calls.map(({ name, text }) => ({ name, input: JSON.parse(text === '' ? '{}' : text) })) };
}

describe('simulator: failures', () => {
  const DIALECTS: [string, Parameters<typeof startSimulator>[0]][] = [
    ['anthropic', { dialect: 'anthropic' }],
    ['gemini', { dialect: 'gemini' }],
    ...(['openai', 'openrouter', 'deepseek', 'groq', 'mistral', 'xai', 'ollama'] as Vendor[]).map(
      (vendor): [string, Parameters<typeof startSimulator>[0]] => [vendor, { dialect: 'openai', vendor }],
    ),
  ];

  for (const [name, options] of DIALECTS) {
    it(`${name}: every kind has a status and words of its own`, async () => {
      const sim = await startSimulator(options);
      const said = new Set<string>();
      for (const kind of FAILURE_KINDS) {
        sim.fail({ kind, retryAfter: 3 });
        const { status, text, headers } = await ask(sim);
        expect(status, kind).to.be.within(400, 529);
        expect(() => JSON.parse(text)).to.not.throw();
        said.add(`${status} ${text}`);
        if (kind === 'rate_limit') {
          expect(status).to.equal(429);
          const waits = headers['retry-after'] ?? /"retryDelay": "(\d+)s"/.exec(text)?.[1];
          expect(waits).to.equal(['xai', 'ollama'].includes(name) ? undefined : '3');
        }
        if (kind === 'auth') expect(text).to.not.include(sim.key);
      }
      expect(said.size).to.equal(FAILURE_KINDS.length);
      sim.fail({ kind: 'server', status: 529 });
      expect((await ask(sim)).status).to.equal(529);
      await sim.close();
      expect(sim.refusals).to.deep.equal([]);
    });
  }

  function ask(sim: Simulator) {
    const key = sim.key ?? '';
    if (sim.dialect === 'gemini') {
      const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
      return request({ url: `${sim.url}/v1beta/models/m:generateContent`, headers: { 'x-goog-api-key': key }, body });
    }
    const messages = [{ role: 'user', content: 'Hi' }];
    if (sim.dialect === 'openai') {
      const headers = { authorization: `Bearer ${key}` };
      return request({ url: `${sim.url}/v1/chat/completions`, headers, body: { model: 'm', messages } });
    }
    const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    return request({ url: `${sim.url}/v1/messages`, headers, body: { model: 'm', max_tokens: 1, messages } });
  }
});
