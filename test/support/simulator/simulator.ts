/**
 * A provider that is as particular as the real one: it checks every request by its dialect's documentation, refuses
 * what that refuses in the provider's own words, and answers the rest by a script. Built on the raw-byte mock, which
 * records all bytes.
 */
import { type Exchange, type MockProvider, type MockRequest, startMockProvider } from '../mock-provider';
import { headersOf, layOut, refusalBody } from './answers';
import { checkMessagesRequest } from './anthropic-check';
import { type Failure, failureAnswer } from './failures';
import { checkGeneratePath, checkGenerateRequest } from './gemini-check';
import { GivenOut } from './given-out';
import { checkHead, type SimulatedDialect } from './headers-check';
import { checkChatRequest } from './openai-check';
import { thinkingMembers } from './openai-wire';
import { isList, isObject, type JsonObject, Refused } from './refused';
import { type Seen, see } from './seen';
import { sendTurn } from './send';
import { type Turn, turn, type Vendor, type WireContext } from './turn';
import type { Ugliness } from './ugliness';

export type { Failure } from './failures';
export { FAILURE_KINDS, type FailureKind, OVERFLOW } from './failures';
export type { SimulatedDialect } from './headers-check';
export type { Seen } from './seen';
export { type Turn, turn, type Vendor } from './turn';
export type { Ugliness } from './ugliness';

export interface SimulatorOptions {
  dialect: SimulatedDialect;
  /** For the openai dialect. Default `openai`. */
  vendor?: Vendor;
  /** What clients must send; null for a provider without keys. Default `sk-sim-` and the dialect. */
  key?: string | null;
}

/** A request as the simulator understood it. */
export interface SimulatedRequest {
  raw: MockRequest;
  /** Parsed; null when it was no JSON object. */
  body: JsonObject | null;
  /** What it says; null when it was refused. */
  seen: Seen | null;
  /** Why it was refused. */
  refused: Refused | null;
}

/** An answer, with bad manners or without. */
export interface Scripted {
  turn: Turn;
  ugliness?: Ugliness;
}

export type Script = (request: Seen) => Turn | Scripted;

export interface Simulator {
  /** Without a trailing slash and without a version. */
  url: string;
  dialect: SimulatedDialect;
  key: string | null;
  /** The mock below. */
  provider: MockProvider;
  readonly requests: readonly SimulatedRequest[];
  /** Messages of all refusals so far: empty when every client did as documented. */
  readonly refusals: readonly string[];
  /** The last request. @throws Error when there was none */
  readonly last: SimulatedRequest;
  /** For the next request that nothing queued before takes. */
  next(turn: Turn, ugliness?: Ugliness): void;
  /** The next one fails. */
  fail(failure: Failure): void;
  /** For all requests that nothing queued takes; null: a short text. */
  respond(script: Script | null): void;
  /** Bad manners of every answer that names none of its own. */
  behave(ugliness: Ugliness): void;
  /** Forgets requests and programmed answers. */
  reset(): void;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new Provider(options, await startMockProvider());
  simulator.reset();
  return simulator;
}

interface Asked {
  model: string;
  stream: boolean;
}

class Provider implements Simulator {
  readonly dialect: SimulatedDialect;
  readonly key: string | null;
  readonly provider: MockProvider;
  readonly #vendor: Vendor;
  readonly #given = new GivenOut();
  readonly #thinkingMembers = new Set<string>();
  requests: SimulatedRequest[] = [];
  #queue: (Scripted | Failure)[] = [];
  #script: Script | null = null;
  #manners: Ugliness = {};

  constructor({ dialect, vendor = 'openai', key = `sk-sim-${dialect}` }: SimulatorOptions, provider: MockProvider) {
    this.dialect = dialect;
    this.key = key;
    this.provider = provider;
    this.#vendor = vendor;
  }

  get url(): string {
    return this.provider.url;
  }

  get refusals(): string[] {
    return this.requests.flatMap(({ refused }) => (refused === null ? [] : [refused.message]));
  }

  get last(): SimulatedRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('no request came to the simulator');
    return last;
  }

  next(turn: Turn, ugliness?: Ugliness): void {
    this.#queue.push(ugliness === undefined ? { turn } : { turn, ugliness });
  }

  fail(failure: Failure): void {
    this.#queue.push(failure);
  }

  respond(script: Script | null): void {
    this.#script = script;
  }

  behave(ugliness: Ugliness): void {
    this.#manners = ugliness;
  }

  reset(): void {
    this.requests = [];
    this.#queue = [];
    this.#script = null;
    this.#manners = {};
    this.#given.clear();
    this.#thinkingMembers.clear();
    this.provider.reset();
    this.provider.respond((exchange) => this.#answer(exchange));
  }

  close(): Promise<void> {
    return this.provider.close();
  }

  async #answer(exchange: Exchange): Promise<void> {
    const record: SimulatedRequest = { raw: exchange.request, body: null, seen: null, refused: null };
    this.requests.push(record);
    let asked: Asked;
    try {
      asked = this.#check(record);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      record.refused = error;
      return this.#sendError(exchange, error.status, refusalBody(this.dialect, this.#vendor, error));
    }
    if (exchange.request.path.endsWith('/count_tokens')) return this.#sendError(exchange, 200, { input_tokens: 4242 });
    const seen = see(this.dialect, record.body ?? {}, asked);
    record.seen = seen;
    const answer = this.#queue.shift() ?? scripted(this.#script?.(seen) ?? turn({ text: 'Hello from the simulator.' }));
    if ('kind' in answer) return this.#fail(exchange, answer, asked);
    const context = this.#contextOf(exchange.request, record.body ?? {}, asked);
    this.#given.note(answer.turn, context);
    const ugliness = answer.ugliness ?? this.#manners;
    for (const name of thinkingMembers(answer.turn, this.#vendor, ugliness)) this.#thinkingMembers.add(name);
    await sendTurn(exchange, { dialect: this.dialect, context, stream: asked.stream, turn: answer.turn, ugliness });
  }

  /** @throws Refused */
  #check(record: SimulatedRequest): Asked {
    const { raw } = record;
    checkHead(raw, this.dialect, this.key);
    if (raw.method !== 'POST') throw new Refused('Method not allowed', { status: 405 });
    record.body = parse(raw.body);
    const { body } = record;
    if (this.dialect === 'gemini') {
      const asked = checkGeneratePath(raw.path, raw.query);
      checkGenerateRequest(body, asked.model);
      // Older models give signatures, but do not insist.
      if (/^gemini-(?:[3-9]|\d\d)/.test(asked.model)) this.#given.checkGemini(list(body['contents']));
      return asked;
    }
    const asked = { model: String(body['model']), stream: body['stream'] === true };
    const path = this.dialect === 'openai' ? /^\/v1\/chat\/completions$/ : /^\/v1\/messages(?:\/count_tokens)?$/;
    if (!path.test(raw.path) || (this.dialect === 'openai' && raw.query !== '')) {
      throw new Refused(`Invalid URL (POST ${raw.target})`, { status: 404 });
    }
    if (this.dialect === 'openai') {
      checkChatRequest(body, this.#vendor, [...this.#thinkingMembers]);
      if (this.#vendor === 'deepseek') this.#given.checkDeepSeek(list(body['messages']));
    } else if (!raw.path.endsWith('/count_tokens')) {
      checkMessagesRequest(body);
      this.#given.checkAnthropic(list(body['messages']));
    }
    return asked;
  }

  #contextOf({ number }: MockRequest, body: JsonObject, { model }: Asked): WireContext {
    const options = body['stream_options'];
    const includeUsage = isObject(options) && options['include_usage'] === true;
    return { number, model, vendor: this.#vendor, includeUsage };
  }

  #fail(exchange: Exchange, failure: Failure, { model }: Asked): Promise<void> {
    const { status, body, headers } = failureAnswer(failure, this.dialect, this.#vendor, { model, key: this.key });
    return this.#sendError(exchange, status, body, headers);
  }

  async #sendError({ request, reply }: Exchange, status: number, body: unknown, more = {}): Promise<void> {
    const headers = { 'content-type': 'application/json', ...headersOf(this.dialect, request.number), ...more };
    await reply.answer(status, headers, layOut(this.dialect, body));
  }
}

function scripted(answer: Turn | Scripted): Scripted {
  return 'turn' in answer ? answer : { turn: answer };
}

function list(value: unknown): unknown[] {
  return isList(value) ? value : [];
}

function parse(body: Buffer): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refused('We could not parse the JSON body of your request.');
  }
  if (!isObject(parsed)) throw new Refused('The body is not a JSON object.');
  return parsed;
}
