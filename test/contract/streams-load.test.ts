/** 20 clients with 50 streams each, and a slow reader among them: all complete, none mixed, memory bounded, counts exact. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import { markersIn, parseSse, textOf } from '../support/anthropic-wire';
import { closeAll } from '../support/close-all';
import { openStream, type StreamingResponse } from '../support/http';
import { runLoad } from '../support/load';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { rssBytes } from '../support/processes';
import { type RunningProxy, startProxy } from '../support/proxy';
import { eventually } from '../support/wait';

const CLIENTS = 20;
const STREAMS = 50;
const AT_A_TIME = 10;
const DELTAS = 12;
const MIB = 1024 * 1024;
/** All of it, 200 clients and the provider too, is one process here: on a busy machine its turns take long. */
const PATIENCE_MS = 60_000;
const SLOW_BYTES = 16 * MIB;
const SLOW_USAGE = { input_tokens: 1000, cache_creation_input_tokens: 1, cache_read_input_tokens: 2, output_tokens: 3 };
const BODY = { model: 'mock-model', max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hi' }] };

type Counts = [input: number, creation: number, read: number, output: number];

/** Another one for each stream. */
function usageOf(client: number, stream: number) {
  return {
    input_tokens: 100 + client,
    cache_creation_input_tokens: stream % 3,
    cache_read_input_tokens: 7 * client,
    output_tokens: 10 + stream,
  };
}

describe('streams under load', function () {
  this.timeout(120_000);
  let provider: MockProvider;
  let proxy: RunningProxy;
  let workers: number[];

  before(async () => {
    provider = await startMockProvider({ record: false });
    proxy = await startProxy({
      config: {
        api_key: 'proxy-key',
        providers: [
          { name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'p', models: ['mock-model'] },
        ],
        routes: { default: 'mock,mock-model' },
      },
    });
    workers = (await proxy.status({ 'x-api-key': 'proxy-key' })).workers.list.map(({ pid }) => pid);
    expect(workers).to.have.length(2);
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
      () => expect(provider.failures).to.deep.equal([]),
    ),
  );

  const rss = () => Math.max(...workers.map(rssBytes));

  /** One stream through the SDK; what it was told of its tokens. */
  async function stream(sdk: Anthropic, client: number, number: number): Promise<Counts> {
    const marker = `c${client}s${number}`;
    const params = { marker, deltas: DELTAS, seed: client * 1000 + number, usage: usageOf(client, number) };
    const headers = { 'x-mock-scenario': 'echo-usage', 'x-mock-params': JSON.stringify(params) };
    const message = await sdk.messages.stream(BODY, { headers }).finalMessage();
    const [block] = message.content;
    const text = block?.type === 'text' ? block.text : '';
    const wanted = Array.from({ length: DELTAS }, (_, i) => ({ marker, number: i }));
    expect(markersIn(text)).to.deep.equal(wanted);
    expect([message.id, message.stop_reason]).to.deep.equal([`msg_${marker}`, 'end_turn']);
    const { input_tokens, cache_creation_input_tokens: made, cache_read_input_tokens: read } = message.usage;
    return [input_tokens, made ?? 0, read ?? 0, message.usage.output_tokens];
  }

  function openSlow(): Promise<StreamingResponse> {
    const params = { marker: 'slow', maxBytes: SLOW_BYTES, usage: SLOW_USAGE };
    const headers = { 'x-api-key': 'proxy-key', 'x-mock-scenario': 'endless', 'x-mock-params': JSON.stringify(params) };
    return openStream({ url: `${proxy.url}/v1/messages`, headers, body: { ...BODY, stream: true } });
  }

  it('every stream is whole and its own, and everything is counted exactly', async () => {
    const slow = await openSlow();
    const before = rss();
    let peak = before;
    let taken = 0;
    let taking: Promise<void> | null = null;
    const takeOne = async () => {
      taken += (await slow.next(PATIENCE_MS))?.length ?? 0;
      taking = null;
    };
    const report = await runLoad({
      clients: CLIENTS * AT_A_TIME,
      requestsEach: STREAMS / AT_A_TIME,
      requestFn: async ({ client: lane, turn }) => {
        const client = lane % CLIENTS;
        const sdk = new Anthropic({ apiKey: 'proxy-key', baseURL: proxy.url, maxRetries: 0 });
        const counts = await stream(sdk, client, turn * AT_A_TIME + Math.floor(lane / CLIENTS));
        // The slow reader takes a little whenever another stream is through, one piece at a time.
        if (taken < MIB && taking === null) taking = takeOne();
        peak = Math.max(peak, rss());
        return counts;
      },
    });
    expect(report.failures.length, report.failureSummary()).to.equal(0);
    expect(report.results).to.have.length(CLIENTS * STREAMS);
    expect((peak - before) / MIB, 'growth of a worker in MiB').to.be.below(150);

    await taking;
    const events = parseSse(await slow.rest(PATIENCE_MS));
    expect(events.at(-1)?.event).to.equal('message_stop');
    const numbers = markersIn(textOf(events));
    expect(numbers.length).to.be.above(SLOW_BYTES / 5000);
    for (const [i, { marker, number }] of numbers.entries()) {
      if (marker !== 'slow' || number !== i) throw new Error(`[${marker}#${number}] stands in place ${i}`);
    }

    const told = [Object.values(SLOW_USAGE) as Counts, ...report.results]; // In that order.
    const sums = [0, 1, 2, 3].map((kind) => told.reduce((sum, counts) => sum + (counts[kind] ?? 0), 0));
    await eventually(
      async () => {
        const page = await proxy.metrics({ 'x-api-key': 'proxy-key' });
        const labels = { provider: 'mock', model: 'mock-model' };
        const tokens = (type: string) => proxy.metric(page, 'ccproxy_tokens_total', { ...labels, type });
        const requests = (more: Record<string, string>) => proxy.metric(page, 'ccproxy_requests_total', more);
        expect(requests({})).to.equal(told.length);
        expect(requests({ ...labels, route: 'default', code: '200' })).to.equal(told.length);
        expect(['input', 'cache_creation', 'cache_read', 'output'].map(tokens)).to.deep.equal(sums);
        expect(proxy.metric(page, 'ccproxy_request_duration_seconds_count')).to.equal(told.length);
        expect(proxy.metric(page, 'ccproxy_time_to_first_token_seconds_count', labels)).to.equal(told.length);
        expect(proxy.metric(page, 'ccproxy_requests_in_flight')).to.equal(0);
        expect(proxy.metric(page, 'ccproxy_upstream_connections', { state: 'active' })).to.equal(0);
        for (const none of ['client_aborts', 'upstream_errors', 'requests_rejected', 'worker_restarts']) {
          expect(proxy.metric(page, `ccproxy_${none}_total`), none).to.equal(0);
        }
      },
      { what: 'exact counters at rest' },
    );
    expect(provider.requestCount).to.equal(told.length);
    // The workers of the beginning are those of the end; their own numbers come with the next heartbeat.
    await eventually(async () => {
      const { workers: now, providers } = await proxy.status({ 'x-api-key': 'proxy-key' });
      expect(now.list.map(({ pid }) => pid)).to.deep.equal(workers);
      expect(now.list.map(({ in_flight }) => in_flight)).to.deep.equal([0, 0]);
      expect(providers.details[0]).to.include({ in_flight: 0, requests: told.length, errors: 0 });
    });
  });
});
