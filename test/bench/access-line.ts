/** What an access line costs: `node dist/test/bench/access-line.js`. Formatting and batching, and then also writing. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { AccessLog } from '../../worker/gateway/access-log';
import type { ExchangeRecord } from '../../worker/gateway/exchange-record';

const LINES = 200_000;

const record: ExchangeRecord = {
  requestId: 'req_0123456789abcdef0000001z',
  hasOwnId: true,
  method: 'POST',
  path: '/v1/messages',
  client: '127.0.0.1',
  sessionId: 'c8a0f6de-1111-4222-8333-444455556666',
  model: 'claude-sonnet-4-5',
  route: 'default',
  provider: 'anthropic',
  status: 200,
  failure: '',
  isClientsFault: false,
  abortedIn: null,
  refused: null,
  startedAt: 1000.25,
  sentAt: 1000.5,
  headAt: 1200.75,
  firstTokenAt: 1201,
  endedAt: 3000.125,
  overheadMs: 0.05,
  streamBytes: 12_345,
  usage: { input: 1234, output: 567, cacheRead: 0, cacheCreation: 0 },
};

function measure(name: string, write: (lines: string) => void): void {
  const log = new AccessLog({ write, redact: (text) => text, pretty: false }, 'worker 1');
  for (let i = 0; i < LINES / 10; i++) log.write(record);
  const start = process.cpuUsage();
  for (let i = 0; i < LINES; i++) log.write(record);
  log.flush();
  const { user, system } = process.cpuUsage(start);
  console.log(`${name}: ${((user + system) / LINES).toFixed(2)} µs of CPU a line`);
}

measure('formatted and batched', () => {});
const sink = openSync('/dev/null', 'w');
measure('and written to /dev/null', (lines) => writeSync(sink, lines));
closeSync(sink);
