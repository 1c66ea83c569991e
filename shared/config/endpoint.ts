import { dialectOfEndpoint, geminiBeta, isShowable, matchingEndpoint, trimmedUrl, urlMistake } from './base-url';
import type { Dialect, KeyHeader } from './config';
import * as fields from './fields';
import { type Endpoint, PRESETS, type Preset } from './presets';
import { type Path, suggestion } from './problem';
import type { Report } from './report';
import type { RawProvider } from './schema';

/** How a key is sent to a provider about which nothing else is known. */
const KEY_HEADERS: Record<Dialect, KeyHeader> = { anthropic: 'x-api-key', openai: 'bearer', gemini: 'x-goog-api-key' };

/**
 * Where a provider is and what it speaks. The dialect is, in this order: what `dialect` says, that of the endpoint that
 * `api_base_url` names in full, Go CCProxy's `message_format`, what the preset speaks at that address.
 *
 * @returns undefined when something is missing or wrong, which is reported
 */
export function readEndpoint(
  raw: RawProvider,
  preset: Preset | undefined,
  path: Path,
  report: Report,
): Endpoint | undefined {
  const url = readBaseUrl(raw, path, report);
  if (url === null) return undefined;
  const endpoints = preset === undefined ? [] : [preset, ...preset.others];
  const told = endpoints.filter((endpoint) => endpoint.asked !== true);
  const dialect =
    readDialect(raw, url, path, report) ??
    (url === undefined ? undefined : matchingEndpoint(url, told)?.dialect) ??
    preset?.dialect;
  const known = endpoints.filter((endpoint) => endpoint.dialect === dialect);
  if (url === undefined && known[0] !== undefined) return known[0];
  if (dialect === undefined) missingDialect(raw, path, report);
  if (url === undefined)
    report.problem([...path, 'api_base_url'], 'missing: the address of this provider is not known');
  if (url === undefined || dialect === undefined) return undefined;
  const nearest = matchingEndpoint(url, known) ?? known[0];
  return { baseUrl: url, dialect, keyHeader: nearest?.keyHeader ?? KEY_HEADERS[dialect] };
}

function missingDialect(raw: RawProvider, path: Path, report: Report): void {
  const name = [...path, 'name'];
  // Without a proper name that is the mistake: the provider may well be a known one.
  if (raw.name === undefined || report.isReported(name)) return;
  const presets = PRESETS.map((preset) => preset.name);
  const near = report.isHidden(name) ? '' : suggestion(raw.name, presets);
  const message = `missing: ${report.show(name, raw.name)} is not one of the providers known by name`;
  report.problem(
    [...path, 'dialect'],
    `${message}${near}${near === '' ? ';' : ' If not,'} say what it speaks: ${fields.dialect.expected}`,
  );
}

/** The address; undefined where none is given, null where it is no good. */
function readBaseUrl(raw: RawProvider, path: Path, report: Report): string | undefined | null {
  const here = [...path, 'api_base_url'];
  const url = raw.api_base_url;
  if (url === undefined) return report.isReported(here) ? null : undefined;
  const mistake = urlMistake(url, 'refused');
  if (mistake !== null) {
    report.problem(here, isShowable(url) ? `${mistake}, got ${report.show(here, url)}` : mistake);
    return null;
  }
  const beta = geminiBeta(trimmedUrl(url));
  if (beta === undefined) return url;
  report.warn(here, "v1 of Gemini's API has neither system prompts nor tools; v1beta is used");
  return beta;
}

/** The dialect that the file names: by `dialect`, by a whole endpoint, or by Go CCProxy's `message_format`. */
function readDialect(raw: RawProvider, url: string | undefined, path: Path, report: Report): Dialect | undefined {
  const endpoint = url === undefined ? undefined : dialectOfEndpoint(url);
  if (raw.dialect !== undefined) {
    if (endpoint !== undefined && endpoint !== raw.dialect) {
      const message = `"${raw.dialect}" does not fit "api_base_url", which is an endpoint of the dialect "${endpoint}"`;
      report.problem([...path, 'dialect'], message);
    }
    return raw.dialect;
  }
  if (endpoint !== undefined || raw.message_format === undefined) return endpoint;
  const format = fields.dialect.read(raw.message_format);
  if (format === undefined) {
    report.warn([...path, 'message_format'], `ignored: not known; "dialect" takes ${fields.dialect.expected}`);
  }
  return format;
}
