/** Makes connections to one provider: TCP, TLS, and the way through an outbound proxy. */
import type { Buffer } from 'node:buffer';
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { READ_BUFFER } from '../read-buffer';
import { classifySocketError } from './socket-errors';
import { openTunnel } from './tunnel';
import { UpstreamError } from './upstream';

const TCP_KEEP_ALIVE_MS = 60_000;

/** Takes what was read: the first `length` of `bytes`. They are only valid within the call, and may be changed in it. */
export type OnRead = (bytes: Buffer, length: number) => void;

export interface ConnectorOptions {
  /** Scheme, host and port of the provider. */
  origin: string;
  /** Milliseconds until the connection must stand, everything on the way included. */
  connectTimeoutMs: number;
  /** HTTP(S) proxy on the way, or null. Loopback origins never go through it. */
  proxyUrl: string | null;
  /** PEM of the authorities to trust instead of the system's. */
  ca?: string;
}

/** A connection that is being made. */
export interface Connecting {
  /** Gives it up; nobody hears of it again. */
  cancel(): void;
}

export class Connector {
  readonly origin: URL;
  /** The proxy on the way, or null. */
  readonly proxy: URL | null;
  readonly #options: ConnectorOptions;
  #secureContext: SecureContext | null = null;
  /** What lets the next handshake with the provider be a short one. */
  #session: Buffer | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.origin = new URL(options.origin);
    this.proxy = options.proxyUrl === null || isLoopback(this.origin) ? null : new URL(options.proxyUrl);
  }

  /** Requests are written for the proxy, not for the provider: it opens no tunnel for plain HTTP. */
  get proxyReadsRequests(): boolean {
    return this.proxy !== null && this.origin.protocol === 'http:';
  }

  /**
   * Calls back once, later, unless it is cancelled before.
   * @param onRead where the provider's bytes go, from the first one on
   */
  connect(onRead: OnRead, done: (result: Socket | UpstreamError) => void): Connecting {
    const attempt = new Attempt(done);
    attempt.limit(this.#options.connectTimeoutMs);
    this.#establish(attempt, onRead).then(
      (socket) => attempt.settle(socket),
      (error: unknown) => attempt.settle(classifySocketError(error)),
    );
    return attempt;
  }

  async #establish(attempt: Attempt, onRead: OnRead): Promise<Socket> {
    const { origin, proxy } = this;
    const onread = intoSharedBuffer(onRead);
    const isSecure = origin.protocol === 'https:';
    if (proxy === null) {
      return isSecure ? this.#secure(attempt, { ...addressOf(origin), onread }) : plain(attempt, origin, onread);
    }
    // What a tunnel goes through is read by the tunnel.
    const toProxy = await (proxy.protocol === 'https:'
      ? secureProxy(attempt, proxy, isSecure ? undefined : onread)
      : plain(attempt, proxy, isSecure ? undefined : onread));
    if (!isSecure) return toProxy;
    await openTunnel(toProxy, origin, proxy);
    // A TLS socket on top of another one knows no `onread`.
    const socket = await this.#secure(attempt, { socket: toProxy, host: addressOf(origin).host });
    return socket.on('data', (bytes: Buffer) => onRead(bytes, bytes.length));
  }

  #secure(attempt: Attempt, options: ConnectionOptions & { host: string; onread?: OnReadOpts }): Promise<Socket> {
    // Making one reads all authorities: milliseconds.
    this.#secureContext ??= createSecureContext(this.#options.ca === undefined ? {} : { ca: this.#options.ca });
    const socket = connectTls({
      ...options,
      ...serverName(options.host),
      secureContext: this.#secureContext,
      ALPNProtocols: ['http/1.1'],
      ...(this.#session && { session: this.#session }),
    });
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
    return attempt.ready(socket, 'secureConnect');
  }
}

/** All sockets of one connection that is being made, and how it ends. */
class Attempt implements Connecting {
  #done: ((result: Socket | UpstreamError) => void) | null;
  #timer: NodeJS.Timeout | null = null;
  #newest: Socket | null = null;

  constructor(done: (result: Socket | UpstreamError) => void) {
    this.#done = done;
  }

  limit(timeoutMs: number): void {
    this.#timer = setTimeout(
      () => this.settle(new UpstreamError('connect_timeout', 'Connecting to the provider took too long')),
      timeoutMs,
    );
  }

  /** Resolves when the socket has come so far. */
  ready(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Socket> {
    this.#newest = socket;
    if (this.#done === null) socket.destroy();
    socket.setNoDelay(true);
    // A long silence must not make a gateway on the way forget the connection.
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return new Promise((resolve, reject) => {
      const onClose = () => reject(new UpstreamError('closed', 'The connection to the provider was closed'));
      socket.once('error', reject);
      socket.once('close', onClose);
      socket.once(event, () => {
        // An error that comes before its new owner listens is still one that the owner sees: by `destroyed`.
        socket.off('close', onClose);
        resolve(socket);
      });
    });
  }

  settle(result: Socket | UpstreamError): void {
    const done = this.#done;
    if (done === null) return;
    this.#end();
    if (result instanceof UpstreamError) this.#newest?.destroy();
    done(result);
  }

  cancel(): void {
    this.#end();
    this.#newest?.destroy();
  }

  #end(): void {
    this.#done = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

function intoSharedBuffer(onRead: OnRead): OnReadOpts {
  const callback = (length: number) => {
    onRead(READ_BUFFER, length);
    // What is to be stopped is stopped by `pause`.
    return true;
  };
  return { buffer: READ_BUFFER, callback };
}

/** Tries IPv6 and IPv4 in turn where a name has both: Node's default since 20 (RFC 8305). */
function plain(attempt: Attempt, url: URL, onread: OnReadOpts | undefined): Promise<Socket> {
  return attempt.ready(connectTcp({ ...addressOf(url), ...(onread && { onread }) }), 'connect');
}

function secureProxy(attempt: Attempt, url: URL, onread: OnReadOpts | undefined): Promise<Socket> {
  const address = addressOf(url);
  const options = { ...address, ...serverName(address.host), ...(onread && { onread }) };
  return attempt.ready(connectTls(options), 'secureConnect');
}

function addressOf(url: URL): { host: string; port: number } {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host, port };
}

/** An address is no name that could be told to the server (RFC 6066, 3). */
function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
