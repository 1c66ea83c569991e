/** Ends of a URL that are a whole endpoint rather than a base; what stands before one is the base, version included. */
const ENDPOINT = /\/(?:messages(?:\/count_tokens)?|chat\/completions|models(?:\/[^/]+:[A-Za-z]+)?)$/;

/**
 * A version as the base's last segment (`/v1`, `/v1beta`, `/api/v3`), or before the `/openai` of Gemini's compatible
 * address. A version elsewhere is some gateway's own (`/v1/{account}/anthropic`) and says nothing about the provider's.
 */
const VERSIONED = /\/v\d+[a-z0-9]*(?:\/openai)?$/;

/** The version that a path begins with. */
const PATH_VERSION = /^\/v\d+[a-z0-9]*(?=\/)/;

/**
 * The address of a provider's call.
 *
 * @param baseUrl with or without a trailing slash, a version or the whole endpoint; a query (`?api-version=…`) is kept
 * @param path the call with its version, e.g. `/v1/messages`; may have a query of its own
 * @returns base and path with exactly one version, the base's where it has one
 */
export function joinUrl(baseUrl: string, path: string): string {
  const [base = '', baseQuery] = splitQuery(baseUrl);
  const [call = '', callQuery] = splitQuery(path);
  const [, origin = '', basePath = ''] = /^([a-z]+:\/\/[^/]*)(.*?)\/*$/i.exec(base) ?? [];
  const root = basePath.replace(ENDPOINT, '');
  const hasVersion = VERSIONED.test(root) || isExact(root, basePath);
  const joined = origin + root + (hasVersion ? call.replace(PATH_VERSION, '') : call);
  const query = [baseQuery, callQuery].filter((part) => part !== undefined && part !== '').join('&');
  return query === '' ? joined : `${joined}?${query}`;
}

/**
 * With the whole endpoint given, what stands before it is exact, even without a version (Azure's deployments,
 * Perplexity). Only in front of a list of models somebody may have left the version out.
 */
function isExact(root: string, whole: string): boolean {
  return root !== whole && !whole.endsWith('/models');
}

function splitQuery(url: string): [string, string | undefined] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, undefined] : [url.slice(0, mark), url.slice(mark + 1)];
}
