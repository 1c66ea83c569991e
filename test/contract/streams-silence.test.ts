/** Silence on either side. All of it takes real time, so everything begins at once and each test waits for its own. */
import { createGzip } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { markersIn, streamEvents } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { openStream } from '../support/http';
import { type MockProvider, type Responder, SCENARIOS, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { type Deferred, deadline, deferred } from '../support/wait';

const PING = /event: ping\r?\ndata: ?\{\s*"type"\s*:\s*"ping"\s*\}\r?\n\r?\n/g;
/** The proxy's limit, and what it may take to notice. */
const PING_WITHIN_MS = 17_000;
const STALL_MS = 13_000;
const STALL_BYTES = 48 * 1024 * 1024;
const BODY = { model: 'm', max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hi' }] };

const TEXT = 'one two three 東京 four 🙂 five ';
const MESSAGE = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', stop_sequence: null },
  content: [{ type: 'text', text: TEXT }],
  usage: { input_tokens: 1, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 4 },
} satisfies Parameters<typeof streamEvents>[0];
const EVENTS = streamEvents(MESSAGE, { pingEvery: 0 });
const STREAM = EVENTS.join('');
const THREE = EVENTS.slice(0, 3).join('');

interface Silence {
  /** Sent before the silence, piece by piece, each in a packet of its own. */
  pieces: (string | Buffer)[];
  rest: string | Buffer;
  headers?: Record<string, string>;
}

/** A ping belongs into these, behind what came before. */
const PINGED: Record<string, Silence> = {
  'between two events': { pieces: [THREE], rest: STREAM.slice(THREE.length) },
  'between two events that came byte by byte': { pieces: [...THREE], rest: STREAM.slice(THREE.length) },
  'after an event whose empty line came by itself': {
    pieces: [THREE.slice(0, -1), '\n'],
    rest: STREAM.slice(THREE.length),
  },
  'between two events with CRLF': { pieces: [crlf(THREE)], rest: crlf(STREAM.slice(THREE.length)) },
  'before the first event': { pieces: [], rest: STREAM },
};

/** Nothing may come into these. */
const UNTOUCHED: Record<string, Silence> = {
  'inside an event': { pieces: [STREAM.slice(0, THREE.length - 9)], rest: STREAM.slice(THREE.length - 9) },
  'between the lines of an event': { pieces: [`${THREE}event: content_block_delta\n`], rest: afterLine() },
  'before the empty line of an event': { pieces: [THREE.slice(0, -1)], rest: STREAM.slice(THREE.length - 1) },
  'inside an answer that is no stream': {
    ...{ pieces: ['{"type":"message",\n\n'], rest: '"content":[]}' },
    headers: { 'content-type': 'application/json' },
  },
};

describe('streams: silence', function () {
  this.timeout(25_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  const running = new Map<string, Promise<void>>();
  /** By the request's marker. */
  const responders = new Map<string, Responder>();

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [{ name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'provider-key' }],
        routes: { default: 'mock,m' },
      },
    });
    provider.respond((exchange) => (responders.get(exchange.request.marker) ?? SCENARIOS.endless.run)(exchange));
    const gzip = await gzipSilence();
    const untouched = { ...UNTOUCHED, 'in a compressed stream': gzip };
    // Those into which nothing may come begin first, and go on when the others are through.
    const pingsCame = deferred();
    for (const [name, silence] of Object.entries(untouched)) start(name, staysUntouched(name, silence, pingsCame));
    await provider.waitForRequests(Object.keys(untouched).length);
    start('stalled', stalledReader());
    const pinged = Object.entries(PINGED).map(([name, silence]) => start(name, getsPing(name, silence)));
    const sdk = start('sdk', sdkOverSilence());
    void Promise.allSettled([...pinged, sdk]).then(() => pingsCame.resolve());
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );

  function start(name: string, promise: Promise<void>): Promise<void> {
    promise.catch(() => {}); // Its test tells.
    running.set(name, promise);
    return promise;
  }

  const open = (marker: string, more = {}) =>
    openStream({
      url: `${proxy.url}/v1/messages`,
      headers: { 'x-api-key': 'proxy-key', 'x-mock-marker': marker, ...more },
      body: { ...BODY, stream: true },
      timeoutMs: PING_WITHIN_MS,
    });

  async function getsPing(name: string, silence: Silence): Promise<void> {
    const goOn = deferred();
    responders.set(name, responder(silence, goOn));
    try {
      const stream = await open(name);
      const sent = silence.pieces.join('');
      const text = await stream.readUntil('event: ping', PING_WITHIN_MS);
      goOn.resolve();
      expect(text.startsWith(`${sent}event: ping`), text.slice(-200)).to.equal(true);
      const all = (await stream.rest()).toString();
      expect(all.match(PING)).to.have.length(1);
      expect(all.replace(PING, '|')).to.equal(`${sent}|${silence.rest}`);
    } finally {
      goOn.resolve();
    }
  }

  async function staysUntouched(name: string, silence: Silence, pingsCame: Deferred<void>): Promise<void> {
    responders.set(name, responder(silence, pingsCame));
    const stream = await open(name);
    // `next` has a deadline of its own, and the silence is longer than it is by default.
    const all = await stream.rest(22_000);
    const parts = [...silence.pieces, silence.rest].map((part) => Buffer.from(part));
    expect(all.toString('latin1')).to.equal(Buffer.concat(parts).toString('latin1'));
  }

  async function stalledReader(): Promise<void> {
    const stream = await open('stalled', { 'x-mock-params': JSON.stringify({ maxBytes: STALL_BYTES }) });
    const seen = provider.requests.find(({ marker }) => marker === 'stalled');
    await new Promise((resolve) => setTimeout(resolve, STALL_MS));
    expect(seen?.sentBytes).to.be.below(STALL_BYTES);
    expect(seen?.isAborted).to.equal(false);
    const text = (await stream.rest()).toString();
    expect(text.endsWith('data: {"type":"message_stop"}\n\n'), text.slice(-200)).to.equal(true);
    expect(text).to.not.include('event: ping');
    const numbers = markersIn(text);
    expect(numbers.every(({ number }, i) => number === i)).to.equal(true);
  }

  async function sdkOverSilence(): Promise<void> {
    const goOn = deferred();
    responders.set('sdk', responder({ pieces: [THREE], rest: STREAM.slice(THREE.length) }, goOn));
    // The SDK itself swallows pings: a second reader of the same answer sees it.
    const fetchWatched: typeof fetch = async (url, init) => {
      const response = await fetch(url, init);
      void watchForPing(response.clone(), goOn.resolve);
      return response;
    };
    const sdk = new Anthropic({ apiKey: 'proxy-key', baseURL: proxy.url, maxRetries: 0, fetch: fetchWatched });
    const message = sdk.messages.stream(BODY, { headers: { 'x-mock-marker': 'sdk' } }).finalMessage();
    const [block] = (await deadline(message, 22_000)).content;
    expect(block).to.include({ type: 'text', text: TEXT });
  }

  for (const name of Object.keys(PINGED)) {
    it(`15 s of silence of the provider ${name}: a ping`, () => running.get(name));
  }
  it('15 s of silence of the provider: the official SDK goes on', () => running.get('sdk'));
  for (const name of [...Object.keys(UNTOUCHED), 'in a compressed stream']) {
    it(`15 s of silence of the provider ${name}: not a byte`, () => running.get(name));
  }
  it('13 s in which the client reads nothing: its stream is not cut, and goes on where it was', () =>
    running.get('stalled'));
});

function responder({ pieces, rest, headers = {} }: Silence, goOn: Deferred<void>): Responder {
  return async ({ reply }) => {
    await reply.head(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
    for (const piece of pieces) {
      await reply.body(piece);
      // A turn of the loop in which it leaves by itself.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await deadline(reply.whileThere(goOn.promise), 22_000, 'the end of the silence');
    await reply.body(rest);
    await reply.end();
  };
}

/** Reads to the end: a copy that is given up would hold the answer back. */
async function watchForPing(response: Response, seen: () => void): Promise<void> {
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString('latin1');
    if (text.includes('event: ping')) seen();
  }
}

async function gzipSilence(): Promise<Silence> {
  const stream = createGzip();
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.write(THREE);
  await new Promise<void>((resolve) => stream.flush(resolve));
  const pieces = [Buffer.concat(parts.splice(0))];
  stream.write(STREAM.slice(THREE.length));
  await new Promise<void>((resolve) => stream.once('end', resolve).end());
  return { pieces, rest: Buffer.concat(parts), headers: { 'content-encoding': 'gzip' } };
}

function crlf(text: string): string {
  return text.replaceAll('\n', '\r\n');
}

function afterLine(): string {
  const rest = STREAM.slice(THREE.length);
  return rest.slice(rest.indexOf('\n') + 1);
}
