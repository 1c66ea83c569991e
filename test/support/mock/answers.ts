/** Parts that several scenarios answer with. */
import {
  DEFAULT_USAGE,
  errorBody,
  jsonPieces,
  markedText,
  streamEvents,
  type WireBlock,
  type WireMessage,
} from '../anthropic-wire';
import type { HeaderInput } from '../http-head';
import type { Exchange } from './exchange';
import type { ScenarioParams } from './params';

/** The headers that every answer of the real API has, with those that the parameters add or replace. */
export function answerHeaders({ request, params }: Exchange, contentType: string, more: HeaderInput = {}): HeaderInput {
  const headers: HeaderInput = {
    'content-type': contentType,
    'request-id': requestId(request.number),
    'anthropic-organization-id': '5f3a9c1e-mock',
    'anthropic-ratelimit-requests-limit': 4000,
    'anthropic-ratelimit-requests-remaining': 3999,
    'anthropic-ratelimit-requests-reset': '2030-01-01T00:00:00Z',
    ...more,
  };
  if (params.close === true) headers['connection'] = 'close';
  for (const [name, value] of Object.entries(params.headers ?? {})) headers[name.toLowerCase()] = value;
  return headers;
}

/** The provider's id of its nth request. */
export function requestId(number: number): string {
  return `req_mock${String(number).padStart(8, '0')}`;
}

/** Head of a stream. */
export async function streamHead(exchange: Exchange, more: HeaderInput = {}): Promise<void> {
  await exchange.reply.head(200, streamHeaders(exchange, more), 'chunked');
}

export function streamHeaders(exchange: Exchange, more: HeaderInput = {}): HeaderInput {
  return answerHeaders(exchange, 'text/event-stream; charset=utf-8', { 'cache-control': 'no-cache', ...more });
}

/** One piece after the other, with the parameters' delay between and their hold where they want it. */
export async function sendPieces({ request, reply, params }: Exchange, pieces: readonly Buffer[]): Promise<void> {
  for (const [i, piece] of pieces.entries()) {
    if (i > 0 && (params.delayMs ?? 0) > 0) await reply.pause(params.delayMs ?? 0);
    if (params.hold === true && i === afterEvents(params)) await reply.whileThere(request.released);
    await reply.body(piece);
  }
}

/** How many events come before a break. */
export function afterEvents(params: ScenarioParams): number {
  return params.afterEvents ?? 3;
}

/** JSON as a whole answer. */
export async function sendJson(exchange: Exchange, status: number, body: unknown): Promise<void> {
  await sendUnary(exchange, status, Buffer.from(JSON.stringify(body)));
}

/** Bytes as a whole answer, delimited as the parameters say. */
export async function sendUnary(
  exchange: Exchange,
  status: number,
  bytes: Buffer,
  headers: HeaderInput = {},
): Promise<void> {
  const { params, request, reply } = exchange;
  if (params.hold === true) await reply.whileThere(request.released);
  await reply.answer(status, answerHeaders(exchange, 'application/json', headers), bytes, params.framing);
}

/** An error in Anthropic's shape. */
export async function sendError(exchange: Exchange, status: number, type: string, message: string): Promise<void> {
  await sendJson(exchange, status, errorBody(type, message, requestId(exchange.request.number)));
}

/** The message that answers a request. */
export function messageWith({ request, params }: Exchange, content: WireBlock[], stopReason = 'end_turn'): WireMessage {
  return {
    id: `msg_${request.marker}`,
    type: 'message',
    role: 'assistant',
    model: modelOf(request.json()),
    content,
    stop_reason: params.stopReason ?? stopReason,
    stop_sequence: null,
    usage: { ...DEFAULT_USAGE, ...params.usage },
  };
}

function modelOf(body: Record<string, unknown>): string {
  return typeof body['model'] === 'string' ? body['model'] : 'none';
}

/** Its events as bytes; text is cut where its markers are. */
export function eventsOf(message: WireMessage, params: ScenarioParams): Buffer[] {
  const events = streamEvents(message, {
    cut: (text) => text.split(/(?=\[[^[\]#]+#\d+\] )/),
    cutJson: (json) => jsonPieces(json, params.splitSurrogates === false),
    pingEvery: params.pingEvery ?? 5,
    fullDeltaUsage: params.fullDeltaUsage ?? true,
  });
  return events.map((event) => Buffer.from(event));
}

/** Text that names its request in every delta. */
export function markedBlock({ request, params }: Exchange): WireBlock {
  return { type: 'text', text: markedText(request.marker, params.seed ?? 1, params.deltas ?? 8).join('') };
}

/** The events of a text answer, whether or not the client asked for a stream. */
export function textEvents(exchange: Exchange): Buffer[] {
  return eventsOf(messageWith(exchange, [markedBlock(exchange)]), exchange.params);
}

/** As a stream or as a whole, whichever the client asked for. */
export async function sendMessage(exchange: Exchange, message: WireMessage): Promise<void> {
  if (!exchange.request.wantsStream) return sendJson(exchange, 200, message);
  await streamHead(exchange);
  await sendPieces(exchange, eventsOf(message, exchange.params));
  await exchange.reply.end();
}

/** Error types by status. */
export const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};
