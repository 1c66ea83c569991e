/**
 * What a translation costs beside a passthrough: `npm run bench` (wrk must be installed: apt-get install wrk). One worker
 * with everything on (key, metrics, access log), CPU time of that worker divided by requests, the better of two rounds.
 * The figure is stable where requests a second are not. A run takes about a minute and a half and talks to loopback only.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { forkBenchProvider } from '../support/bench-provider';
import { startProxy } from '../support/proxy';

const SECONDS = 4;
const ROUNDS = 2;
const CONNECTIONS = 8;
const KEY = 'bench-key';

interface Case {
  name: string;
  /** Measured against the case of that name. */
  than: string;
  path: string;
  model: string;
  /** Bytes of the request, or a short one with a stream for an answer. */
  bytes: number | 'stream';
}

const MESSAGES = '/v1/messages';
const CHAT = '/v1/chat/completions';
const STREAM = 'stream, 100 text deltas: anthropic → anthropic';
const BODY = '100 KB request: anthropic → anthropic';
const CASES: readonly Case[] = [
  { name: STREAM, than: STREAM, path: MESSAGES, model: 'a,m', bytes: 'stream' },
  { name: 'stream: anthropic client, openai provider', than: STREAM, path: MESSAGES, model: 'o,m', bytes: 'stream' },
  { name: 'stream: anthropic client, gemini provider', than: STREAM, path: MESSAGES, model: 'g,m', bytes: 'stream' },
  { name: 'stream: openai client, anthropic provider', than: STREAM, path: CHAT, model: 'a,m', bytes: 'stream' },
  { name: 'stream: openai client, gemini provider', than: STREAM, path: CHAT, model: 'g,m', bytes: 'stream' },
  { name: 'stream: openai → openai', than: STREAM, path: CHAT, model: 'o,m', bytes: 'stream' },
  { name: BODY, than: BODY, path: MESSAGES, model: 'a,m', bytes: 100_000 },
  { name: '100 KB: anthropic client, openai provider', than: BODY, path: MESSAGES, model: 'o,m', bytes: 100_000 },
  { name: '100 KB: anthropic client, gemini provider', than: BODY, path: MESSAGES, model: 'g,m', bytes: 100_000 },
];

const run = promisify(execFile);

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'ccproxy-bench-'));
  const provider = await forkBenchProvider();
  const providers = [
    { name: 'a', dialect: 'anthropic', api_base_url: provider.url, api_key: 'k' },
    { name: 'o', dialect: 'openai', api_base_url: provider.url, api_key: 'k' },
    { name: 'g', dialect: 'gemini', api_base_url: provider.url, api_key: 'k' },
  ];
  const config = { workers: 1, log: true, api_key: KEY, providers, routes: { default: 'a,m' } };
  const proxy = await startProxy({ config });
  try {
    const [worker] = (await proxy.status({ 'x-api-key': KEY })).workers.list;
    const best = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of CASES) {
        const micros = await measure(one, proxy.url, worker?.pid ?? 0, dir);
        best.set(one.name, Math.min(micros, best.get(one.name) ?? Number.POSITIVE_INFINITY));
      }
    }
    console.log(`${'CPU of the worker'.padEnd(50)} µs a request   ratio`);
    for (const { name, than } of CASES) {
      const micros = best.get(name) ?? Number.NaN;
      const ratio = micros / (best.get(than) ?? Number.NaN);
      console.log(`${name.padEnd(50)} ${micros.toFixed(0).padStart(12)} ${ratio.toFixed(2).padStart(7)}`);
    }
  } finally {
    await proxy.stop();
    provider.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Microseconds of the worker's CPU for each request. @throws Error when one was not answered with 200 */
async function measure(one: Case, url: string, worker: number, dir: string): Promise<number> {
  const script = join(dir, 'request.lua');
  writeFileSync(script, luaOf(one));
  const wrk = (seconds: number) =>
    run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, url + one.path]);
  await wrk(1);
  const before = cpuMicros(worker);
  const { stdout } = await wrk(SECONDS);
  const used = cpuMicros(worker) - before;
  const [, requests, failures] = /requests=(\d+) failures=(\d+)/.exec(stdout) ?? [];
  if (failures !== '0') throw new Error(`${one.name}: ${stdout}`);
  return used / Number(requests);
}

function luaOf({ model, bytes }: Case): string {
  const body = bytes === 'stream' ? { ...shortRequest(model), stream: true } : longRequest(model, bytes);
  return [
    'wrk.method = "POST"',
    `wrk.body = ${luaString(JSON.stringify(body))}`,
    'wrk.headers["content-type"] = "application/json"',
    `wrk.headers["authorization"] = "Bearer ${KEY}"`,
    `wrk.headers["accept"] = "${bytes === 'stream' ? 'text/event-stream' : 'application/json'}"`,
    'done = function(summary)',
    '  local errors = summary.errors',
    '  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout',
    '  io.write(string.format("requests=%d failures=%d\\n", summary.requests, failures))',
    'end',
  ].join('\n');
}

function luaString(text: string): string {
  let level = '';
  while (text.includes(`]${level}]`)) level += '=';
  return `[${level}[${text}]${level}]`;
}

function shortRequest(model: string) {
  return { model, max_tokens: 1000, messages: [{ role: 'user', content: 'Tell me something.' }] };
}

/** Like Claude Code's: a system prompt, tools, and turns of calls and results. */
function longRequest(model: string, bytes: number) {
  const text = readFileSync(join(__dirname, '../../../README.md'), 'utf8');
  const slice = (from: number, length: number) => text.slice(from % (text.length - length)).slice(0, length);
  const properties = {
    path: { type: 'string', description: 'The absolute path of the file' },
    limit: { type: 'number', description: 'The number of lines to read' },
    mode: { type: 'string', enum: ['text', 'binary'] },
  };
  const tools = Array.from({ length: 18 }, (_, i) => ({
    ...{ name: `Tool${i}`, description: slice(i * 700, 1200) },
    input_schema: { type: 'object', properties, required: ['path'], additionalProperties: false },
  }));
  const messages: unknown[] = [{ role: 'user', content: [{ type: 'text', text: slice(0, 500) }] }];
  const request = { ...shortRequest(model), system: [{ type: 'text', text: slice(0, 12_000) }], tools, messages };
  for (let i = 0; JSON.stringify(request).length < bytes; i++) {
    const use = {
      type: 'tool_use',
      id: `toolu_${i}`,
      name: `Tool${i % 18}`,
      input: { path: `/src/file${i}.ts`, limit: i },
    };
    messages.push({ role: 'assistant', content: [{ type: 'text', text: slice(i * 900, 200) }, use] });
    const content = [{ type: 'text', text: slice(i * 3100, 3000) }];
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content }] });
  }
  return request;
}

/** All threads of a process, in microseconds (the kernel counts nanoseconds: proc(5), schedstat). */
function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  }
  return nanos / 1000;
}

void main();
