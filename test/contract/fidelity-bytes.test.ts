/** Bodies byte for byte: what the provider gets is what the client wrote, and the other way round, at once. */
import { createBrotliCompress, createGzip } from 'node:zlib';
import { expect } from 'chai';
import { streamEvents } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { type HttpResponse, openStream, request } from '../support/http';
import {
  type MockProvider,
  type MockReply,
  type MockRequest,
  type ScenarioName,
  type ScenarioParams,
  startMockProvider,
} from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { RawClient } from '../support/raw-client';
import { deadline, deferred, eventually } from '../support/wait';

const KEY = { 'x-api-key': 'proxy-key', 'content-type': 'application/json' };
const body = (model: string, stream: boolean) =>
  `{"model":"${model}","max_tokens":9,"stream":${stream},"messages":[{"role":"user","content":"Hi"}]}`;

/** Everything that JSON allows and no serialiser writes. */
const ODD_BODIES: [string, string][] = [
  ['white space of all kinds', ' \r\n\t{ "model"\t:\n"mock-model" ,\r\n"messages" : [ ] , "max_tokens":1 }\n\n '],
  ['an escaped name of model', '{"mod\\u0065l":"mock-model","max_tokens":1,"messages":[]}'],
  ['an escaped value of model', '{"model":"m\\u006fck-model","max_tokens":1,"messages":[]}'],
  [
    'model last, and names like it before',
    '{"models":{"model":"x"},"x":"\\"model\\":","messages":[],"model":"mock-model"}',
  ],
  ['unknown names twice', '{"a":1,"model":"mock-model","a":{"model":"x"},"messages":[],"a":[]}'],
  ['numbers of all kinds', '{"model":"mock-model","messages":[],"n":[1.0,1E+2,-0,12345678901234567890,0.10,1e-400]}'],
  [
    'escapes and lone surrogates',
    '{"model":"mock-model","messages":[],"s":"\\/\\u00e9\\ud83d \\uD83D\\uDE42 \\u0000"}',
  ],
  ['raw characters of many bytes', '{"model":"mock-model","messages":[],"é東":"🙂\u2028\u2029\ufeff"}'],
  ['depth', `{"model":"mock-model","messages":[],"d":${'['.repeat(5000)}${']'.repeat(5000)}}`],
];

describe('fidelity: bytes', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [
          {
            ...{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key' },
            models: ['mock-model', 'gzip-whole', 'gzip-stream', 'br-whole', 'br-stream', 'cut-stream', 'crlf-stream'],
          },
        ],
        routes: {
          default: 'mock,mock-model',
          given: { provider: 'mock', model: 'given-model', parameters: { temperature: 0.5, top_k: 3, stop: ['x'] } },
        },
      },
    });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );
  beforeEach(() => provider.reset());

  async function post(bytes: string, headers = {}): Promise<[HttpResponse, MockRequest]> {
    const answer = await request({ url: `${proxy.url}/v1/messages`, headers: { ...KEY, ...headers }, body: bytes });
    return [answer, await provider.nextRequest()];
  }

  function scenario(name: ScenarioName, params: ScenarioParams = {}) {
    return { 'x-mock-scenario': name, 'x-mock-params': JSON.stringify(params) };
  }

  for (const [name, bytes] of ODD_BODIES) {
    it(`request: ${name}`, async () => {
      const [answer, seen] = await post(bytes);
      expect(answer.status, answer.text).to.equal(200);
      expect(seen.body.toString()).to.equal(bytes);
      expect(seen.headers['content-length']).to.equal(`${Buffer.byteLength(bytes)}`);
    });

    it(`request: ${name}, with another model`, async () => {
      const asked = bytes.replace(/"m(o|\\u006f)ck-model"/, '"claude-x"');
      const [answer, seen] = await post(asked);
      expect(answer.status, answer.text).to.equal(200);
      expect(seen.body.toString()).to.equal(asked.replace('"claude-x"', '"mock-model"'));
      expect(answer.headers['x-ccproxy-model']).to.equal('mock-model');
    });
  }

  it("request: a route's parameters replace values in place, and come first where they were missing", async () => {
    const asked = '{ "temperature" : 1,\n"model": "given" , "messages":[ {"temperature":1} ],"top_k":3.0 }';
    const [, seen] = await post(asked);
    const wanted =
      '{"stop":["x"], "temperature" : 0.5,\n"model": "given-model" , "messages":[ {"temperature":1} ],"top_k":3.0 }';
    expect(seen.body.toString()).to.equal(wanted);
  });

  it('request: a chunked upload in pieces cut inside characters', async () => {
    const bytes = Buffer.from('{"model":"mock-model","messages":[],"s":"é東🙂"}');
    const client = await RawClient.connect(proxy);
    await client.send(
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: proxy-key\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    for (const byte of bytes) await client.send(Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]));
    await client.send('0\r\n\r\n');
    expect((await client.readResponse()).status).to.equal(200);
    client.destroy();
    expect((await provider.nextRequest()).body.equals(bytes)).to.equal(true);
  });

  const ANSWERS: [ScenarioName, ScenarioParams, boolean][] = [
    ['text', {}, true],
    ['tools', {}, true],
    ['large', {}, false],
    ['large', { framing: 'chunked' }, false],
    ['large', { framing: 'close' }, false],
    ['large', {}, true],
    ['text', { framing: 'close', close: true }, false],
    ['gzip', { framing: 'chunked' }, false],
    ['cut', { cutIn: 'wire' }, true],
    ['error', { status: 529, body: ' {"type" :\n"error"}\n' }, false],
    ['error', { status: 503, body: '<html>gateway</html>' }, true],
  ];
  for (const [name, params, stream] of ANSWERS) {
    it(`answer: ${name} ${JSON.stringify(params)}${stream ? ' streamed' : ''}`, async () => {
      const [answer, seen] = await post(body('mock-model', stream), scenario(name, params));
      expect(answer.body.length).to.equal(seen.sentBody.length);
      expect(answer.body.equals(seen.sentBody)).to.equal(true);
    });
  }

  it('answer: compressed, cut byte by byte, with CRLF: the bytes as they are, and the tokens counted', async () => {
    const usage = {
      input_tokens: 101,
      cache_creation_input_tokens: 103,
      cache_read_input_tokens: 107,
      output_tokens: 109,
    };
    const models = ['gzip-whole', 'gzip-stream', 'br-whole', 'br-stream', 'cut-stream', 'crlf-stream'];
    for (const model of models) {
      const [name = '', kind] = model.split('-');
      if (name === 'crlf') provider.respondOnce(({ reply }) => sendPieces(reply, crlfStream(usage)));
      const choice = name === 'crlf' ? {} : scenario(name as ScenarioName, { usage }); // As listed above.
      const [answer, seen] = await post(body(model, kind === 'stream'), choice);
      expect(answer.body.length, model).to.be.above(0);
      expect(answer.body.equals(seen.sentBody), model).to.equal(true);
      expect(answer.headers['content-encoding'], model).to.equal(['gzip', 'br'].find((encoding) => encoding === name));
    }
    await eventually(async () => {
      const page = await proxy.metrics(KEY);
      for (const model of models) {
        const tokens = (type: string) => proxy.metric(page, 'ccproxy_tokens_total', { provider: 'mock', model, type });
        const counted = ['input', 'cache_creation', 'cache_read', 'output'].map(tokens);
        expect(counted, model).to.deep.equal([101, 103, 107, 109]);
      }
    });
  });

  // Each piece leaves the provider only after the client has read the one before: no clock is involved.
  for (const [name, makePieces, encoding] of [
    ['events', async () => eventPieces(), ''],
    ['halves of events', async () => eventPieces().flatMap(halves), ''],
    ['flushed gzip', () => flushed(createGzip()), 'gzip'],
    ['flushed br', () => flushed(createBrotliCompress()), 'br'],
  ] as const) {
    it(`answer: a slow stream arrives piece by piece: ${name}`, async () => {
      const pieces = await makePieces();
      const read = pieces.map(() => deferred());
      provider.respondOnce(async ({ reply }) => {
        const headers = { 'content-type': 'text/event-stream', ...(encoding && { 'content-encoding': encoding }) };
        await reply.head(200, headers);
        for (const [i, piece] of pieces.entries()) {
          await reply.body(piece);
          await deadline(
            reply.whileThere(read[i]?.promise ?? Promise.resolve()),
            10_000,
            `the client's reading of piece ${i}`,
          );
        }
        await reply.end();
      });
      const stream = await openStream({
        url: `${proxy.url}/v1/messages`,
        headers: KEY,
        body: body('mock-model', true),
      });
      let wanted = 0;
      for (const [i, piece] of pieces.entries()) {
        wanted += piece.length;
        while (stream.received().length < wanted) if ((await stream.next(5000)) === null) throw new Error('it ended');
        read[i]?.resolve();
      }
      expect((await stream.rest()).equals(Buffer.concat(pieces))).to.equal(true);
    });
  }
});

const MESSAGE = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', stop_sequence: null },
  content: [{ type: 'text', text: 'one two three 東京 four 🙂 five ' }],
  usage: { input_tokens: 1, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 4 },
} satisfies Parameters<typeof streamEvents>[0];

function eventPieces(): Buffer[] {
  return streamEvents(MESSAGE).map((event) => Buffer.from(event));
}

function halves(event: Buffer): Buffer[] {
  return [event.subarray(0, event.length >> 1), event.subarray(event.length >> 1)];
}

/** Lines that end in CRLF, comments, and pieces that are cut between the two, and inside an event. */
function crlfStream(usage: typeof MESSAGE.usage): Buffer[] {
  const events = streamEvents({ ...MESSAGE, usage }).map((event) => event.replaceAll('\n', '\r\n'));
  const stream = `: comment\r\n\r\n${events.join('')}`;
  return stream.split(/(?<=\r)|(?<=message_delta)/).map((piece) => Buffer.from(piece));
}

async function sendPieces(reply: MockReply, pieces: Buffer[]): Promise<void> {
  await reply.head(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const piece of pieces) await reply.body(piece);
  await reply.end();
}

/** The events, compressed, each flushed; the end of the compression is the last piece. */
async function flushed(
  stream: ReturnType<typeof createGzip> | ReturnType<typeof createBrotliCompress>,
): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const take = () => {
    pieces.push(Buffer.concat(parts));
    parts = [];
  };
  for (const event of eventPieces()) {
    stream.write(event);
    await new Promise<void>((resolve) => stream.flush(resolve));
    take();
  }
  await new Promise<void>((resolve) => stream.once('end', resolve).end());
  take();
  return pieces;
}
