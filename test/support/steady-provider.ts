/**
 * A provider's far end for loads: answers every request with bytes that the client can foretell, remembers what it did
 * to each, and can be told to reset or to stall. Run as a program it is a process of its own (`forkSteadyProvider`).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the provider did to a request. */
export type Fate = 'served' | 'reset' | 'stalled';

/** Identifies a request from the client to the provider. */
export const ID_HEADER = 'x-test-request';

export interface Wanted {
  /** Number of deltas of a stream; 0 for an answer in one piece. */
  deltas: number;
  /** Between two deltas, milliseconds. */
  intervalMs: number;
}

/** The id of requests that nobody asks about. */
export const ANONYMOUS = 'anonymous';

/** Events of a stream that is reset or stalls before it does. */
const EVENTS_BEFORE_TROUBLE = 3;

export class SteadyProvider {
  /** What happens to requests from now on. */
  mode: Fate = 'served';
  /** Streams stand still as long as this is set. */
  hold = false;
  /** Values of the header `x-variant` that came. */
  readonly variants = new Set<string>();
  readonly #server: Server;
  readonly #fates = new Map<string, Fate>();
  readonly #repeated: string[] = [];
  /** Reset before a byte of an answer, and sent once more. */
  readonly #sentAgain = new Set<string>();
  #inFlight = 0;
  #connections = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#handle(request, response));
    // A connection is the proxy's to close: whether it may be used again must never be a race here.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.on('connection', (socket) => {
      this.#connections++;
      socket.on('close', () => this.#connections--);
    });
  }

  static async start(): Promise<SteadyProvider> {
    const provider = new SteadyProvider();
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // It listens on TCP.
  }

  /** Undefined: the request never came. */
  fateOf(id: string): Fate | undefined {
    return this.#fates.get(id);
  }

  /**
   * Ids that came too often: a proxy must not send a request again that may have been served. Once more is right where
   * the connection was reset, which looks like one that was stale.
   */
  get repeated(): readonly string[] {
    return this.#repeated;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get connections(): number {
    return this.#connections;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const id = String(request.headers[ID_HEADER]);
    const fate = this.mode;
    this.variants.add(String(request.headers['x-variant']));
    const before = this.#fates.get(id);
    if (before !== undefined && (before !== 'reset' || this.#sentAgain.has(id))) this.#repeated.push(id);
    if (before !== undefined) this.#sentAgain.add(id);
    if (id !== ANONYMOUS) this.#fates.set(id, fate);
    this.#inFlight++;
    response.on('close', () => this.#inFlight--);
    response.on('error', () => {});
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as { max_tokens: number; stream?: boolean };
      const wanted = body.stream === true ? { deltas: body.max_tokens, intervalMs: STREAM_INTERVAL_MS } : UNARY;
      this.#answer(response, id, wanted, fate);
    });
  }

  #answer(response: ServerResponse, id: string, { deltas, intervalMs }: Wanted, fate: Fate): void {
    if (deltas === 0) {
      if (fate === 'reset') response.socket?.resetAndDestroy();
      if (fate !== 'served') return;
      const body = unaryBody(id);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const events = streamEvents(id, deltas);
    let next = 0;
    const timer = setInterval(() => {
      if (this.hold) return;
      if (fate !== 'served' && next === EVENTS_BEFORE_TROUBLE) {
        clearInterval(timer);
        if (fate === 'reset') response.socket?.resetAndDestroy();
        return;
      }
      response.write(events[next++]);
      if (next < events.length) return;
      clearInterval(timer);
      response.end();
    }, intervalMs);
    response.on('close', () => clearInterval(timer));
  }
}

export const STREAM_INTERVAL_MS = 50;
const UNARY: Wanted = { deltas: 0, intervalMs: 0 };

/** The whole answer to an unary request. */
export function unaryBody(id: string): string {
  const content = [{ type: 'text', text: `answer to ${id} ${'.'.repeat(400)}` }];
  const usage = { input_tokens: 7, output_tokens: 3 };
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'steady', content };
  return JSON.stringify({ ...message, stop_reason: 'end_turn', stop_sequence: null, usage });
}

/** The events of a whole stream, each as its bytes. */
export function streamEvents(id: string, deltas: number): string[] {
  const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'steady', content: [] };
  return [
    event('message_start', { message: { ...message, usage: { input_tokens: 7, output_tokens: 1 } } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...Array.from({ length: deltas }, (_, i) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `${i} of ${id};` } }),
    ),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: deltas },
    }),
    event('message_stop', {}),
  ];
}

/** In a process of its own, so that a load generator does not share a thread with it. */
export async function forkSteadyProvider(): Promise<{ url: string; stop: () => void }> {
  const child = fork(__filename, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [url] = (await once(child, 'message')) as [string]; // Its only message.
  return { url, stop: () => child.kill('SIGKILL') };
}

if (require.main === module) {
  process.on('disconnect', () => process.exit(0));
  void SteadyProvider.start().then((provider) => process.send?.(provider.url));
}
