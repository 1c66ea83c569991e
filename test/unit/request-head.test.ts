import { expect } from 'chai';
import { NameTable } from '../../worker/http/name-table';
import { lastOf, remembered } from '../../worker/http/remembered';
import { headProblem } from '../../worker/http/request-head';
import { headOf } from '../support/request-head';

describe('the head of a request', () => {
  it('holds one char per byte, whichever header has more than ASCII', () => {
    const head = headOf({ host: 'x', 'x-one': 'naïve', 'x-two': ['plain', '東'] });
    const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
    expect(head.headers).to.deep.equal([
      ...['host', 'x', 'x-one', bytes('naïve'), 'x-two', 'plain', 'x-two', bytes('東')],
    ]);
    expect(headOf({ host: 'x', 'x-two': 'plain' }).headers).to.deep.equal(['host', 'x', 'x-two', 'plain']);
  });

  it('shares the block of headers with the one before when they are the same, whatever its length', () => {
    const first = headOf({ host: 'x', 'content-length': '5', 'x-a': ['1', '2'] });
    const again = headOf({ host: 'x', 'x-a': ['1', '2'], 'content-length': '17' });
    expect(again.block).to.equal(first.block);
    expect([first.contentLength, again.contentLength]).to.deep.equal(['5', '17']);
    for (const other of [{ host: 'x' }, { host: 'x', 'x-a': ['1', '3'] }, { host: 'x', 'x-b': ['1', '2'] }, {}]) {
      const head = headOf(other);
      expect(head.headers).to.deep.equal(Object.entries(other).flatMap(([n, v]) => [v].flat().flatMap((w) => [n, w])));
      expect(head.meanings).to.have.length(head.headers.length / 2);
      expect(head.contentLengths).to.equal(0);
    }
    expect(first.headers).to.deep.equal(['host', 'x', 'x-a', '1', 'x-a', '2']);
  });

  it('tells credentials apart, of whatever length they are', () => {
    for (const name of ['authorization', 'x-api-key']) {
      for (const value of ['key', 'key', 'kez', 'ke', 'keyy', '', 'key\0', 'key']) {
        expect(headOf({ host: 'x', [name]: value }).headers, name).to.deep.equal(['host', 'x', name, value]);
      }
    }
    const [first, again] = [headOf({ host: 'x', authorization: 'k' }), headOf({ host: 'x', authorization: 'k' })];
    expect(again.block).to.equal(first.block);
  });

  it('takes no header for one before it that was other bytes', () => {
    const decoded = (value: string) => headOf({ host: 'x', 'x-a': value }).headers[3];
    expect(decoded('\xe4')).to.equal('\xc3\xa4');
    expect(decoded('\xc3\xa4')).to.equal('\xc3\x83\xc2\xa4');
    expect(decoded('\xc3\xa4')).to.equal('\xc3\x83\xc2\xa4');
  });

  it('knows what names mean, and takes no other for one of them', () => {
    const names = [
      'host',
      'HOST',
      'hosts',
      'origin',
      'expect',
      '__proto__',
      'constructor',
      '',
      'x-claude-code-session-id',
    ];
    const { meanings } = headOf(Object.fromEntries(names.map((name) => [name, 'v'])));
    const own = names.filter((name) => name !== '__proto__');
    expect(meanings[0]).to.equal('host');
    expect(meanings[own.indexOf('origin')]).to.equal('origin');
    expect(meanings.filter((meaning) => meaning !== 'unknown')).to.deep.equal([
      ...['host', 'origin', 'ends here', 'session'],
    ]);
  });

  it('gives the first of several headers', () => {
    const head = headOf({ host: 'x', 'content-length': ['1', '2'], 'x-a': ['3', '4'] });
    expect([head.contentLength, head.header('x-a'), head.first('origin'), head.header('x-b')]).to.deep.equal([
      ...['1', '3', undefined, undefined],
    ]);
  });

  it('asks the engine for the address once', () => {
    const head = headOf({ host: 'x' });
    expect(head.peer).to.equal(head.peer);
  });

  const problems: [what: string, headers: Record<string, string | string[]>, status: number | null][] = [
    ['nothing odd', { host: 'x', 'content-length': '1' }, null],
    ['no Host', { 'content-length': '1' }, 400],
    ['two Hosts', { host: ['x', 'x'] }, 400],
    ['two lengths', { host: 'x', 'content-length': ['1', '1'] }, 400],
    ['length and encoding', { host: 'x', 'content-length': '1', 'transfer-encoding': 'chunked' }, 400],
    ['two encodings', { host: 'x', 'transfer-encoding': ['chunked', 'chunked'] }, 400],
    ['another encoding', { host: 'x', 'transfer-encoding': 'gzip, chunked' }, 400],
    ['chunks', { host: 'x', 'transfer-encoding': 'Chunked' }, null],
    ['too much', { host: 'x', 'x-a': 'a'.repeat(33_000) }, 431],
  ];
  for (const [what, headers, status] of problems) {
    it(`${what}: ${status ?? 'served'}`, () => {
      expect(headProblem(headOf(headers))?.status ?? null).to.equal(status);
    });
  }
});

describe('a table of names', () => {
  it('finds what it has, and nothing else', () => {
    const table = new NameTable(
      [
        ['te', 1],
        ['ab', 2],
        ['trailer', 3],
      ],
      0,
    );
    expect(['te', 'ab', 'trailer', 'ta', '', 'trailers', '__proto__'].map((name) => table.get(name))).to.deep.equal([
      ...[1, 2, 3, 0, 0, 0, 0],
    ]);
  });
});

describe('a remembered function', () => {
  it('is asked once for a text, keeps few, and none that is long', () => {
    const asked: string[] = [];
    const lengthOf = remembered((text) => {
      asked.push(text);
      return text.length > 3;
    });
    expect(['abc', 'abcd', 'abc', 'abcd', '__proto__', '__proto__'].map(lengthOf)).to.deep.equal([
      ...[false, true, false, true, true, true],
    ]);
    expect(asked).to.deep.equal(['abc', 'abcd', '__proto__']);
    const long = 'x'.repeat(10_000);
    expect([lengthOf(long), lengthOf(long)]).to.deep.equal([true, true]);
    expect(asked.filter((text) => text === long)).to.have.length(2);
    for (let i = 0; i < 1000; i++) lengthOf(`${i}`);
    lengthOf('abc');
    expect(asked.filter((text) => text === 'abc')).to.have.length(2);
  });
});

describe('a function with its last result kept', () => {
  it('is asked anew when one of the names is another', () => {
    const asked: string[][] = [];
    const joined = lastOf((...names) => {
      asked.push(names);
      return names.join();
    });
    expect([
      joined(''),
      joined('a'),
      joined('a'),
      joined('a', 'b'),
      joined('a', 'b', 'c', 'd'),
      joined('a'),
    ]).to.deep.equal([...[',,,', 'a,,,', 'a,,,', 'a,b,,', 'a,b,c,d', 'a,,,']]);
    expect(asked).to.have.length(5);
  });
});
