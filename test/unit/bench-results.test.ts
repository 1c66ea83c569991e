/** The tables of the benchmark: which of several figures counts, and ratios to the base. */
import { expect } from 'chai';
import { Results, rowsAsJson, tables } from '../bench/results';

const CPU = { table: 'CPU', row: 'small', unit: 'µs', base: 'nginx' };
const RATE = { table: 'rates', row: 'small', unit: '1/s', base: 'nginx' };

describe('bench results', () => {
  it('keeps the better of several rounds, and tells ratios to the base', () => {
    const results = new Results();
    for (const figure of [30, 25, 40]) results.noteLowest(CPU, 'nginx', figure);
    for (const figure of [60, 50]) results.noteLowest(CPU, 'ccproxy', figure);
    for (const figure of [7, 9, 8]) results.noteHighest(RATE, 'ccproxy', figure);
    results.note(CPU, 'portkey', 'not measured');
    results.note(CPU, 'ccproxy', 'too slow');
    expect(rowsAsJson(results.rows)).to.deep.equal([
      {
        ...CPU,
        figures: { nginx: 25, ccproxy: 50, portkey: 'not measured' },
        ratios: { nginx: 1, ccproxy: 2 },
      },
      { ...RATE, figures: { ccproxy: 9 }, ratios: {} },
    ]);
    const lines = tables(results.rows).split('\n');
    expect(lines.map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      ['CPU', 'nginx', 'ccproxy', 'portkey'],
      ['small, µs', '25.0', '50.0', '×2.00', 'not measured'],
      [''],
      ['rates', 'ccproxy'],
      ['small, 1/s', '9.00'],
    ]);
  });
});
