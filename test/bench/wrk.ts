/** A closed-loop load by wrk, which looks at every answer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OutputLines } from '../support/output-lines';
import type { Exchange, Expected } from './exchange';
import type { Reaper } from './reaper';

export interface WrkReport {
  requests: number;
  seconds: number;
}

export interface WrkOptions {
  connections: number;
  /** Whole ones. */
  seconds: number;
}

/** @throws Error with what was wrong when an answer was not as expected */
export async function runWrk(
  { reaper, dir }: { reaper: Reaper; dir: string },
  exchange: Exchange,
  expected: Expected,
  { connections, seconds }: WrkOptions,
): Promise<WrkReport> {
  const script = join(dir, 'request.lua');
  writeFileSync(script, scriptOf(exchange, expected));
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, exchange.url];
  const child = reaper.spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = new OutputLines([child.stdout, child.stderr].filter((stream) => stream !== null));
  await lines.closed;
  if (child.pid !== undefined) await reaper.end(child.pid);
  const found = /^bench requests=(\d+) micros=(\d+) failures=(\d+) reason=(.*)$/m.exec(lines.text());
  const [, requests, micros, failures, reason] = found ?? [];
  if (failures !== '0') throw new Error(`wrk: ${failures ?? '?'} failures, ${reason || lines.text()}`);
  if (requests === '0') throw new Error(`wrk: not a single answer within ${seconds} s`);
  return { requests: Number(requests), seconds: Number(micros) / 1e6 };
}

function scriptOf({ method, headers, body }: Exchange, expected: Expected): string {
  return [
    `wrk.method = "${method}"`,
    ...(body === '' ? [] : [`wrk.body = ${luaString(body)}`]),
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[ ${luaString(name)} ] = ${luaString(value)}`),
    LOOK,
    `local function wrong(body) ${wrongWhen(expected)} end`,
    DONE,
  ].join('\n');
}

/** Lua that returns what is wrong with `body`, or nothing. */
function wrongWhen({ bytes, text, times }: Expected): string {
  if (bytes !== null) return `if #body ~= ${bytes} then return #body .. " bytes instead of ${bytes}" end`;
  return `local times = count(body, ${luaString(text)}); if times ~= ${times} then return "the text came " .. times .. " times, not ${times}" end`;
}

const LOOK = `
bad, reason = 0, ""
local function count(body, text)
  local found, at = 0, 1
  while true do
    local first, last = body:find(text, at, true)
    if not first then return found end
    found, at = found + 1, last + 1
  end
end`;

/** wrk counts answers of status 400 and more as errors of its own. */
const DONE = `
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function response(status, headers, body)
  local what = status ~= 200 and "status " .. status or wrong(body)
  if what then
    bad = bad + 1
    reason = what
  end
end
function done(summary)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.timeout
  local why = failures > 0 and string.format("connect %d, read %d, write %d, timeout %d", errors.connect, errors.read, errors.write, errors.timeout) or ""
  for _, thread in ipairs(threads) do
    failures = failures + thread:get("bad")
    why = why .. thread:get("reason")
  end
  io.write(string.format("bench requests=%d micros=%d failures=%d reason=%s\\n", summary.requests, summary.duration, failures, why))
end`;

function luaString(text: string): string {
  let level = '';
  while (text.includes(`]${level}]`)) level += '=';
  return `[${level}[${text}]${level}]`;
}
