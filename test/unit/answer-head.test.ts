/** What is taken for the head of an answer, byte by byte; the fuzz run looks at the rest. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { keptInReadMemory, MAX_MOVED_BYTES, movedToReadMemory, READ_BUFFER, READ_VIEW } from '../../worker/read-buffer';
import { readAnswerHead } from '../../worker/upstream/http1/answer-head';

const START = 'HTTP/1.1 200 OK\r\n';
const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);
/** RFC 9110, 5.6.2 and 5.5. */
const TOKEN = /[!#$%&'*+\-.^_`|~\dA-Za-z]/;
const TEXT = /[\t\x20-\x7e\x80-\xff]/;

/** Reads a head of these bytes that stands somewhere in the read buffer, with old bytes around it. */
function read(text: string, { at = 5, old = 'OLD:X\r\n\r\n' } = {}) {
  READ_BUFFER.write(old, at + text.length, 'latin1');
  READ_BUFFER.write(text, at, 'latin1');
  const head = readAnswerHead(READ_BUFFER, at, at + text.length);
  expect(READ_BUFFER.toString('latin1', at + text.length, at + text.length + old.length)).to.equal(old);
  return head;
}

/** The bytes for which it is a head. */
const taken = (around: (char: string) => string): number[] =>
  EVERY_BYTE.filter((byte) => read(around(String.fromCharCode(byte))) !== null);
const matching = (pattern: RegExp): number[] => EVERY_BYTE.filter((byte) => pattern.test(String.fromCharCode(byte)));

describe('the head of an answer', () => {
  it('has names of tokens, which are put into lower case', () => {
    expect(taken((char) => `${START}x${char}y: 1\r\n\r\n`)).to.deep.equal(matching(/[!#$%&'*+\-.^_`|~\dA-Za-z:]/));
    expect(taken((char) => `${START}${char}: 1\r\n\r\n`)).to.deep.equal(matching(TOKEN));
    for (const byte of matching(TOKEN)) {
      const name = `x-${String.fromCharCode(byte)}`;
      expect(read(`${START}${name}: V\r\n\r\n`)?.fields.lines).to.equal(`\r\n${name.toLowerCase()}: V`);
    }
  });

  it('has values of text, at every place of the sixteen that are looked at together', () => {
    for (let before = 0; before < 17; before++) {
      const pad = 'p'.repeat(before);
      expect(taken((char) => `${START}x: ${pad}${char}q\r\ny: 1\r\n\r\n`)).to.deep.equal(matching(TEXT));
    }
  });

  it('has values without the blanks around them', () => {
    for (const [value, expected] of [
      ['', ''],
      [' \t ', ''],
      ['a', 'a'],
      ['\t a  b\t', 'a  b'],
      [' \xe9\xff ', '\xe9\xff'],
    ] as const) {
      const fields = read(`${START}Content-Type:${value}\r\nX:2\r\n\r\n`)?.fields;
      expect([fields?.contentType, fields?.lines]).to.deep.equal([expected, `\r\ncontent-type:${value}\r\nx:2`]);
    }
  });

  it('lets go on what does not end here, in the lines that it came in', () => {
    for (const [fields, lines] of [
      ['', ''],
      ['Date: d\r\nTE: x\r\n', ''],
      ['A: 1\r\nDate: d\r\nB:\t2 \r\n', '\r\na: 1\r\nb:\t2 '],
      ['Date: d\r\nA: 1\r\nA: 2\r\nTE: x\r\nTE: y\r\nC:\r\n', '\r\na: 1\r\na: 2\r\nc:'],
      ['A: 1\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Hops: 2\r\nConnection: A\r\n', '\r\nx-hops: 2'],
      ['Connection: keep-alive\r\nA: 1\r\n', '\r\na: 1'],
      ['Connection: close,, X-Hop,\r\nA: 1\r\nX-Hop: 1\r\nB: 2\r\n', '\r\na: 1\r\nb: 2'],
      ['X-Hop: 1\r\nConnection: x-hop\r\n', ''],
    ] as const) {
      expect(read(`${START}${fields}\r\n`)?.fields.lines).to.equal(lines);
    }
  });

  it('lets none of those pass that end here', () => {
    const names = ['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Connection', 'TE'];
    names.push('Trailer', 'Upgrade', 'Request-ID', 'Date');
    for (const what of ['Provider', 'Model', 'Route']) names.push(`X-CCProxy-${what}`);
    for (const name of names) {
      expect(read(`${START}A: 1\r\n${name}: x\r\nB: 2\r\n\r\n`)?.fields.lines, name).to.equal('\r\na: 1\r\nb: 2');
    }
  });

  it('says whether the connection is kept', () => {
    const kept = (version: string, connection: string) =>
      read(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${connection}\r\n`)?.keepsAlive;
    for (const [connection, old, now] of [
      ['', false, true],
      ['Connection: keep-alive\r\n', true, true],
      ['Connection: Keep-Alive , x\r\n', true, true],
      ['Connection: close\r\n', false, false],
      ['Connection: keep-alive\r\nConnection: x, CLOSE\r\n', false, false],
      ['Connection: x\r\n', false, true],
    ] as const) {
      expect([kept('1.0', connection), kept('1.1', connection)], connection).to.deep.equal([old, now]);
    }
  });

  it('knows a name by all of its bytes', () => {
    const long = 'y'.repeat(40);
    for (const name of ['Date', 'TE', 'Upgrade', 'Request-ID', 'Proxy-Authorization', 'X-CCProxy-Provider']) {
      expect(read(`${START}${name}: ${long}\r\n\r\n`)?.fields.lines, name).to.equal('');
      for (const [i, char] of [...name].entries()) {
        for (const other of ['', `${char}z`, '0']) {
          const unknown = name.slice(0, i) + other + name.slice(i + 1);
          const lines = `\r\n${unknown}: ${long}`.toLowerCase();
          expect(read(`${START}${unknown}: ${long}\r\n\r\n`)?.fields.lines).to.equal(lines);
        }
      }
    }
    for (const length of [30, 31, 32, 33, 64, 1000]) {
      const line = `${'n'.repeat(length)}: 1`;
      expect(read(`${START}${line}\r\n\r\n`)?.fields.lines).to.equal(`\r\n${line}`);
    }
  });

  it('tells whether all of it is ASCII, wherever a byte is that is not', () => {
    for (let before = 0; before < 34; before++) {
      const value = `${'p'.repeat(before)}\xe9${'p'.repeat(33 - before)}`;
      expect(read(`${START}A: ${value}\r\nB: 1\r\n\r\n`)?.fields.isAscii, `${before} before`).to.equal(false);
    }
    expect(read(`${START}A: 1\r\nB: ${'p'.repeat(100)}\r\n\r\n`, { old: '\xe9'.repeat(40) })?.fields.isAscii).to.equal(
      true,
    );
  });

  it('begins with a version that is known, and three digits', () => {
    const start = (version: string, rest = ' 200 OK') => read(`HTTP/${version}${rest}\r\n\r\n`) !== null;
    expect(['1.0', '1.1', '1.2', '0.9', '2.0', '1,1'].map((version) => start(version))).to.deep.equal([
      true,
      true,
      ...Array(4).fill(false),
    ]);
    for (const place of [0, 1, 2]) {
      const digits = (char: string) => `HTTP/1.1 ${'200'.slice(0, place)}${char}${'200'.slice(place + 1)} OK\r\n\r\n`;
      expect(taken(digits)).to.deep.equal(matching(place === 0 ? /[1-9]/ : /\d/));
    }
    expect(taken((char) => `HTTP/1.1 200${char}OK\r\n\r\n`)).to.deep.equal(matching(/ /));
    expect(taken((char) => `HTTP/1.1 200 O${char}K\r\n\r\n`)).to.deep.equal(matching(TEXT));
    expect(['HTTP/1.1 200\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n'].map((text) => read(text)?.status)).to.deep.equal([
      200, 200,
    ]);
  });

  it('ends every line with CR and LF', () => {
    const whole = `${START}a: 1\r\nb:2\r\n\r\n`;
    for (const [i, char] of [...whole].entries()) {
      if (char !== '\r' && char !== '\n') continue;
      for (const other of ['', 'x', ' ', char === '\r' ? '\n' : '\r']) {
        expect(read(whole.slice(0, i) + other + whole.slice(i + 1))).to.equal(null);
      }
    }
  });

  it('is none while a byte of it is missing, whatever was read there before', () => {
    const whole = `${START}Content-Length: 2\r\nX: \t \r\n\r\n`;
    for (let bytes = 0; bytes < whole.length; bytes++) {
      expect(read(whole.slice(0, bytes), { old: whole.slice(bytes) }), `${bytes} bytes`).to.equal(null);
    }
    expect(read(whole)?.size).to.equal(whole.length);
  });

  it('may lie at the end of the read buffer, or elsewhere in its memory', () => {
    const text = `${START}a: 1\r\n\r\n`;
    const at = READ_BUFFER.length - text.length;
    READ_BUFFER.write(text, at, 'latin1');
    expect(readAnswerHead(READ_BUFFER, at, READ_BUFFER.length)?.size).to.equal(text.length);
    const moved = movedToReadMemory(Buffer.from(`12345${text}`));
    expect(readAnswerHead(moved, 5, moved.length)?.size).to.equal(text.length);
  });

  it('may have as many fields as there is room for, and nothing else in the memory changes', () => {
    const sought = keptInReadMemory('what is looked for');
    const count = Math.floor((MAX_MOVED_BYTES - START.length - 2) / 5);
    const text = `${START}${'TE:\r\n'.repeat(count)}\r\n`;
    const between = () => Buffer.from(READ_VIEW.buffer, 2 * MAX_MOVED_BYTES, MAX_MOVED_BYTES / 2).toString('latin1');
    const before = between();
    const head = readAnswerHead(movedToReadMemory(Buffer.from(text)), 0, text.length);
    expect([head?.size, head?.fields.lines]).to.deep.equal([text.length, '']);
    expect(sought.toString()).to.equal('what is looked for');
    expect(between()).to.equal(before);
  });
});
