/**
 * The engine of last resort: the same interface over `node:http`, for machines where no uWebSockets.js build loads.
 * It is asked for with `CCPROXY_ENGINE=js`, is many times slower, and needs Node 22.12 or newer to share the port
 * between several workers.
 */
import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parse } from 'ipaddr.js';
import { MAX_HEAD_BYTES } from '../../shared/limits';
import type { EngineApp, EngineHandler, EngineRequest, EngineResponse, ListenSocket } from './engine';

export class JsApp implements EngineApp {
  readonly #handlers = new Map<string, EngineHandler>();
  readonly #postHandlers = new Map<string, EngineHandler>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (request, response) => {
      const url = request.url ?? '/';
      const queryAt = url.indexOf('?');
      const path = queryAt < 0 ? url : url.slice(0, queryAt);
      const posted = request.method === 'POST' ? this.#postHandlers.get(path) : undefined;
      const handler = posted ?? this.#handlers.get(path) ?? this.#wildcard(path);
      const query = queryAt < 0 ? '' : url.slice(queryAt + 1);
      handler?.(new JsResponse(request, response), new JsRequest(request, path, query));
    });
    // The deadlines of a proxied request are the gateway's own.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 60_000;
  }

  /** The longest `/some/path/*` that fits. */
  #wildcard(path: string): EngineHandler | undefined {
    const fitting = [...this.#handlers.keys()].filter(
      (pattern) => pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1)),
    );
    const longest = fitting.sort((a, b) => b.length - a.length)[0];
    return longest === undefined ? undefined : this.#handlers.get(longest);
  }

  post(pattern: string, handler: EngineHandler): this {
    this.#postHandlers.set(pattern, handler);
    return this;
  }

  any(pattern: string, handler: EngineHandler): this {
    this.#handlers.set(pattern, handler);
    return this;
  }

  listen(host: string, port: number, callback: (socket: ListenSocket | false) => void): this {
    const failed = () => callback(false);
    this.#server.once('error', failed);
    // `reusePort` is newer than the type definitions for Node 20; older Nodes ignore it.
    const options = { host, port, reusePort: true };
    this.#server.listen(options, () => {
      this.#server.off('error', failed);
      callback(this.#server);
    });
    return this;
  }

  static closeListenSocket(this: void, socket: ListenSocket): void {
    if (isServer(socket)) socket.close();
  }

  static localPort(this: void, socket: ListenSocket): number {
    const address = isServer(socket) ? socket.address() : null;
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
}

function isServer(socket: ListenSocket): socket is Server {
  return typeof socket === 'object' && socket !== null && 'address' in socket;
}

class JsRequest implements EngineRequest {
  readonly #request: IncomingMessage;
  readonly #path: string;
  readonly #query: string;

  constructor(request: IncomingMessage, path: string, query: string) {
    this.#request = request;
    this.#path = path;
    this.#query = query;
  }

  getMethod(): string {
    return (this.#request.method ?? 'GET').toLowerCase();
  }

  getUrl(): string {
    return this.#path;
  }

  getQuery(): string {
    return this.#query;
  }

  /** Like the native engines it takes values for UTF-8; Node's have one char per byte. */
  forEach(callback: (name: string, value: string) => void): void {
    const raw = this.#request.rawHeaders;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      callback((raw[i] ?? '').toLowerCase(), Buffer.from(raw[i + 1] ?? '', 'latin1').toString('utf8'));
    }
  }
}

class JsResponse implements EngineResponse {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #ended = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  writeStatus(status: string): void {
    this.#response.statusCode = Number.parseInt(status, 10);
  }

  writeHeader(name: string | Uint8Array, value: string | Uint8Array): void {
    for (const line of `${asLatin1(name)}: ${asLatin1(value)}`.split('\r\n')) {
      // A provider's line is passed on as it came: there may be blanks around the value, or none.
      const colon = line.indexOf(':');
      this.#response.appendHeader(line.slice(0, colon), line.slice(colon + 1).replace(BLANKS_AROUND, ''));
    }
  }

  write(chunk: string | Uint8Array): boolean {
    // A copy: the native engines take the bytes at once, this one later.
    return this.#response.write(typeof chunk === 'string' ? chunk : Buffer.from(chunk));
  }

  end(body: string | Uint8Array = '', closeConnection = false): void {
    this.#ended = true;
    if (closeConnection && !this.#response.headersSent) this.#response.setHeader('connection', 'close');
    // A copy here, too: behind an answer that is still under way this one has to wait.
    this.#response.end(typeof body === 'string' ? body : Buffer.from(body));
  }

  /** A connection is not read from while much of an answer waits on it. */
  tryEnd(body: string | Uint8Array): [isTaken: boolean, isOver: boolean] {
    this.end(body);
    return [true, true];
  }

  endWithoutBody(): void {
    this.end();
  }

  close(): void {
    this.#response.destroy();
  }

  onAborted(handler: () => void): void {
    this.#response.on('close', () => {
      if (!this.#ended) handler();
    });
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.#request.on('data', (chunk: Buffer) => handler(new Uint8Array(chunk).buffer, false));
    this.#request.on('end', () => handler(new ArrayBuffer(0), true));
  }

  onWritable(handler: (offset: number) => boolean): void {
    this.#response.on('drain', () => {
      if (!this.#ended) handler(0);
    });
  }

  /** `node:http` has no time-out on a blocked write that would have to be stopped. */
  pause(): void {}

  resume(): void {}

  cork(callback: () => void): void {
    this.#response.cork();
    callback();
    this.#response.uncork();
  }

  getRemoteAddress(): ArrayBuffer {
    const text = this.#request.socket.remoteAddress ?? '0.0.0.0';
    return new Uint8Array(parse(text).toByteArray()).buffer;
  }
}

const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;

function asLatin1(text: string | Uint8Array): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
}
