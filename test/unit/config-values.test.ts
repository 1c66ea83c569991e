// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the file
import { expect } from 'chai';
import { cidr, host } from '../../shared/config/fields';
import { interpolate } from '../../shared/config/interpolate';
import { closest, formatProblem, pathText } from '../../shared/config/problem';
import { durationMs, sizeBytes } from '../../shared/config/quantities';

describe('durations', () => {
  const table: [unknown, number | undefined][] = [
    ['30s', 30_000],
    ['500ms', 500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    [250, 250],
    ['250', 250],
    [0, 0],
    ['', undefined],
    ['5', 5],
    ['5 m', undefined],
    ['5d', undefined],
    ['-5s', undefined],
    [-1, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    [true, undefined],
    [null, undefined],
  ];
  for (const [value, ms] of table) it(`${JSON.stringify(value)} → ${ms}`, () => expect(durationMs(value)).to.equal(ms));
});

describe('sizes', () => {
  const table: [unknown, number | undefined][] = [
    ['10mb', 10 * 1024 * 1024],
    ['10MB', 10 * 1024 * 1024],
    ['1.5 MiB', 1.5 * 1024 * 1024],
    ['1kb', 1024],
    ['1gb', 1024 ** 3],
    ['12b', 12],
    ['12', 12],
    [10_485_760, 10_485_760],
    ['10m', undefined],
    ['mb', undefined],
    [-1, undefined],
    [{}, undefined],
  ];
  for (const [value, bytes] of table)
    it(`${JSON.stringify(value)} → ${bytes}`, () => expect(sizeBytes(value)).to.equal(bytes));
});

describe('address ranges and hosts', () => {
  const ranges: [unknown, string | undefined][] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['::1', '::1/128'],
    ['fd00::/8', 'fd00::/8'],
    ['10.0.0.0/33', undefined],
    ['fd00::/129', undefined],
    ['10.0.0/8', undefined],
    ['10.0.0.0/', undefined],
    ['10.0.0.0/-1', undefined],
    ['everybody', undefined],
    ['', undefined],
    [10, undefined],
  ];
  for (const [value, range] of ranges)
    it(`range ${JSON.stringify(value)}`, () => expect(cidr.read(value)).to.equal(range));

  const hosts: [unknown, string | undefined][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['[::1]', '::1'],
    ['::', '::'],
    ['localhost', 'localhost'],
    ['my_host.example', 'my_host.example'],
    ['127.0.0', undefined],
    ['127.0.0.1:80', undefined],
    ['http://x', undefined],
    ['', undefined],
    ['a b', undefined],
    [1, undefined],
  ];
  for (const [value, read] of hosts) it(`host ${JSON.stringify(value)}`, () => expect(host.read(value)).to.equal(read));
});

describe('names from the environment', () => {
  const env = { A: 'one', B_2: 'two', EMPTY: '', NESTED: '$A' };
  const table: [text: string, output: string][] = [
    ['$A', 'one'],
    ['${A}', 'one'],
    ['x-${A}y-$B_2.', 'x-oney-two.'],
    ['[$EMPTY]', '[]'],
    ['$NESTED', '$A'],
    ['5$ and $5', '5$ and $5'],
    ['$$A and $$', '$A and $'],
  ];
  for (const [text, output] of table) {
    it(JSON.stringify(text), () => {
      const result = interpolate({ list: [text] }, env);
      expect(result.value).to.deep.equal({ list: [output] });
      expect(result.unresolved).to.deep.equal([]);
    });
  }

  it('tells what is not set, where, and whether it is surely a name', () => {
    const { value, unresolved } = interpolate({ a: '$X-${Y}', b: 'p$q', c: '$Z', d: '${', e: '${a b}', f: '$A' }, env);
    expect(value).to.include({ a: '$X-${Y}', b: 'p$q', c: '$Z', d: '${', e: '${a b}', f: 'one' });
    expect(unresolved).to.deep.equal([
      { path: ['a'], names: ['X', 'Y'], isExplicit: false },
      { path: ['b'], names: ['q'], isExplicit: false },
      { path: ['c'], names: ['Z'], isExplicit: true },
      { path: ['d'], names: [], isExplicit: false },
      { path: ['e'], names: [], isExplicit: false },
    ]);
  });

  it('leaves keys and other values alone', () => {
    const value = { $A: 1, n: null, b: false };
    expect(interpolate(value, env).value).to.deep.equal(value);
  });

  it('does not take what every object inherits for a variable', () => {
    expect(interpolate('$constructor $toString', {}).unresolved).to.have.length(1);
  });
});

describe('words about problems', () => {
  it('writes paths', () => {
    expect(pathText(['providers', 0, 'name'])).to.equal('providers[0].name');
    expect(pathText(['routes', 'gpt-4.1', 'model'])).to.equal('routes["gpt-4.1"].model');
    expect(pathText([])).to.equal('');
  });

  it('formats', () => {
    const problem = { file: 'a.json', line: 3, path: 'port', message: 'no' };
    expect(formatProblem(problem)).to.equal('a.json:3: port: no');
    expect(formatProblem({ ...problem, line: null, path: '' })).to.equal('a.json: no');
    expect(formatProblem({ ...problem, file: null, line: null })).to.equal('port: no');
  });

  it('suggests what is near, and nothing far', () => {
    expect(closest('porviders', ['port', 'providers', 'proxy_url'])).to.equal('providers');
    expect(closest('apiKey', ['api_key', 'apikey'])).to.equal('api_key');
    expect(closest('zebra', ['port', 'providers'])).to.equal(undefined);
    expect(closest('x', ['y'])).to.equal('y');
  });
});
