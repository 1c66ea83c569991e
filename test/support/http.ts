/** A small HTTP client on node:http(s): a connection of its own for each request, headers as they came. */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HeaderInput, RawHeader } from './http-head';
import { deadline } from './wait';

export interface RequestOptions {
  url: string;
  /** Default: POST with a body, GET without. */
  method?: string;
  headers?: HeaderInput;
  /** An object is sent as JSON. */
  body?: string | Buffer | Record<string, unknown>;
  /** For the whole exchange. Default 15 s. */
  timeoutMs?: number;
  /** PEM of an authority to trust. */
  ca?: string;
  /** Breaks the connection off. */
  signal?: AbortSignal;
}

export interface ResponseHead {
  status: number;
  /** Lower-case names; duplicates joined with `, `. */
  headers: Record<string, string>;
  /** In order, with duplicates, names as written. */
  rawHeaders: RawHeader[];
}

export interface HttpResponse extends ResponseHead {
  body: Buffer;
  text: string;
  /** The body as JSON. @throws SyntaxError */
  json<T = Record<string, unknown>>(): T;
}

/** One whole exchange. @throws Error when the connection breaks or the answer is not complete */
export async function request(options: RequestOptions): Promise<HttpResponse> {
  const { timeoutMs = 15_000 } = options;
  const outgoing = send(options);
  const exchange = async (): Promise<HttpResponse> => {
    const incoming = await responseOf(outgoing);
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part);
    const body = Buffer.concat(parts);
    return { ...headOf(incoming), body, text: body.toString('utf8'), json: () => JSON.parse(body.toString('utf8')) };
  };
  const what = `${outgoing.method} ${options.url}`;
  return deadline(exchange(), timeoutMs, what).finally(() => outgoing.destroy());
}

/** An answer whose body is read as it comes. */
export interface StreamingResponse extends ResponseHead {
  /** The next bytes that arrive; null at the proper end. @throws Error when the connection breaks, or after 15 s */
  next(timeoutMs?: number): Promise<Buffer | null>;
  /** Reads until the text received so far passes; gives that text. */
  readUntil(wanted: string | RegExp, timeoutMs?: number): Promise<string>;
  /** Reads to the end; gives everything received since the beginning. */
  rest(timeoutMs?: number): Promise<Buffer>;
  /** Everything received so far. */
  received(): Buffer;
  /** Goes away in mid-stream. */
  destroy(): void;
}

/** Resolves with the head. Nothing is read of the body unless it is asked for, so this is a slow reader too. */
export async function openStream(options: RequestOptions): Promise<StreamingResponse> {
  const { timeoutMs: headTimeoutMs = 15_000 } = options;
  const outgoing = send(options);
  const head = deadline(responseOf(outgoing), headTimeoutMs, `the head of ${options.url}`);
  const incoming = await head.catch((error: unknown) => {
    outgoing.destroy();
    throw error;
  });
  const iterator: AsyncIterator<Buffer> = incoming[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  const next = async (timeoutMs = 15_000): Promise<Buffer | null> => {
    const result = await deadline(iterator.next(), timeoutMs, `more of ${options.url}`);
    if (result.done === true) return null;
    parts.push(result.value);
    return result.value;
  };
  const received = () => Buffer.concat(parts);
  const passes = (wanted: string | RegExp, text: string) =>
    typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
  return {
    ...headOf(incoming),
    next,
    received,
    async readUntil(wanted, timeoutMs) {
      for (;;) {
        const text = received().toString('utf8');
        if (passes(wanted, text)) return text;
        if ((await next(timeoutMs)) === null)
          throw new Error(`the stream ended without ${wanted}: ${text.slice(-300)}`);
      }
    },
    async rest(timeoutMs) {
      while ((await next(timeoutMs)) !== null);
      return received();
    },
    destroy: () => outgoing.destroy(),
  };
}

function send({ url, method, headers = {}, body, ca, signal }: RequestOptions): ClientRequest {
  const isObject = typeof body === 'object' && !Buffer.isBuffer(body);
  const bytes = isObject ? JSON.stringify(body) : body;
  const common = isObject
    ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(String(bytes)) }
    : {};
  const options = {
    agent: false as const,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...common, ...headers } as Record<string, string | string[]>, // Node takes numbers and frozen lists too.
    ...(ca === undefined ? {} : { ca }),
    ...(signal === undefined ? {} : { signal }),
  };
  const outgoing = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options);
  // Without a listener an error after the answer's head would end the process; the body's reader hears of it anyway.
  outgoing.on('error', () => {});
  outgoing.end(bytes);
  return outgoing;
}

async function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]; // What that event carries.
  return incoming;
}

function headOf(incoming: IncomingMessage): ResponseHead {
  const rawHeaders: RawHeader[] = [];
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i] ?? '';
    const value = incoming.rawHeaders[i + 1] ?? '';
    const key = name.toLowerCase();
    rawHeaders.push([name, value]);
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { status: incoming.statusCode ?? 0, headers, rawHeaders };
}
