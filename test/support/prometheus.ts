/** Reads the Prometheus text format as far as tests need it. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** All samples of a page. @throws Error at a line that is neither sample nor comment */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labelText = '', value] =
      /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \S+)?(?: # .*)?$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
    const labels: Record<string, string> = {};
    for (const [, label = '', escaped = ''] of labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
      labels[label] = escaped.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
    }
    samples.push({ name, labels, value: numberOf(value) });
  }
  return samples;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** The sum of all samples of that name that have (at least) these labels; 0 when there is none. */
export function metric(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels);
  return parseMetrics(text)
    .filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** The series that must never fall and did, from one page of a process to a later one: each as text. */
export function fallenCounters(earlier: string, later: string): string[] {
  const now = counters(later);
  return [...counters(earlier)]
    .filter(([series, value]) => !((now.get(series) ?? -1) >= value))
    .map(([series, value]) => `${series}: ${value} -> ${now.get(series)}`);
}

/** Counters and parts of histograms, by name and labels. */
export function counters(text: string): Map<string, number> {
  const neverFalling = parseMetrics(text).filter(({ name }) => /_(?:total|count|sum|bucket)$/.test(name));
  return new Map(neverFalling.map(({ name, labels, value }) => [`${name}${JSON.stringify(labels)}`, value]));
}
