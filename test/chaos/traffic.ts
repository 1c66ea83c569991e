/** The steady load of a chaos run: short requests on kept connections, and long streams. Every outcome is accounted for. */
import { setTimeout as delay } from 'node:timers/promises';
import { RawClient, type RawResponse, requestBytes } from '../support/raw-client';
import { ID_HEADER, type SteadyProvider, streamEvents, unaryBody } from '../support/steady-provider';
import type { Account } from './account';
import type { Random } from './random';
import type { Victims } from './victims';

export interface TrafficParts {
  target: { host: string; port: number };
  provider: SteadyProvider;
  account: Account;
  victims: Victims;
  random: Random;
}

const SHORT_CLIENTS = 10;
const SHORT_PAUSE_MS = 60;
/** Then a client opens a new connection by itself. */
const REQUESTS_PER_CONNECTION = 40;
const STREAM_CLIENTS = 8;
const MIN_DELTAS = 20;
const MAX_DELTAS = 300;
/** Every so many streams the client goes away in the middle. */
const ABORT_EVERY = 10;
/** Longer than a stream, and than a hung worker is left alone: beyond it a request hangs. */
const LIMIT_MS = 40_000;
const STATUS = requestBytes('GET', '/status');

interface Connection {
  client: RawClient;
  /** The worker that has it, or null when it did not say. */
  pid: number | null;
}

export class Traffic {
  readonly #parts: TrafficParts;
  readonly #clients: Promise<void>[] = [];
  #stopped = false;
  #lastId = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    for (let i = 0; i < SHORT_CLIENTS; i++) this.#clients.push(this.#shortClient());
    for (let i = 0; i < STREAM_CLIENTS; i++) this.#clients.push(this.#streamClient());
  }

  /** Begins no more; resolves when all that was begun has its outcome. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #shortClient(): Promise<void> {
    while (!this.#stopped) {
      const connection = await this.#connect();
      if (connection === null) continue;
      for (let i = 0; i < REQUESTS_PER_CONNECTION && !this.#stopped; i++) {
        // Closed while nothing was under way: what every client reckons with.
        if (connection.client.reader.isEnded) break;
        const kept = await this.#exchange(connection, 0);
        if (!kept) break;
        await delay(SHORT_PAUSE_MS);
      }
      connection.client.destroy();
    }
  }

  async #streamClient(): Promise<void> {
    while (!this.#stopped) {
      const connection = await this.#connect();
      if (connection === null) continue;
      const deltas = this.#parts.random.between(MIN_DELTAS, MAX_DELTAS);
      const aborts = this.#parts.random.between(1, ABORT_EVERY) === 1;
      if (aborts) await this.#abandon(connection, deltas);
      else await this.#exchange(connection, deltas);
      connection.client.destroy();
    }
  }

  /** A connection, and whose it is. Null when that failed (then it is accounted for), or is of no use. */
  async #connect(): Promise<Connection | null> {
    const { target } = this.#parts;
    const beganMs = performance.now();
    let client: RawClient | null = null;
    try {
      client = await RawClient.connect(target);
      const { status, body, headers } = await client.roundTrip(STATUS, { timeoutMs: LIMIT_MS });
      if (isLast(headers)) {
        // A worker that drains: the next connection goes to another.
        client.destroy();
        return null;
      }
      if (status !== 200) return { client, pid: null };
      const { served_by } = JSON.parse(body.toString('utf8')) as { served_by: { pid: number } };
      return { client, pid: served_by.pid };
    } catch (error) {
      client?.destroy();
      this.#failed('connecting', null, beganMs, error);
      // Not at once again: during an outage this would be a flood.
      await delay(SHORT_PAUSE_MS);
      return null;
    }
  }

  /** One request. True when the connection can be used again. */
  async #exchange({ client, pid }: Connection, deltas: number): Promise<boolean> {
    const id = this.#nextId();
    const beganMs = performance.now();
    try {
      const response = await client.roundTrip(messageOf(id, deltas), { timeoutMs: LIMIT_MS });
      this.#judge(id, deltas, response);
      return !isLast(response.headers);
    } catch (error) {
      this.#failed(deltas === 0 ? 'request' : 'stream', pid, beganMs, error);
      return false;
    }
  }

  /** Goes away in mid-stream. */
  async #abandon({ client, pid }: Connection, deltas: number): Promise<void> {
    const beganMs = performance.now();
    try {
      await client.send(messageOf(this.#nextId(), deltas));
      await client.readHead(LIMIT_MS);
      this.#parts.account.allow('the client itself went away');
    } catch (error) {
      this.#failed('stream', pid, beganMs, error);
    }
  }

  #judge(id: string, deltas: number, { status, body }: RawResponse): void {
    const { account, provider } = this.#parts;
    const text = body.toString('utf8');
    const expected = deltas === 0 ? unaryBody(id) : streamEvents(id, deltas).join('');
    const fate = provider.fateOf(id);
    if (status === 200 && text === expected) account.succeed();
    else if (fate === 'reset' || fate === 'stalled') {
      const ended = status === 200 && /event: error\n/.test(text) ? 'an error event' : `status ${status}`;
      account.allow(`the provider ${fate === 'reset' ? 'reset' : 'stalled'}: ${ended}`);
    } else account.blame(`${id}: status ${status} (provider: ${fate ?? 'never saw it'}): ${text.slice(-300)}`);
  }

  #failed(what: string, pid: number | null, beganMs: number, error: unknown): void {
    const { account, victims } = this.#parts;
    const failedMs = performance.now();
    const reason = victims.explain(pid, beganMs, failedMs);
    if (reason !== null) account.allow(`${what} ${reason}`);
    else
      account.blame(`${what} at ${Math.round(failedMs)} ms, begun ${Math.round(beganMs)} ms, worker ${pid}: ${error}`);
  }

  #nextId(): string {
    return `c${++this.#lastId}`;
  }
}

/** The answer tells that the connection closes. */
function isLast(headers: Readonly<Record<string, string>>): boolean {
  return /close/i.test(headers['connection'] ?? '');
}

function messageOf(id: string, deltas: number): Buffer {
  const body = { model: 'chaos', max_tokens: Math.max(1, deltas), messages: [{ role: 'user', content: 'x' }] };
  const headers = { 'content-type': 'application/json', [ID_HEADER]: id };
  return requestBytes('POST', '/v1/messages', headers, deltas === 0 ? body : { ...body, stream: true });
}
