/**
 * What must hold after every bad request, of whoever: the same workers run, nothing is under way, the next client is
 * served. Shared by the tests beside it (`bad-input-*`, `access-*`, `provider-failures-*`); it has no tests of its own.
 */
import { expect } from 'chai';
import { type HttpResponse, type RequestOptions, type ResponseHead, request } from './http';
import type { HeaderInput } from './http-head';
import type { MockProvider } from './mock-provider';
import { childrenOf } from './processes';
import type { RunningProxy } from './proxy';
import { RawClient, type RawResponse, requestBytes } from './raw-client';
import { eventually } from './wait';

export const PROVIDER_KEY = 'sk-of-the-provider-only';

/** One provider under the name `mock`, to which everything goes. */
export function mockConfig(provider: MockProvider, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { providers: [providerAt('mock', provider.url)], routes: { default: 'mock,m1' }, ...more };
}

/** A provider of the anthropic dialect that has the model `m1`. */
export function providerAt(name: string, url: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, api_base_url: url, dialect: 'anthropic', api_key: PROVIDER_KEY, models: ['m1'], ...more };
}

/** A good Messages request's body. */
export function goodBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: 'm1', max_tokens: 64, messages: [{ role: 'user', content: 'Hi' }], ...more };
}

/** A POST to /v1/messages: a good one, unless `options` says otherwise. */
export function postMessage(proxy: RunningProxy, options: Partial<RequestOptions> = {}): Promise<HttpResponse> {
  return request({ url: `${proxy.url}/v1/messages`, body: goodBody(), ...options });
}

/** Headers that choose the mock provider's scenario, with its parameters. */
export function scenario(name: string, params: Record<string, unknown> = {}): Record<string, string> {
  return { 'x-mock-scenario': name, 'x-mock-params': JSON.stringify(params) };
}

/** The bytes of a good POST to /v1/messages, with these headers added. */
export function messageBytes(headers: HeaderInput = {}, body: Record<string, unknown> = goodBody()): Buffer {
  return requestBytes('POST', '/v1/messages', { 'content-type': 'application/json', ...headers }, body);
}

/** What every answer has in common, whichever client received it. */
type AnyResponse = Pick<ResponseHead, 'status' | 'headers'> & { body: Buffer };

export interface ExpectedError {
  status: number;
  type: string;
  message: string | RegExp;
}

/** An error on an API page: Anthropic's shape with nothing else in it, and the same id in head and body. */
export function expectApiError(response: AnyResponse | RawResponse, { status, type, message }: ExpectedError): void {
  const text = response.body.toString('utf8');
  expect(response.status, text).to.equal(status);
  expect(response.headers['content-type']).to.equal('application/json; charset=utf-8');
  const id = response.headers['request-id'] ?? 'no request-id';
  // The proxy's own, or the provider's where its head had come.
  expect(id).to.match(/^req_[0-9a-f]{18}[0-9a-z]{6,}$|^req_mock\d{8}$/);
  const body = JSON.parse(text);
  if (typeof message === 'string') {
    expect(text).to.equal(JSON.stringify({ type: 'error', error: { type, message }, request_id: id }));
  } else {
    expect(body).to.deep.equal({ type: 'error', error: { type, message: body.error?.message }, request_id: id });
    expect(body.error.message).to.match(message);
  }
}

/** An error on one of the operator's pages, byte for byte. */
export function expectPageError(response: AnyResponse | RawResponse, { status, type, message }: ExpectedError): void {
  const text = response.body.toString('utf8');
  expect(response.status, text).to.equal(status);
  expect(text).to.equal(JSON.stringify({ error: { type, message } }));
  expect(response.headers['content-type']).to.equal('application/json; charset=utf-8');
  expect(response.headers['cache-control']).to.equal('no-store');
}

/** Asserts that the connection still serves. */
export async function expectUsable(client: RawClient): Promise<void> {
  const next = await client.roundTrip(requestBytes('GET', '/livez'));
  expect(next.status).to.equal(200);
  expect(next.body.toString()).to.equal('{"status":"alive"}');
}

/** Sends bytes on a new connection and reads one answer; the connection must serve another request after it. */
export async function refusedOn(proxy: RunningProxy, bytes: Buffer | string): Promise<RawResponse> {
  const client = await RawClient.connect(proxy);
  try {
    const response = await client.roundTrip(bytes);
    await expectUsable(client);
    return response;
  } finally {
    client.destroy();
  }
}

export interface Survivor {
  proxy: RunningProxy;
  /** Sent with the check's own requests. */
  key?: string;
}

/** Gives an `it` after which the proxy must be as it was before: see the head of this file. */
export function survivor(of: () => Survivor): (title: string, run: (this: Mocha.Context) => Promise<void>) => void {
  return (title, run) => {
    it(title, async function () {
      const { proxy, key } = of();
      // A worker that an earlier test killed is back first. Not /readyz, which is 503 after failures of the provider.
      await eventually(async () => expect((await request({ url: `${proxy.url}/livez` })).status).to.equal(200));
      const before = childrenOf(proxy.pid);
      await run.call(this);
      await expectAtRest(proxy, before, key === undefined ? {} : { 'x-api-key': key });
    });
  };
}

async function expectAtRest(proxy: RunningProxy, workers: readonly number[], headers: HeaderInput): Promise<void> {
  expect((await request({ url: `${proxy.url}/livez` })).status, 'the next connection').to.equal(200);
  const rest = async () => {
    const text = await proxy.metrics(headers);
    expect(proxy.metric(text, 'ccproxy_requests_in_flight'), 'requests in flight').to.equal(0);
    const active = proxy.metric(text, 'ccproxy_upstream_connections', { state: 'active' });
    expect(active, 'active upstream connections').to.equal(0);
  };
  await eventually(rest, { timeoutMs: 5000, what: 'the proxy being at rest' });
  expect(childrenOf(proxy.pid), `processes; its output:\n${proxy.output().slice(-1500)}`).to.deep.equal(workers);
}
