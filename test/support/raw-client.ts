/** A TCP (or TLS) client that sends exactly what it is told and shows exactly what came. */
import { once } from 'node:events';
import { type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { ByteReader, ConnectionEnded } from './byte-reader';
import { readChunk } from './chunked';
import { bodyFraming, type Head, type HeaderInput, headerLines, parseHead } from './http-head';
import { deadline } from './wait';

export interface RawTarget {
  host: string;
  port: number;
  /** TLS that trusts this authority (PEM). */
  ca?: string;
}

export interface RawResponse extends Head {
  status: number;
  /** Without chunk framing. */
  body: Buffer;
  /** With it. */
  wireBody: Buffer;
  framing: 'chunked' | 'length' | 'close' | 'none';
  trailers: string[];
}

export interface BodyOptions {
  /** The request was HEAD: the answer has no body, whatever its head says. */
  isHead?: boolean;
  /** For the whole of it. Default 15 s. */
  timeoutMs?: number;
}

export class RawClient {
  readonly socket: Socket;
  readonly reader: ByteReader;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.reader = new ByteReader(socket);
  }

  /** @throws Error when there is nobody, or after 10 s */
  static async connect({ host, port, ca }: RawTarget): Promise<RawClient> {
    const socket =
      ca === undefined ? tcpConnect({ host, port }) : tlsConnect({ host, port, ca, servername: 'localhost' });
    socket.setNoDelay(true);
    await deadline(once(socket, ca === undefined ? 'connect' : 'secureConnect'), 10_000, `${host}:${port}`).catch(
      (error) => {
        socket.destroy();
        throw error;
      },
    );
    return new RawClient(socket);
  }

  /** Resolves when the kernel has taken the bytes. Strings are sent as UTF-8. */
  async send(data: string | Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A head as it is, interim answers (1xx) included. @throws ConnectionEnded */
  async readHead(timeoutMs = 15_000): Promise<Head & { status: number }> {
    const raw = await deadline(this.reader.readThrough('\r\n\r\n'), timeoutMs, 'the head of an answer');
    const head = parseHead(raw);
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(head.firstLine) ?? [];
    if (status === undefined) throw new Error(`no status line: ${JSON.stringify(head.firstLine)}`);
    return { ...head, status: Number(status) };
  }

  /** An answer with its body, on which another may follow. @throws ConnectionEnded when it is not complete */
  async readResponse({ isHead = false, timeoutMs = 15_000 }: BodyOptions = {}): Promise<RawResponse> {
    const head = await this.readHead(timeoutMs);
    const response: RawResponse = {
      ...head,
      body: Buffer.alloc(0),
      wireBody: Buffer.alloc(0),
      framing: 'none',
      trailers: [],
    };
    if (isHead || head.status < 200 || head.status === 204 || head.status === 304) return response;
    await deadline(this.#readBody(response), timeoutMs, 'the body of an answer');
    return response;
  }

  async #readBody(response: RawResponse): Promise<void> {
    const { kind, length } = bodyFraming(response.headers);
    if (kind === 'chunked') {
      const data: Buffer[] = [];
      const raw: Buffer[] = [];
      for (let isLast = false; !isLast; ) {
        const next = await readChunk(this.reader);
        data.push(next.data);
        raw.push(next.raw);
        isLast = next.isLast;
        response.trailers = next.trailers;
      }
      response.body = Buffer.concat(data);
      response.wireBody = Buffer.concat(raw);
      response.framing = 'chunked';
      return;
    }
    response.framing = kind === 'length' ? 'length' : 'close';
    response.body = kind === 'length' ? await this.reader.readExactly(length) : await this.reader.readToEnd();
    response.wireBody = response.body;
  }

  /** One request with its answer. */
  async roundTrip(bytes: string | Buffer, options?: BodyOptions): Promise<RawResponse> {
    await this.send(bytes);
    return this.readResponse(options);
  }

  /** Everything until the other side ends; a reset counts as an end. */
  async readToEnd(timeoutMs = 15_000): Promise<Buffer> {
    return deadline(this.reader.readToEnd(), timeoutMs, 'the end of the connection');
  }

  /** Takes whatever still comes. Resolves when the other side ended: how it did. */
  async ended(timeoutMs = 15_000): Promise<'fin' | 'reset'> {
    this.resume();
    await deadline(this.reader.ended, timeoutMs, 'the end of the connection');
    return this.reader.error === null ? 'fin' : 'reset';
  }

  /** Takes no more bytes from the kernel, so that the other side feels it, until `resume` or the next read. */
  pause(): void {
    this.reader.pause();
  }

  resume(): void {
    this.reader.resume();
  }

  /** FIN; answers can still be read where the other side allows it. */
  halfClose(): void {
    this.socket.end();
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The bytes of a request with a body of known length (none when `body` is not given). */
export function requestBytes(
  method: string,
  target: string,
  headers: HeaderInput = {},
  body?: string | Buffer | Record<string, unknown>,
): Buffer {
  const isObject = typeof body === 'object' && !Buffer.isBuffer(body);
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(isObject ? JSON.stringify(body) : body);
  const all: HeaderInput = { host: 'localhost', ...headers };
  if (body !== undefined) all['content-length'] ??= bytes.length;
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${headerLines(all)}\r\n`, 'latin1'), bytes]);
}

/** One request on a connection of its own, which is closed after it. */
export async function rawRequest(
  target: RawTarget,
  bytes: string | Buffer,
  options?: BodyOptions,
): Promise<RawResponse> {
  const client = await RawClient.connect(target);
  return client.roundTrip(bytes, options).finally(() => client.destroy());
}

/** Sends the bytes of a request that is not whole, and leaves it to the caller to go on or away. */
export async function halfRequest(target: RawTarget, bytes: string | Buffer): Promise<RawClient> {
  const client = await RawClient.connect(target);
  await client.send(bytes);
  return client;
}

/** Sends a request and takes nothing of the answer but what is read: no byte leaves the kernel's buffer by itself. */
export async function slowReader(target: RawTarget, bytes: string | Buffer): Promise<RawClient> {
  const client = await RawClient.connect(target);
  client.pause();
  await client.send(bytes);
  return client;
}

export { ConnectionEnded };
