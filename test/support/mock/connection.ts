/** One connection to the mock provider: requests one after the other, each answered by what the host chooses. */
import { ByteReader, ConnectionEnded } from '../byte-reader';
import { readChunk } from '../chunked';
import { bodyFraming, parseHead } from '../http-head';
import type { Exchange, Pace, Scenario } from './exchange';
import type { ScenarioParams } from './params';
import { ClientGone, MockReply, type ReplySockets } from './reply';
import { MockRequest } from './request';

export interface ConnectionHost {
  /** For the next request. */
  nextNumber(): number;
  /** Records a request, and says who answers it. */
  choose(request: MockRequest): { scenario: Scenario; params: ScenarioParams };
  /** The client broke the protocol, or a handler failed. */
  failed(error: unknown): void;
  /** After so many answers the connection is closed without a word. */
  requestsPerConnection: number;
}

export class MockConnection {
  readonly #id: number;
  readonly #sockets: ReplySockets;
  readonly #host: ConnectionHost;
  readonly #reader: ByteReader;
  #reply: MockReply | null = null;

  constructor(id: number, sockets: ReplySockets, host: ConnectionHost) {
    this.#id = id;
    this.#sockets = sockets;
    this.#host = host;
    this.#reader = new ByteReader(sockets.socket);
    void this.#reader.ended.then(() => this.#reply?.markGone('client'));
  }

  /** Serves until the connection ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      for (let served = 1; await this.#serveOne(); served++) {
        if (served < this.#host.requestsPerConnection) continue;
        this.#sockets.socket.end();
        return;
      }
    } catch (error) {
      const isOrdinary = error instanceof ClientGone || (error instanceof ConnectionEnded && this.#reader.isEnded);
      if (!isOrdinary) this.#host.failed(error);
      this.destroy();
    }
  }

  destroy(): void {
    this.#reply?.markGone('mock');
    this.#sockets.socket.destroy();
    this.#sockets.tcp.destroy();
  }

  /** Whether there may be another request on this connection. */
  async #serveOne(): Promise<boolean> {
    const head = parseHead(await this.#reader.readThrough('\r\n\r\n'));
    const request = new MockRequest(this.#host.nextNumber(), this.#id, head);
    const reply = new MockReply(this.#sockets, request);
    this.#reply = reply;
    const { scenario, params } = this.#host.choose(request);
    let body: Promise<Buffer> | null = null;
    const receive = (pace?: Pace): Promise<Buffer> => {
      body ??= this.#receive(request, reply, pace);
      return body;
    };
    const exchange: Exchange = { request, reply, params, receive };
    try {
      if (this.#reader.isEnded) reply.markGone('client');
      if (scenario.reads === 'before') await receive();
      await scenario.run(exchange);
      if (!reply.isEnded && !reply.closesConnection) throw new Error(`${request.scenario} did not answer`);
      if (reply.closesConnection) return false;
      await receive();
      return true;
    } catch (error) {
      // The other side being gone may show first while the body is read.
      if (error instanceof ConnectionEnded) reply.markGone('client');
      throw error;
    } finally {
      request.markFinished();
    }
  }

  async #receive(request: MockRequest, reply: MockReply, pace?: Pace): Promise<Buffer> {
    const reader = this.#reader;
    if (/^100-continue$/i.test(request.headers['expect'] ?? '') && !reply.isEnded) {
      this.#sockets.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    if (pace !== undefined) reader.pause();
    for await (const part of bodyParts(reader, request.headers, pace?.bytesPerRead)) {
      request.addBody(part.data, part.raw);
      if (pace !== undefined) await reply.pause(pace.pauseMs);
    }
    if (pace !== undefined) reader.resume();
    request.markReceived();
    return request.body;
  }
}

async function* bodyParts(
  reader: ByteReader,
  headers: Record<string, string>,
  max = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ data: Buffer; raw: Buffer }> {
  const { kind, length } = bodyFraming(headers);
  if (kind === 'chunked') {
    for (;;) {
      const next = await readChunk(reader);
      yield next;
      if (next.isLast) return;
    }
  }
  for (let missing = length; missing > 0; ) {
    const data = await reader.read(Math.min(missing, max));
    if (data === null) throw new ConnectionEnded(`${missing} bytes of a body`, Buffer.alloc(0), reader.error);
    missing -= data.length;
    yield { data, raw: data };
  }
}
