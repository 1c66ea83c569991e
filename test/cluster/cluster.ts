/** What the tests of the cluster share: a configuration, its requests, and connections to known workers. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { RequestOptions } from '../support/http';
import type { HeaderInput } from '../support/http-head';
import type { MockProvider } from '../support/mock-provider';
import type { RunningProxy } from '../support/proxy';
import { RawClient, requestBytes } from '../support/raw-client';
import type { StatusDocument } from '../support/status-document';
import { eventually } from '../support/wait';

export const CLIENT_KEY = 'ck-cluster-7f3a91c2d4';
export const PROVIDER_KEY = 'sk-provider-5b8e20aa61';
export const MODEL = 'mock-model-1';

export { freePort } from '../support/free-port';

/** This file is compiled to dist/test/cluster/. */
export const REPOSITORY = resolve(__dirname, '../../..');
export const CLI = resolve(__dirname, '../../supervisor/cli.js');

/** The exact body of the operator's pages when there is nothing current to tell. */
export const UNAVAILABLE_BODY = '{"error":{"type":"service_error","message":"Service temporarily unavailable"}}';

/** One provider, one key for clients. */
export function mockConfig(
  provider: Pick<MockProvider, 'url'>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const mock = { name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: PROVIDER_KEY };
  return {
    api_key: CLIENT_KEY,
    providers: [{ ...mock, models: [MODEL] }],
    routes: { default: `mock,${MODEL}` },
    ...more,
  };
}

export const AUTHORISED: HeaderInput = { 'x-api-key': CLIENT_KEY };

export function messageBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }], ...more };
}

/** POST /v1/messages with the key. */
export function messageRequest(
  proxy: { url: string },
  more: Record<string, unknown> = {},
  headers: HeaderInput = AUTHORISED,
): RequestOptions {
  return { url: `${proxy.url}/v1/messages`, headers, body: messageBody(more) };
}

/** The same as bytes, for a connection that stays. */
export function messageBytes(more: Record<string, unknown> = {}): Buffer {
  const headers = { ...AUTHORISED, 'content-type': 'application/json' };
  return requestBytes('POST', '/v1/messages', headers, messageBody(more));
}

export const STATUS_BYTES = requestBytes('GET', '/status');

/** /status over a connection that stays, and so from the worker that has it. */
export async function statusOn(client: RawClient): Promise<StatusDocument> {
  const { status, body } = await client.roundTrip(STATUS_BYTES);
  if (status !== 200) throw new Error(`/status answered ${status}: ${body}`);
  return JSON.parse(body.toString('utf8'));
}

/** A connection to every worker, by its PID: the kernel deals new ones out, so that it takes a few. */
export async function connectToEach(proxy: RunningProxy): Promise<Map<number, RawClient>> {
  const { workers } = await proxy.status();
  const clients = new Map<number, RawClient>();
  const connectOne = async () => {
    const client = await RawClient.connect(proxy);
    const { pid } = (await statusOn(client)).served_by;
    if (clients.has(pid)) client.destroy();
    else clients.set(pid, client);
    return clients.size === workers.list.length;
  };
  await eventually(connectOne, { intervalMs: 1, what: 'a connection to every worker' });
  return clients;
}

/** Exactly one of a list. @throws Error for another number */
export function only<T>(list: readonly T[]): T {
  const [first, ...rest] = list;
  if (first === undefined || rest.length > 0) throw new Error(`expected one, there are ${list.length}`);
  return first;
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Never rejects because of its exit code. @throws Error when it cannot be started */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; timeoutMs?: number; stdin?: string },
): Promise<CommandResult> {
  const { env, cwd, timeoutMs = 30_000, stdin = '' } = options;
  return new Promise((settle, reject) => {
    const child = execFile(file, args, { env, cwd, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === 'string') reject(error);
      else settle({ code: child.exitCode, stdout, stderr });
    });
    child.stdin?.on('error', () => {}); // It may have ended before it read all.
    child.stdin?.end(stdin);
  });
}
