/**
 * What the estimate of a request's tokens costs: `node dist/test/bench/token-estimate.js`. CPU time of one core, the
 * best of several rounds, on bodies like Claude Code's: a system prompt, 18 tools, and turns of prose, code and tool
 * results. For comparison, what JSON.parse alone would take.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tallyMessages } from '../../worker/gateway/token-estimate';
import { scanMembers } from '../../worker/json/members';
import { ScannedMembers } from '../../worker/json/request-members';

const THRESHOLD = 60_000;
const ROUNDS = 25;
const ROOT = join(__dirname, '../../..');

const prose = readFileSync(join(ROOT, 'README.md'), 'utf8');
const code = readdirSync(join(ROOT, 'worker/gateway'))
  .map((file) => readFileSync(join(ROOT, 'worker/gateway', file), 'utf8'))
  .join('\n');
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K'.repeat(45_000) } };

function bodyOf(bytes: number, images: number): Buffer {
  const tools = Array.from({ length: 18 }, (_, i) => ({
    name: `Tool${i}`,
    description: prose.slice(i * 500, i * 500 + 1200),
    input_schema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { path: {} } },
  }));
  const messages: unknown[] = [];
  for (let at = 0; at < bytes; at += 6000) {
    const slice = (text: string) => {
      const from = (at * 7) % (text.length - 3000);
      return text.slice(from, from + 3000);
    };
    messages.push({ role: 'assistant', content: [{ type: 'tool_use', id: `t${at}`, name: 'Read', input: { at } }] });
    const result = { type: 'tool_result', tool_use_id: `t${at}`, content: [{ type: 'text', text: slice(code) }] };
    messages.push({ role: 'user', content: [result, { type: 'text', text: slice(prose) }] });
  }
  messages.push({ role: 'user', content: Array(images).fill(image) });
  return Buffer.from(JSON.stringify({ model: 'm', system: prose.slice(0, 12_000), tools, messages }));
}

/** Milliseconds of the fastest round. */
function best(work: () => void): string {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.cpuUsage();
    for (let j = 0; j < 4; j++) work();
    // Only the sum is exact: how it is divided is a guess of the kernel's.
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 4000);
  }
  return least.toFixed(2).padStart(7);
}

console.log('body                  bytes  tokens  over 60,000?   whole count   JSON.parse   (ms)');
for (const [name, bytes, images] of [
  ['first turn', 20_000, 0],
  ['200 KB', 170_000, 0],
  ['1 MB', 1_000_000, 0],
  ['1 MB, 2 images', 250_000, 2],
  ['8 MB', 8_000_000, 0],
] as const) {
  const body = bodyOf(bytes, images);
  const scan = scanMembers(body);
  if (!scan.ok) throw new Error(scan.reason);
  const tally = (limit: number) => tallyMessages(new ScannedMembers(body, scan.members), limit);
  const figures = [best(() => tally(THRESHOLD)), best(() => tally(Number.POSITIVE_INFINITY))];
  const parse = best(() => JSON.parse(body.toString('utf8')));
  const tokens = Math.round(tally(Number.POSITIVE_INFINITY).tokens);
  console.log(
    `${name.padEnd(16)} ${String(body.length).padStart(10)} ${String(tokens).padStart(7)} ${figures[0]}        ${figures[1]}      ${parse}`,
  );
}
