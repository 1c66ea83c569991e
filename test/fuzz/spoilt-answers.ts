/** Answers with one thing wrong, each by its name. */
import type { Random } from '../chaos/random';
import type { Parts } from './legal-answers';

export interface Spoiler {
  kind: string;
  /** False where taking the answer does no harm, and the clients may differ. */
  mustFail: boolean;
  /** Changes the parts, or gives null where it has nothing to change. */
  spoil: (random: Random, parts: Parts) => Parts | null;
}

const headLine = (kind: string, mustFail: boolean, lines: readonly string[]): Spoiler => ({
  kind,
  mustFail,
  spoil: (random, parts) => ({ ...parts, fields: inserted(random, parts.fields, random.pick(lines)) }),
});

const statusLine = (kind: string, mustFail: boolean, change: (line: string, random: Random) => string): Spoiler => ({
  kind,
  mustFail,
  spoil: (random, parts) => ({ ...parts, statusLine: change(parts.statusLine, random) }),
});

/** In place of the field that gives the length. */
const length = (kind: string, mustFail: boolean, lines: (length: number, random: Random) => string[]): Spoiler => ({
  kind,
  mustFail,
  spoil: (random, parts) => {
    if (parts.framing !== 'length') return null;
    return { ...parts, fields: replaced(parts.fields, /^content-length:/i, lines(parts.meaning.body.length, random)) };
  },
});

const coding = (kind: string, mustFail: boolean, lines: readonly (readonly string[])[]): Spoiler => ({
  kind,
  mustFail,
  spoil: (random, parts) => {
    if (parts.framing !== 'chunked') return null;
    return { ...parts, fields: replaced(parts.fields, /^transfer-encoding:/i, random.pick(lines)) };
  },
});

/** In place of the body of a chunked answer. */
const chunks = (kind: string, mustFail: boolean, bodies: readonly string[]): Spoiler => ({
  kind,
  mustFail,
  spoil: (random, parts) =>
    parts.framing === 'chunked' ? { ...parts, wireBody: Buffer.from(random.pick(bodies), 'latin1') } : null,
});

export const SPOILERS: readonly Spoiler[] = [
  statusLine('version unknown', true, (line, random) =>
    line.replace(
      /^HTTP\/1\.\d/,
      random.pick(['HTTP/2.0', 'HTTP/1', 'HTTP/11.1', 'HTTP/1.1.1', 'HTTP/', 'HTTQ/1.1', 'HTP/1.1', 'ICY']),
    ),
  ),
  statusLine('version in small letters', true, (line) => line.replace('HTTP', 'http')),
  statusLine('version 1.2 or 0.9', false, (line, random) =>
    line.replace(/^HTTP\/1\.\d/, random.pick(['HTTP/1.2', 'HTTP/0.9', 'HTTP/1.9'])),
  ),
  statusLine('status no number of three digits', true, (line, random) =>
    line.replace(/ \d{3} /, random.pick([' 20 ', ' 2000 ', ' 2x0 ', ' -20 ', ' 2 00 ', '  ', ' +200 ', ' 0x1 '])),
  ),
  statusLine('status below 100', true, (line, random) =>
    line.replace(/ \d{3} /, random.pick([' 000 ', ' 099 ', ' 007 '])),
  ),
  statusLine('two spaces before the status', true, (line) => line.replace(' ', '  ')),
  statusLine('no space before the reason', false, (line) => line.replace(/^(\S+ \d{3}).*$/s, '$1')),
  statusLine(
    'control character in the reason',
    true,
    (line, random) => `${line}${random.pick(['\0', '\r', '\n', 'a\rb', 'a\0b'])}x`,
  ),
  statusLine(
    'blank lines before the status line',
    false,
    (line, random) => `${random.pick(['\r\n', '\r\n\r\n', '\n'])}${line}`,
  ),
  statusLine('space before the status line', true, (line) => ` ${line}`),
  statusLine('switching protocols', true, () => 'HTTP/1.1 101 Switching Protocols'),
  headLine('space before the colon', true, ['x-a : 1', 'x-a\t: 1']),
  headLine('space within a name', true, ['x a: 1', 'x\ta: 1']),
  headLine('field without a colon', true, ['x-a', 'x-a;1']),
  headLine('empty name', true, [': 1', ':']),
  headLine('name no token', true, ['x(a): 1', 'x-\xe4: 1', 'x"a: 1', 'x\0a: 1', 'x@a: 1', 'x/a: 1', 'x\x7fa: 1']),
  headLine('NUL, CR or LF in a value', true, [
    'x-a: a\0b',
    'x-a: a\rb',
    'x-a: \0',
    'x-a: a\r',
    'x-a:\r1',
    'x-a: a\r\r',
  ]),
  headLine('control character in a value', false, [
    'x-a: a\x01b',
    'x-a: a\x7fb',
    'x-a: \x1b[1m',
    'x-a: a\x0bb',
    'x-a: a\x08',
  ]),
  headLine('line ended by LF alone', false, ['x-a: 1\nx-b: 2', 'x-a:\nx-b: 2']),
  headLine('folded line', true, ['x-a: 1\r\n 2', 'x-a: 1\r\n\t2', 'x-a:\r\n 2', 'x-a: 1\r\n ']),
  {
    kind: 'folded first line',
    mustFail: true,
    spoil: (random, parts) => ({ ...parts, fields: [random.pick([' x-a: 1', '\tx-a: 1', ' ']), ...parts.fields] }),
  },
  {
    kind: 'head ended by LF alone',
    mustFail: false,
    spoil: (_, parts) => ({ ...parts, fields: [...parts.fields.slice(0, -1), `${parts.fields.at(-1)}\n`] }),
  },
  {
    kind: 'head too large',
    mustFail: true,
    spoil: (random, parts) => ({ ...parts, fields: inserted(random, parts.fields, ...oversized(random)) }),
  },
  {
    kind: 'interim heads too large',
    mustFail: true,
    spoil: (_, parts) => ({
      ...parts,
      interim: Array.from({ length: 20 }, () => `HTTP/1.1 103 Early Hints\r\nlink: ${'y'.repeat(4000)}\r\n\r\n`),
    }),
  },
  {
    kind: 'interim answer that ends the connection',
    mustFail: false,
    spoil: (random, parts) => ({
      ...parts,
      interim: [random.pick(['HTTP/1.0 103 X\r\n\r\n', 'HTTP/1.1 103 X\r\nconnection: close\r\n\r\n'])],
    }),
  },
  {
    kind: 'interim answer with a length',
    mustFail: false,
    spoil: (_, parts) => ({ ...parts, interim: ['HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n'] }),
  },
  {
    kind: 'interim answer in chunks',
    mustFail: false,
    spoil: (_, parts) => ({ ...parts, interim: ['HTTP/1.1 103 Early Hints\r\ntransfer-encoding: chunked\r\n\r\n'] }),
  },
  length('tab behind the length', false, (size) => [`content-length: ${size}\t`]),
  coding('tab behind the coding', false, [['transfer-encoding: chunked\t']]),
  length('length twice, the same', false, (size) => [`content-length: ${size}`, `Content-Length: ${size}`]),
  length('length as a list of the same', false, (size) => [`content-length: ${size}, ${size}`]),
  length('lengths that differ', true, (size, random) =>
    random.pick([
      [`content-length: ${size}`, `content-length: ${size + 1}`],
      [`content-length: ${size}, ${size + 1}`],
      [`content-length: ${size + 1}`, `content-length: ${size}`],
    ]),
  ),
  length('length no number', true, (size, random) => [
    `content-length: ${random.pick([`+${size}`, `-${size}`, `${size}.0`, `${size}x`, `0x${size}`, '', `${size} ${size}`, 'abc', `${size};`, '\xb2', `"${size}"`, `${size}e0`, `${size},`, `,${size}`])}`,
  ]),
  length('length beyond every number', true, (_, random) => [
    `content-length: ${random.pick(['18446744073709551616', '99999999999999999999', '18446744073709551615', '9007199254740993', '1'.repeat(400)])}`,
  ]),
  length('length with zeros before', false, (size) => [`content-length: 000${size}`]),
  length('length and chunked', true, (size, random) =>
    random.pick([
      [`content-length: ${size}`, 'transfer-encoding: chunked'],
      ['Transfer-Encoding: chunked', `Content-Length: ${size}`],
    ]),
  ),
  length('length and an unknown coding', true, (size) => [`content-length: ${size}`, 'transfer-encoding: gzip']),
  {
    kind: 'chunked and length',
    mustFail: true,
    spoil: (random, parts) =>
      parts.framing === 'chunked'
        ? { ...parts, fields: inserted(random, parts.fields, `content-length: ${parts.wireBody.length}`) }
        : null,
  },
  coding('coding unknown', true, [
    ['transfer-encoding: gzip'],
    ['transfer-encoding: xchunked'],
    ['transfer-encoding: chunkedx'],
    ['transfer-encoding: "chunked"'],
    ['transfer-encoding: chunk'],
    ['transfer-encoding:'],
    ['transfer-encoding: chunked;q=1'],
    ['transfer-encoding: identity'],
    ['transfer-encoding: \x0bchunked'],
  ]),
  coding('chunked not last or not alone', true, [
    ['transfer-encoding: chunked, gzip'],
    ['transfer-encoding: chunked', 'transfer-encoding: gzip'],
    ['transfer-encoding: chunked, chunked'],
    ['transfer-encoding: chunked', 'transfer-encoding: chunked'],
  ]),
  coding('another coding before chunked', false, [
    ['transfer-encoding: gzip, chunked'],
    ['transfer-encoding: gzip', 'transfer-encoding: chunked'],
    ['transfer-encoding: identity, chunked'],
  ]),
  coding('chunked in a list with gaps', false, [
    ['transfer-encoding: ,chunked'],
    ['transfer-encoding: chunked,'],
    ['transfer-encoding: , chunked'],
  ]),
  {
    kind: 'chunked in HTTP/1.0',
    mustFail: false,
    spoil: (_, parts) =>
      parts.framing === 'chunked'
        ? { ...parts, interim: [], statusLine: parts.statusLine.replace('1.1', '1.0') }
        : null,
  },
  chunks('chunk size no number', true, [
    'x\r\na\r\n0\r\n\r\n',
    '0x1\r\na\r\n0\r\n\r\n',
    '-1\r\na\r\n0\r\n\r\n',
    '+1\r\na\r\n0\r\n\r\n',
    '\r\na\r\n0\r\n\r\n',
    '1g\r\na\r\n0\r\n\r\n',
    ' 1\r\na\r\n0\r\n\r\n',
    ';a\r\na\r\n0\r\n\r\n',
    '\t1\r\na\r\n0\r\n\r\n',
    '1_0\r\na\r\n0\r\n\r\n',
    '1 1\r\na\r\n0\r\n\r\n',
  ]),
  chunks('chunk size beyond every number', true, [
    'fffffffffffffffff\r\na\r\n0\r\n\r\n',
    '10000000000000001\r\na\r\n0\r\n\r\n',
    `${'f'.repeat(300)}\r\na\r\n0\r\n\r\n`,
  ]),
  chunks('chunk size with spaces', false, [
    '1 \r\na\r\n0\r\n\r\n',
    '1\t\r\na\r\n0\r\n\r\n',
    '1 ;a\r\na\r\n0\r\n\r\n',
    '1; a=b\r\na\r\n0\r\n\r\n',
    '1\r\na\r\n0 \r\n\r\n',
  ]),
  chunks('chunk size line ended wrongly', true, [
    '1\na\r\n0\r\n\r\n',
    '1\r\na\r\n0\n\r\n',
    '1\ra\r\n0\r\n\r\n',
    '1\r\ra\r\n0\r\n\r\n',
    '1\r\n\na\r\n0\r\n\r\n',
  ]),
  chunks('chunk not ended by CRLF', true, [
    '1\r\nab\r\n0\r\n\r\n',
    '1\r\na0\r\n\r\n',
    '1\r\na\n0\r\n\r\n',
    '1\r\na\r0\r\n\r\n',
    '1\r\na\r\r\n0\r\n\r\n',
    '1\r\na\n\n0\r\n\r\n',
    '2\r\na\r\n0\r\n\r\n',
  ]),
  chunks('control character in an extension', true, [
    '1;a\0b\r\na\r\n0\r\n\r\n',
    '1;a\rb\r\na\r\n0\r\n\r\n',
    '1;a\nb\r\na\r\n0\r\n\r\n',
    '1;a="\r"\r\na\r\n0\r\n\r\n',
  ]),
  chunks('extension that is no token', false, [
    '1;\xe4\r\na\r\n0\r\n\r\n',
    '1;a=b c\r\na\r\n0\r\n\r\n',
    '1;;\r\na\r\n0\r\n\r\n',
    '1;="\r\na\r\n0\r\n\r\n',
    '1;a="\r\na\r\n0\r\n\r\n',
    '1;\r\na\r\n0\r\n\r\n',
  ]),
  chunks('extension without end', true, [`1;${'e'.repeat(100_000)}\r\na\r\n0\r\n\r\n`]),
  chunks('trailer wrong', true, [
    '0\r\nx\r\n\r\n',
    '0\r\n: 1\r\n\r\n',
    '0\r\nx : 1\r\n\r\n',
    '0\r\nx: a\0b\r\n\r\n',
    '0\r\n x: 1\r\n\r\n',
    '0\r\nx: 1\r\n 2\r\n\r\n',
    '0\r\nx: a\rb\r\n\r\n',
  ]),
  chunks('trailers without end', true, [`0\r\n${`x: ${'t'.repeat(1000)}\r\n`.repeat(100)}\r\n`]),
  chunks('trailer that frames', false, [
    '1\r\na\r\n0\r\ncontent-length: 5\r\n\r\n',
    '1\r\na\r\n0\r\ntransfer-encoding: chunked\r\n\r\n',
  ]),
  chunks('end wrong', true, ['0\r\n\n', '0\r\n\rX', '0\r\n\0\r\n']),
];

/** Larger than any head may be. */
function oversized(random: Random): string[] {
  if (random.next() < 0.4) return [`x-large: ${'v'.repeat(70_000)}`];
  if (random.next() < 0.3) return [`x-${'n'.repeat(70_000)}: 1`];
  return Array.from({ length: 80 }, (_, at) => `x-${at}: ${'v'.repeat(1000)}`);
}

function inserted(random: Random, lines: readonly string[], ...more: string[]): string[] {
  const at = random.between(0, lines.length);
  return [...lines.slice(0, at), ...more, ...lines.slice(at)];
}

function replaced(lines: readonly string[], pattern: RegExp, by: readonly string[]): string[] {
  return lines.flatMap((line) => (pattern.test(line) ? by : [line]));
}
