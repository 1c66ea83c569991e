import type { SecretSource } from './fields';
import type { Path } from './problem';
import type { Report } from './report';
import type { SecretReader } from './resolve-secret';

/** Headers that belong to the connection or to the body as it is sent; a fixed value would break requests. */
const OWN_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Checks extra request headers and gives them with lower-case names (RFC 9110, 5.1 and 5.5). */
export function readHeaders(
  raw: Record<string, SecretSource>,
  path: Path,
  report: Report,
  secret: SecretReader,
): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, source] of Object.entries(raw)) {
    const here = [...path, name];
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
      report.problem(here, 'is not a name for a header; letters, digits and - are usual');
    } else if (OWN_HEADERS.has(lower)) {
      report.problem(here, 'cannot be set: it belongs to the connection and is sent as needed');
    } else if (headers.has(lower)) {
      report.problem(here, 'given twice, names of headers do not differ in case; keep one');
    } else {
      const value = secret(source, here);
      if (value === undefined) continue;
      if (/[^\t\x20-\x7e]/.test(value)) {
        report.problem(here, 'has a character that cannot be in a header (line break, accent, control character …)');
      } else headers.set(lower, value.trim());
    }
  }
  return Object.fromEntries(headers);
}
