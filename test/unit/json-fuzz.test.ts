/**
 * Differential fuzzing of the scan and the splice against JSON.parse. `FUZZ_SEED` repeats a run (it is in the test's
 * name and in every failure), `FUZZ_CASES` sets its length.
 */
import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { memberValue, type ScannedObject, scanMembers } from '../../worker/json/members';
import { spliceMembers } from '../../worker/json/splice';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 32) >>> 0;
const CASES = Number(process.env['FUZZ_CASES'] ?? 20_000);

/** mulberry32: 32 bits of state, good enough to choose cases, the same everywhere. */
let state = SEED;
function below(limit: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
}

function pick<T>(choices: readonly [T, ...T[]]): T {
  return choices[below(choices.length)] ?? choices[0];
}

function times(limit: number, make: () => string): string {
  return Array.from({ length: below(limit) }, make).join('');
}

const space = () => (below(3) === 0 ? times(4, () => pick([' ', '\n', '\r', '\t'])) : '');
const digits = () => pick(['0', '7', '12', '900', '123456789012345678901234567890']);
const piece = () =>
  pick([
    'a',
    'model',
    'x'.repeat(below(20)),
    ' ',
    '/',
    '\x7f',
    'é',
    '中',
    '\u2028',
    '\ufffd',
    '😀',
    '!',
    '#',
    '[',
    '}',
    ']',
    '{',
    ',',
  ]) +
  (below(4) > 0
    ? ''
    : pick(['\\"', '\\\\', '\\/', '\\b', '\\n', '\\u0061', '\\u00E9', '\\ud83d\\ude00', '\\uD800', '\\u0000']));
const string = () => `"${times(6, piece)}"`;
const name = () =>
  below(2) === 0
    ? string()
    : pick(['"model"', '"mod\\u0065l"', '"\\u006dodel"', '"stream"', '"a"', '"\\u0061"', '""', '"__proto__"']);
const number = () =>
  pick(['', '-']) +
  pick(['0', '1', `9${digits()}`]) +
  pick(['', '', `.${digits()}`]) +
  pick(['', '', pick(['e', 'E', 'e+', 'E-']) + digits()]);

function value(depth: number): string {
  switch (below(depth > 4 ? 4 : 7)) {
    case 0:
    case 1:
      return string();
    case 2:
      return number();
    case 3:
      return pick(['true', 'false', 'null']);
    case 4:
      return `[${list(() => value(depth + 1))}]`;
    default:
      return `{${list(() => `${name()}${space()}:${space()}${value(depth + 1)}`)}}`;
  }
}

function list(item: () => string): string {
  return space() + Array.from({ length: below(5) }, () => space() + item() + space()).join(',');
}

function document(): Buffer {
  const root = below(10) === 0 ? value(0) : `{${list(() => `${name()}${space()}:${space()}${value(1)}`)}}`;
  return Buffer.from(space() + root + space());
}

/** Bytes that are likely to matter to a scanner, as Latin-1. */
const POISON: [string, ...string[]] = [
  '#',
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '-',
    '+',
    '.',
    'e',
    '0',
    '00',
    '01',
    '1.',
    '.5',
    '1e',
    '-0',
    '1e999',
    'NaN',
    'tru',
    'nul',
  ],
  ...[
    '\0',
    '\x1f',
    '\n',
    '\v',
    '\f',
    '\x7f',
    '\x80',
    '\xa0',
    '\xc2\xa0',
    '\xef\xbb\xbf',
    '\xff',
    '\xc0\xaf',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
  ],
  ...[
    '\\u',
    '\\u12',
    '\\uD8',
    '\\x41',
    "\\'",
    '//',
    '/**/',
    "'",
    'undefined',
    ',,',
    '[]',
    '{}',
    '""',
    '"a":1,',
    '"model":"x",',
    'true',
    'null',
  ],
];

function mutate(body: Buffer): Buffer {
  let text = body.toString('latin1');
  for (let rounds = 1 + below(3); rounds > 0; rounds--) {
    const at = below(text.length + 1);
    const to = at + below(6);
    const cut = text.slice(at, to);
    switch (below(6)) {
      case 0:
        text =
          text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << below(8))) + text.slice(at + 1);
        break;
      case 1:
        text = below(2) === 0 ? text.slice(0, at) : text.slice(0, at) + text.slice(to);
        break;
      case 2:
        text = text.slice(0, at) + cut + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at) + pick(POISON) + text.slice(to);
        break;
      default:
        text = text.slice(0, at) + pick(POISON) + text.slice(at);
    }
  }
  return Buffer.from(text, 'latin1');
}

function parsed(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString()) };
  } catch {
    return undefined;
  }
}

/** The body without the values of its members: all that a splice must leave alone, but for what it inserts. */
function skeleton(body: Buffer, { members, shadowed }: ScannedObject): string {
  const ranges = [...members.values(), ...shadowed.map(({ range }) => range)].sort((a, b) => a.start - b.start);
  let rest = '';
  let from = 0;
  for (const { start, end } of ranges) {
    rest += body.toString('latin1', from, start);
    from = end;
  }
  return rest + body.toString('latin1', from);
}

/** What is wrong with the scan or a splice of this body; undefined where all is as JSON.parse has it. */
function fault(body: Buffer): string | undefined {
  const scan = scanMembers(body);
  const oracle = isUtf8(body) ? parsed(body) : undefined;
  const object = oracle?.value;
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    if (scan.ok) return 'accepted';
    if (oracle !== undefined && scan.kind !== 'not-object') return `valid, but no object, and called ${scan.kind}`;
    if (!isUtf8(body) && scan.kind !== 'utf8') return `not UTF-8, and called ${scan.kind}`;
    return scan.offset <= body.length ? undefined : 'offset behind the end';
  }
  if (!scan.ok) return `refused: ${scan.reason}`;
  const entries = Object.fromEntries([...scan.members].map(([key, range]) => [key, memberValue(body, range)]));
  if (!isDeepStrictEqual(entries, object)) return 'other members than JSON.parse';
  return spliceFault(body, scan, object);
}

function spliceFault(body: Buffer, scan: ScannedObject, object: object): string | undefined {
  const news = pick([
    ['model', 'b"é'],
    ['model', 3],
    ['stream', true],
    ['__proto__', { a: [1] }],
    ['a', null],
    ['\n', 'x'],
  ]);
  const overrides = Object.fromEntries([
    news,
    ...[...scan.members.keys()].filter(() => below(4) === 0).map((key) => [key, below(9)]),
  ]);
  const inserted = Object.keys(overrides).filter((key) => !scan.members.has(key));
  const result = Buffer.concat(spliceMembers(body, scan, overrides));
  const expected = Object.fromEntries([...Object.entries(object), ...Object.entries(overrides)]);
  if (!isDeepStrictEqual(parsed(result)?.value, expected)) return `splice gives ${result}`;
  const rescan = scanMembers(result);
  if (!rescan.ok || !isDeepStrictEqual(rescan.duplicates, scan.duplicates)) return `splice gives ${result}`;
  for (const [key, { start, end }] of scan.members) {
    if (Object.hasOwn(overrides, key)) continue;
    const now = rescan.members.get(key);
    if (now === undefined || !result.subarray(now.start, now.end).equals(body.subarray(start, end)))
      return `splice changed ${key}`;
  }
  const names = inserted.map((key) => `${Buffer.from(JSON.stringify(key)).toString('latin1')}:`).join(',');
  const at = scan.objectStart + 1;
  const before = skeleton(body, scan);
  const wanted = before.slice(0, at) + names + (names !== '' && scan.members.size > 0 ? ',' : '') + before.slice(at);
  return skeleton(result, rescan) === wanted ? undefined : `splice gives other bytes: ${result}`;
}

describe('scanMembers and spliceMembers against JSON.parse', () => {
  it(`agree on ${CASES} generated documents (FUZZ_SEED=${SEED})`, function () {
    this.timeout(20_000 + CASES);
    let accepted = 0;
    for (let i = 0; i < CASES; i++) {
      const valid = document();
      const body = i % 3 === 0 ? valid : mutate(valid);
      const wrong = fault(body);
      if (wrong !== undefined) {
        throw new Error(
          `${wrong}\ncase ${i}, FUZZ_SEED=${SEED}: ${JSON.stringify(body.toString('latin1'))} (as Latin-1)`,
        );
      }
      if (scanMembers(body).ok) accepted++;
    }
    // A generator that makes only garbage, or none, tests nothing.
    if (accepted < CASES / 4 || accepted > CASES * 0.75) throw new Error(`${accepted} of ${CASES} accepted`);
  });
});
