/**
 * A far end for benchmarks, in a process of its own: every dialect, answered from memory by uWebSockets.js. The model
 * decides how (`bench-answers.ts`): a short document, 100 text deltas as a document or as a stream that is sent as fast
 * as the client takes it (several events to a write), or a paced stream. `GET /constant/BYTES` is a page of that size.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type EngineResponse, loadEngine } from '../../worker/http/engine';
import { DELTAS, FORMS, MARK, paceOf, SHORT_MARKS, SHORT_MODEL, STREAM_MODEL } from './bench-answers';
import { type PacedForm, PacedStreams, pacedForm, writeHead } from './paced-streams';

const EVENTS_A_WRITE = 10;
/** Of a request's body so much is looked at: model and `stream` come early, or the body is short. */
const LOOKED_AT_BYTES = 2048;

export interface BenchProvider {
  url: string;
  pid: number;
  stop: () => void;
}

/** Starts it. `stop` ends the process, which also ends with this one. */
export async function forkBenchProvider(): Promise<BenchProvider> {
  const child = fork(__filename, { env: { ...process.env, CCPROXY_BENCH_PROVIDER: '1' } });
  const [port] = (await once(child, 'message')) as [number]; // What it sends.
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => child.kill('SIGKILL') };
}

/** A dialect's answers, ready to send. */
interface Answers {
  short: string;
  document: string;
  writes: Buffer[];
  paced: PacedForm;
}

const PATHS = [
  ['/v1/messages', FORMS.anthropic],
  ['/v1/chat/completions', FORMS.openai],
  [`/v1beta/models/${STREAM_MODEL}:streamGenerateContent`, FORMS.gemini],
  [`/v1beta/models/${STREAM_MODEL}:generateContent`, FORMS.gemini],
] as const;

function serve(): void {
  const engine = loadEngine();
  const app = engine.createApp();
  const paced = new PacedStreams();
  for (const [path, form] of PATHS) {
    const answers = answersOf(form);
    app.any(path, (res) => {
      let leave = () => {};
      let gone = false;
      let head = Buffer.alloc(0);
      res.onAborted(() => {
        gone = true;
        leave();
      });
      res.onData((part, isLast) => {
        if (head.length < LOOKED_AT_BYTES) {
          head = Buffer.concat([head, new Uint8Array(part, 0, Math.min(part.byteLength, LOOKED_AT_BYTES))]);
        }
        if (!isLast || gone) return;
        const model = modelOf(head);
        // Gemini says both in its path, the others in their bodies.
        const wantsStream = path.endsWith('streamGenerateContent') || head.includes('"stream":true');
        const pace = paceOf(model);
        if (pace !== null) leave = paced.add(res, answers.paced, pace);
        else if (wantsStream) stream(res, answers.writes, () => gone);
        else whole(res, 'application/json', model === SHORT_MODEL ? answers.short : answers.document);
      });
    });
  }
  app.any('/constant/*', (res, req) => {
    whole(res, 'application/json', constant(Number(req.getUrl().slice('/constant/'.length))));
  });
  app.listen('127.0.0.1', 0, (socket) => process.send?.(engine.localPort(socket)));
  process.on('disconnect', () => process.exit(0));
}

function answersOf(form: (typeof FORMS)['anthropic']): Answers {
  const events = form.events(Array.from({ length: DELTAS }, () => MARK));
  const writes: Buffer[] = [];
  for (let i = 0; i < events.length; i += EVENTS_A_WRITE) {
    writes.push(Buffer.from(events.slice(i, i + EVENTS_A_WRITE).join('')));
  }
  return { short: form.document(SHORT_MARKS), document: form.document(DELTAS), writes, paced: pacedForm(form) };
}

function modelOf(head: Buffer): string {
  const at = head.indexOf('"model":"');
  if (at < 0) return '';
  const from = at + '"model":"'.length;
  return head.toString('latin1', from, head.indexOf('"', from));
}

const constants = new Map<number, string>();

function constant(bytes: number): string {
  const known = constants.get(bytes) ?? 'x'.repeat(bytes);
  constants.set(bytes, known);
  return known;
}

function whole(res: EngineResponse, type: string, document: string): void {
  res.cork(() => {
    writeHead(res, type);
    res.end(document);
  });
}

function stream(res: EngineResponse, writes: readonly Buffer[], isGone: () => boolean): void {
  let next = 0;
  const step = () => {
    if (isGone()) return;
    res.cork(() => {
      if (next === 0) writeHead(res, 'text/event-stream');
      const write = writes[next++];
      if (write !== undefined) res.write(write);
      if (next >= writes.length) res.end();
    });
    if (next < writes.length) setImmediate(step);
  };
  step();
}

if (process.env['CCPROXY_BENCH_PROVIDER'] === '1') serve();
