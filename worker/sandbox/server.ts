/** The sandbox provider's HTTP server: an upstream in the Anthropic dialect. */

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SANDBOX_MODEL } from '../../shared/sandbox';
import { buildReply } from './reply';
import { countTokens, InvalidRequest, parseMessagesRequest } from './request';
import { streamReply, TOKEN_RATE, tokenRate } from './stream';

export interface SandboxServerOptions {
  /** Rate of streamed answers; the header `x-sandbox-tokens-per-second` overrides it. Default 50. */
  tokensPerSecond?: number;
  /** Longest request body. Default 64 MiB. */
  bodyLimitBytes?: number;
}

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
/** A body that is too long is read on and dropped, so that its sender reads the answer; up to this many limits. */
const DROPPED_LIMITS = 4;
/** Longer than the proxy keeps an idle connection, so that the proxy is the one to close it. */
const KEEP_ALIVE_MS = 600_000;

const STATUS_BY_ERROR = { invalid_request_error: 400, not_found_error: 404, request_too_large: 413, api_error: 500 };
type ErrorType = keyof typeof STATUS_BY_ERROR;

class BodyTooLarge extends Error {}

/** A server that does not listen yet. */
export function createSandboxServer(options: SandboxServerOptions = {}): Server {
  const settings = {
    tokensPerSecond: options.tokensPerSecond ?? TOKEN_RATE.default,
    bodyLimitBytes: options.bodyLimitBytes ?? BODY_LIMIT_BYTES,
  };
  const server = createServer((request, response) => {
    // A socket that breaks under an answer: `close` follows, and nobody is left to tell.
    response.on('error', () => {});
    response.setHeader('request-id', newId('req'));
    answer(request, response, settings).catch((error: unknown) => answerFailure(response, error));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  settings: Required<SandboxServerOptions>,
): Promise<void> {
  const call = `${request.method} ${request.url?.split('?', 1)[0]}`;
  switch (call) {
    case 'POST /v1/messages':
      return answerMessage(request, response, settings);
    case 'POST /v1/messages/count_tokens':
      return sendJson(response, 200, { input_tokens: countTokens(await readBody(request, settings.bodyLimitBytes)) });
    case 'GET /v1/models':
      return sendJson(response, 200, modelList());
    default:
      return sendError(response, 'not_found_error', `The sandbox has no ${call.slice(0, 200)}`);
  }
}

async function answerMessage(
  request: IncomingMessage,
  response: ServerResponse,
  settings: Required<SandboxServerOptions>,
): Promise<void> {
  const call = parseMessagesRequest(await readBody(request, settings.bodyLimitBytes));
  const reply = buildReply(call, newId);
  if (!call.stream) return sendJson(response, 200, reply.message);
  const wanted = request.headers['x-sandbox-tokens-per-second'];
  const rate = tokenRate(Array.isArray(wanted) ? wanted[0] : wanted, settings.tokensPerSecond);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  await streamReply(response, reply, rate);
}

/** Rejects with BodyTooLarge, or with the stream's error when the client goes away. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  const announced = Number(request.headers['content-length'] ?? 0);
  const hopeless = limitBytes * DROPPED_LIMITS;
  let length = 0;
  if (announced <= hopeless) {
    // Leaving the loop must not close the connection: the answer still goes out on it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      // A request without setEncoding yields buffers.
      const bytes = chunk as Buffer;
      length += bytes.length;
      if (length <= limitBytes) chunks.push(bytes);
      else chunks.length = 0;
      if (length > hopeless) break;
    }
  }
  if (Math.max(announced, length) > limitBytes) {
    throw new BodyTooLarge(`The request body is longer than ${limitBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerFailure(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidRequest) sendError(response, 'invalid_request_error', message);
  else if (error instanceof BodyTooLarge) sendError(response, 'request_too_large', message);
  else if (error instanceof RangeError) sendError(response, 'invalid_request_error', `Nested too deeply: ${message}`);
  else sendError(response, 'api_error', `The sandbox failed: ${message}`);
}

function sendError(response: ServerResponse, type: ErrorType, message: string): void {
  if (type === 'request_too_large') response.setHeader('connection', 'close');
  const request_id = response.getHeader('request-id');
  sendJson(response, STATUS_BY_ERROR[type], { type: 'error', error: { type, message }, request_id });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}

function modelList(): object {
  const model = {
    type: 'model',
    id: SANDBOX_MODEL,
    display_name: 'CCProxy sandbox',
    created_at: '2025-01-01T00:00:00Z',
  };
  return { data: [model], has_more: false, first_id: model.id, last_id: model.id };
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}
