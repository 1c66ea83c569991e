/** A server on bare sockets, TCP or TLS: reads requests by their `content-length`, and a test says what happens then. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

export interface WireRequest {
  method: string;
  target: string;
  /** Everything up to the blank line. */
  head: string;
  body: Buffer;
  connection: WireConnection;
  /** Sends bytes as they are; strings one byte per char. */
  send(data: string | Buffer): void;
}

export interface WireConnection {
  /** 0 for the first that came. */
  number: number;
  socket: Socket | TLSSocket;
  /** Whole requests so far. */
  requests: number;
  receivedBytes: number;
  isClosed: boolean;
}

export interface WireServerOptions {
  tls?: { key: string; cert: string };
  /** Default 127.0.0.1. */
  host?: string;
  /** Takes over the connection: no request is read from it. */
  onConnection?: (connection: WireConnection) => void;
}

export class WireServer {
  readonly connections: WireConnection[] = [];
  /** Every whole request. */
  readonly requests: WireRequest[] = [];
  /** Of those that never became a connection. */
  tlsErrors = 0;
  readonly #server: Server;
  readonly #raw = new Set<Socket>();
  readonly #options: WireServerOptions;
  readonly #respond: (request: WireRequest) => void;

  private constructor(respond: (request: WireRequest) => void, options: WireServerOptions) {
    this.#options = options;
    this.#respond = respond;
    const { tls } = options;
    if (tls === undefined) {
      this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    } else {
      this.#server = createTlsServer({ ...tls, noDelay: true }, (socket) => this.#serve(socket));
      this.#server.on('tlsClientError', () => this.tlsErrors++);
    }
    this.#server.on('connection', (socket: Socket) => {
      this.#raw.add(socket);
      socket.on('close', () => this.#raw.delete(socket));
    });
  }

  static async start(respond: (request: WireRequest) => void, options: WireServerOptions = {}): Promise<WireServer> {
    const server = new WireServer(respond, options);
    await new Promise<void>((resolve) => server.#server.listen(0, options.host ?? '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // It listens on TCP.
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.#options.host ?? '127.0.0.1'}:${this.port}`;
  }

  /** TCP connections, whether TLS came about on them or not. */
  get openSockets(): number {
    return this.#raw.size;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#raw) socket.destroy();
  }

  #serve(socket: Socket): void {
    const connection = { number: this.connections.length, socket, requests: 0, receivedBytes: 0, isClosed: false };
    this.connections.push(connection);
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.isClosed = true;
    });
    if (this.#options.onConnection !== undefined) {
      this.#options.onConnection(connection);
      return;
    }
    let unread: Buffer[] = [];
    let wantedBytes = 0;
    let haveBytes = 0;
    socket.on('data', (chunk: Buffer) => {
      connection.receivedBytes += chunk.length;
      unread.push(chunk);
      haveBytes += chunk.length;
      // A large body is put together once, at its end.
      while (haveBytes > 0 && haveBytes >= wantedBytes) {
        const bytes = Buffer.concat(unread);
        unread = [bytes];
        const headEnd = bytes.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const head = bytes.toString('latin1', 0, headEnd + 4);
        wantedBytes = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (haveBytes < wantedBytes) return;
        unread = [bytes.subarray(wantedBytes)];
        haveBytes -= wantedBytes;
        this.#received(connection, head, bytes.subarray(headEnd + 4, wantedBytes));
        wantedBytes = 0;
      }
    });
  }

  #received(connection: WireConnection, head: string, body: Buffer): void {
    const [method = '', target = ''] = head.split(' ', 2);
    const send = (data: string | Buffer) => void connection.socket.write(data, 'latin1');
    const request = { method, target, head, body, connection, send };
    connection.requests++;
    this.requests.push(request);
    this.#respond(request);
  }
}

/** An answer with a length. */
export function answerBytes(body = '{}', fields: readonly string[] = [], status = '200 OK'): string {
  return [`HTTP/1.1 ${status}`, `content-length: ${body.length}`, ...fields, '', body].join('\r\n');
}
