/** Bodies of a simulator's answers: the writer of each dialect, and how it says no. */
import { errorBody, errorEvent } from '../anthropic-wire';
import type { HeaderInput } from '../http-head';
import { message, messageEvents } from './anthropic-turns';
import { SERVER } from './failures-openai';
import { generated, generatedArray, generatedEvents } from './gemini-wire';
import type { SimulatedDialect } from './headers-check';
import { completion, completionEvents } from './openai-wire';
import type { Refused } from './refused';
import type { Turn, Vendor, WireContext } from './turn';
import type { Ugliness } from './ugliness';

/** One document. */
export function documentOf(dialect: SimulatedDialect, turn: Turn, context: WireContext, ugliness: Ugliness): unknown {
  if (dialect === 'anthropic') return message(turn, context);
  return dialect === 'openai' ? completion(turn, context, ugliness) : generated(turn, context, ugliness);
}

/** The events of a stream, each with its empty line. */
export function eventsOf(dialect: SimulatedDialect, turn: Turn, context: WireContext, ugliness: Ugliness): string[] {
  if (dialect === 'anthropic') return messageEvents(turn, context, ugliness);
  if (dialect === 'openai') return completionEvents(turn, context, ugliness);
  return ugliness.jsonArray === true
    ? generatedArray(turn, context, ugliness)
    : generatedEvents(turn, context, ugliness);
}

/** What each provider says in the place of an answer, with status 200, when it fails under way. */
export function lateFailure(dialect: SimulatedDialect, { vendor, model }: WireContext): Record<string, unknown> {
  if (dialect === 'anthropic') return errorBody('overloaded_error', 'Overloaded');
  if (dialect === 'gemini') {
    return { error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' } };
  }
  if (vendor !== 'openrouter') return { error: { message: SERVER, type: 'server_error', param: null, code: null } };
  // https://openrouter.ai/docs/api/reference/errors-and-debugging, errors in mid-stream
  const choice = { index: 0, delta: { content: '' }, finish_reason: 'error' };
  const error = { code: 502, message: 'Provider disconnected' };
  return { ...{ id: 'gen-sim', object: 'chat.completion.chunk', created: 1, model }, error, choices: [choice] };
}

/** The same as an event. */
export function lateFailureEvent(dialect: SimulatedDialect, context: WireContext): string {
  if (dialect === 'anthropic') return errorEvent('overloaded_error', 'Overloaded');
  return `data: ${JSON.stringify(lateFailure(dialect, context))}\n\n`;
}

/** The body of a validator's refusal. */
export function refusalBody(dialect: SimulatedDialect, vendor: Vendor, refused: Refused): unknown {
  const { status, message: text, param, code } = refused;
  if (dialect === 'anthropic') return errorBody(ANTHROPIC_TYPES[status] ?? 'invalid_request_error', text, 'req_sim');
  if (dialect === 'gemini') {
    return {
      error: { code: status, message: text, status: code ?? (status === 401 ? 'UNAUTHENTICATED' : 'INVALID_ARGUMENT') },
    };
  }
  const said = { message: text, type: 'invalid_request_error', param, code };
  if (vendor === 'mistral') return { object: 'error', ...said, raw_status_code: status };
  if (vendor === 'xai') return { code: 'Client specified an invalid argument', error: text };
  return { error: said };
}

const ANTHROPIC_TYPES: Record<number, string> = { 401: 'authentication_error', 404: 'not_found_error' };

/** Headers that a provider of the dialect has on every answer. */
export function headersOf(dialect: SimulatedDialect, number: number): HeaderInput {
  const id = `req_sim${String(number).padStart(8, '0')}`;
  if (dialect === 'anthropic') return { 'request-id': id, 'anthropic-organization-id': 'sim' };
  if (dialect === 'gemini') return { server: 'scaffolding on HTTPServer2', vary: 'Origin, X-Origin, Referer' };
  const own = { 'x-request-id': id, 'openai-organization': 'org-sim', 'openai-version': '2020-10-01' };
  return { ...own, 'openai-processing-ms': 42, 'set-cookie': '__cf_bm=sim-cookie; path=/; HttpOnly' };
}

/** A document as its provider lays it out. */
export function layOut(dialect: SimulatedDialect, body: unknown): Buffer {
  return Buffer.from(dialect === 'anthropic' ? JSON.stringify(body) : `${JSON.stringify(body, null, 2)}\n`);
}
