/** The head of an HTTP/1.1 message as it came: nothing is folded, lower-cased or dropped. */

export type RawHeader = [name: string, value: string];

/** A first line and the headers after it. */
export interface Head {
  /** Every byte, the empty line included. */
  raw: Buffer;
  /** Request line or status line. */
  firstLine: string;
  /** In order, with duplicates, names as written. */
  rawHeaders: RawHeader[];
  /** Lower-case names; the values of duplicates are joined with `, `. */
  headers: Record<string, string>;
}

/** @param raw everything up to and with the empty line */
export function parseHead(raw: Buffer): Head {
  const [firstLine = '', ...lines] = raw.subarray(0, -4).toString('latin1').split('\r\n');
  const rawHeaders: RawHeader[] = [];
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`no header: ${JSON.stringify(line)}`);
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const key = name.toLowerCase();
    rawHeaders.push([name, value]);
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { raw, firstLine, rawHeaders, headers };
}

/** How long a body is, by its head. @throws Error when `content-length` is no number */
export function bodyFraming(headers: Record<string, string>): { kind: 'chunked' | 'length' | 'none'; length: number } {
  if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) return { kind: 'chunked', length: 0 };
  const length = headers['content-length'];
  if (length === undefined) return { kind: 'none', length: 0 };
  if (!/^\d+$/.test(length)) throw new Error(`content-length ${JSON.stringify(length)}`);
  return { kind: 'length', length: Number(length) };
}

/** Header values as callers like to give them: one or several by name. */
export type HeaderInput = Record<string, string | number | readonly string[]>;

/** The lines of a head, without the empty one. */
export function headerLines(headers: HeaderInput): string {
  let lines = '';
  for (const [name, value] of Object.entries(headers)) {
    const values: readonly (string | number)[] = typeof value === 'object' ? value : [value];
    for (const one of values) lines += `${name}: ${one}\r\n`;
  }
  return lines;
}
