/**
 * A far end for benchmarks, in a process of its own: every dialect, answered from memory by uWebSockets.js. A stream has
 * 100 text deltas and is sent as fast as the client takes it, several events to a write.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type EngineResponse, loadEngine } from '../../worker/http/engine';
import { DEFAULT_USAGE, streamEvents } from './anthropic-wire';

const DELTAS = 100;
const EVENTS_A_WRITE = 10;
const TEXT = ' some words of text';

/** Starts it. `stop` ends the process. */
export async function forkBenchProvider(): Promise<{ url: string; stop: () => void }> {
  const child = fork(__filename, { env: { ...process.env, CCPROXY_BENCH_PROVIDER: '1' } });
  const [port] = (await once(child, 'message')) as [number]; // What it sends.
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') };
}

/** Path → the events of a stream, and the document that says the same. */
function answers(): Map<string, { events: string[]; document: string }> {
  const texts = Array.from({ length: DELTAS }, () => TEXT);
  const message = {
    ...{ id: 'msg_bench', type: 'message' as const, role: 'assistant' as const, model: 'm', stop_reason: 'end_turn' },
    ...{ content: [{ type: 'text' as const, text: TEXT.repeat(DELTAS) }], stop_sequence: null, usage: DEFAULT_USAGE },
  };
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;
  const usage = { prompt_tokens: 43, completion_tokens: 100, total_tokens: 143 };
  const part = (text: string) => ({ content: { parts: [{ text }], role: 'model' }, index: 0 });
  const generated = (candidate: object, output: number) => ({
    candidates: [candidate],
    usageMetadata: { promptTokenCount: 43, candidatesTokenCount: output, totalTokenCount: 43 + output },
    ...{ modelVersion: 'm', responseId: 'bench' },
  });
  const whole = TEXT.repeat(DELTAS);
  const gemini = {
    events: texts.map((text, i) => {
      const last = i === DELTAS - 1 ? { finishReason: 'STOP' } : {};
      return `data: ${JSON.stringify(generated({ ...part(text), ...last }, i + 1))}\r\n\r\n`;
    }),
    document: JSON.stringify(generated({ ...part(whole), finishReason: 'STOP' }, DELTAS)),
  };
  return new Map([
    [
      '/v1/messages',
      {
        events: streamEvents(message, { cut: () => texts, pingEvery: 0 }),
        document: JSON.stringify(message),
      },
    ],
    [
      '/v1/chat/completions',
      {
        events: [
          chunk({ role: 'assistant', content: '' }, null),
          ...texts.map((content) => chunk({ content }, null)),
          chunk({}, 'stop'),
          `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`,
          'data: [DONE]\n\n',
        ],
        document: JSON.stringify({
          ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: 1, model: 'm', usage },
          choices: [{ index: 0, message: { role: 'assistant', content: whole }, finish_reason: 'stop' }],
        }),
      },
    ],
    ['/v1beta/models/m:streamGenerateContent', gemini],
    ['/v1beta/models/m:generateContent', gemini],
  ]);
}

function serve(): void {
  const engine = loadEngine();
  const app = engine.createApp();
  for (const [path, { events, document }] of answers()) {
    const writes: Buffer[] = [];
    for (let i = 0; i < events.length; i += EVENTS_A_WRITE) {
      writes.push(Buffer.from(events.slice(i, i + EVENTS_A_WRITE).join('')));
    }
    app.any(path, (res, req) => {
      // Gemini says in its path what is wanted, the others in their bodies; those of clients that want a stream are short.
      let wantsStream = path.endsWith('streamGenerateContent');
      const known = wantsStream || path.endsWith('generateContent');
      let gone = false;
      req.forEach((name, value) => {
        if (!known && name === 'accept' && value === 'text/event-stream') wantsStream = true;
      });
      res.onAborted(() => {
        gone = true;
      });
      res.onData((_chunk, isLast) => {
        if (!isLast || gone) return;
        if (wantsStream) stream(res, writes, () => gone);
        else whole(res, document);
      });
    });
  }
  app.listen('127.0.0.1', 0, (socket) => process.send?.(engine.localPort(socket)));
  process.on('disconnect', () => process.exit(0));
}

function whole(res: EngineResponse, document: string): void {
  res.cork(() => {
    res.writeStatus('200 OK');
    res.writeHeader('content-type', 'application/json');
    res.end(document);
  });
}

function stream(res: EngineResponse, writes: readonly Buffer[], isGone: () => boolean): void {
  let next = 0;
  const step = () => {
    if (isGone()) return;
    res.cork(() => {
      if (next === 0) {
        res.writeStatus('200 OK');
        res.writeHeader('content-type', 'text/event-stream');
      }
      const write = writes[next++];
      if (write !== undefined) res.write(write);
      if (next >= writes.length) res.end();
    });
    if (next < writes.length) setImmediate(step);
  };
  step();
}

if (process.env['CCPROXY_BENCH_PROVIDER'] === '1') serve();
