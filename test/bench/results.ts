/** What was measured, as rows of tables, and how it is shown. */

/** One row. Its figures are ratios to that of the column `base` too. */
export interface Row {
  table: string;
  row: string;
  /** Such as `µs`. */
  unit: string;
  base: string;
  /** By column; a text says why there is none. */
  figures: Map<string, number | string>;
}

export type RowName = Omit<Row, 'figures'>;

export class Results {
  readonly rows: Row[] = [];

  /** A text, why there is no figure, does not replace one that there is. */
  note(row: RowName, column: string, figure: number | string): void {
    const figures = this.#figuresOf(row);
    if (typeof figure === 'number' || typeof figures.get(column) !== 'number') figures.set(column, figure);
  }

  /** Of several the lower one counts. */
  noteLowest(row: RowName, column: string, figure: number): void {
    const known = this.#figuresOf(row).get(column);
    this.note(row, column, typeof known === 'number' ? Math.min(known, figure) : figure);
  }

  /** Of several the higher one counts. */
  noteHighest(row: RowName, column: string, figure: number): void {
    const known = this.#figuresOf(row).get(column);
    this.note(row, column, typeof known === 'number' ? Math.max(known, figure) : figure);
  }

  #figuresOf({ table, row, unit, base }: RowName): Row['figures'] {
    const known = this.rows.find((one) => one.table === table && one.row === row);
    if (known !== undefined) return known.figures;
    const figures: Row['figures'] = new Map();
    this.rows.push({ table, row, unit, base, figures });
    return figures;
  }
}

/** For a file: figures, and their ratios to the base. */
export function rowsAsJson(rows: readonly Row[]): object[] {
  return rows.map(({ figures, ...name }) => {
    const ratios = [...figures].flatMap(([column, figure]) => {
      const ratio = ratioOf(figure, figures.get(name.base));
      return ratio === null ? [] : [[column, Number(ratio.toFixed(4))]];
    });
    return { ...name, figures: Object.fromEntries(figures), ratios: Object.fromEntries(ratios) };
  });
}

const LABEL_WIDTH = 34;
const COLUMN_WIDTH = 17;

/** Tables for a terminal: a figure, and behind it its ratio to the base. */
export function tables(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const table of new Set(rows.map((row) => row.table))) {
    const own = rows.filter((row) => row.table === table);
    const columns = [...new Set(own.flatMap(({ figures }) => [...figures.keys()]))];
    const heads = columns.map((column) => column.padStart(COLUMN_WIDTH)).join('');
    if (table.length < LABEL_WIDTH) lines.push('', table.padEnd(LABEL_WIDTH) + heads);
    else lines.push('', table, ' '.repeat(LABEL_WIDTH) + heads);
    for (const { row, unit, base, figures } of own) {
      const cells = columns.map((column) => cell(figures.get(column), figures.get(base), column === base));
      lines.push(`  ${row}, ${unit}`.padEnd(LABEL_WIDTH) + cells.map((text) => text.padStart(COLUMN_WIDTH)).join(''));
    }
  }
  return lines.slice(1).join('\n');
}

function cell(figure: number | string | undefined, base: number | string | undefined, isBase: boolean): string {
  if (typeof figure !== 'number') return figure ?? '-';
  const ratio = ratioOf(figure, base);
  return ratio === null || isBase ? written(figure) : `${written(figure)} ${`×${ratioText(ratio)}`.padStart(7)}`;
}

function ratioOf(figure: number | string | undefined, base: number | string | undefined): number | null {
  return typeof figure === 'number' && typeof base === 'number' && base > 0 ? figure / base : null;
}

function ratioText(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}

function written(figure: number): string {
  if (figure >= 100) return Math.round(figure).toLocaleString('en');
  return figure >= 10 ? figure.toFixed(1) : figure.toFixed(2);
}
