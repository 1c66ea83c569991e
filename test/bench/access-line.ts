/** What an access line costs: `node dist/test/bench/access-line.js`. Formatting and batching, and then also writing. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { AccessLog } from '../../worker/gateway/access-log';
import { exchangeRecord } from '../support/exchange-record';

/** As many at a time as there mostly are, under load. */
const AT_A_TIME = 64;
const TIMES = 3000;

const record = exchangeRecord({
  requestId: 'req_0123456789abcdef0000001z',
  hasOwnId: true,
  sessionId: 'c8a0f6de-1111-4222-8333-444455556666',
  model: 'claude-sonnet-4-5',
  provider: 'anthropic',
});

const records = new Array(AT_A_TIME).fill(record);

function measure(name: string, write: (lines: string) => void): void {
  const log = new AccessLog({ write, redact: (text) => text, pretty: false }, 'worker 1');
  for (let i = 0; i < TIMES / 10; i++) log.write(records);
  const start = process.cpuUsage();
  for (let i = 0; i < TIMES; i++) log.write(records);
  const { user, system } = process.cpuUsage(start);
  console.log(`${name}: ${((user + system) / TIMES / AT_A_TIME).toFixed(2)} µs of CPU a line`);
}

measure('formatted and batched', () => {});
const sink = openSync('/dev/null', 'w');
measure('and written to /dev/null', (lines) => writeSync(sink, lines));
closeSync(sink);
