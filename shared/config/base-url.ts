import type { Dialect } from './config';
import type { Endpoint } from './presets';

/** Why a text cannot be the address of a server, to follow its path, or null when it can. Does not quote it. */
export function urlMistake(text: string, credentials: 'allowed' | 'refused'): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (!/^https?:\/\/[^/]/i.test(text) || /\s/.test(text)) return 'is not a URL';
  if (url.hash !== '') return 'must not have a # in it';
  if (credentials === 'refused' && (url.username !== '' || url.password !== '')) {
    return 'must not have a user or password in it; use "api_key" or "headers"';
  }
  return null;
}

/** Whether a URL may be shown in a message: without credentials and query, where keys may be. */
export function isShowable(url: string): boolean {
  return !/[@?]/.test(url);
}

/** Without the slashes at the end of its path; a query stays. */
export function trimmedUrl(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url.replace(/\/+$/, '') : url.slice(0, mark).replace(/\/+$/, '') + url.slice(mark);
}

/** The dialect of which a URL names the whole endpoint, or undefined for a mere base. */
export function dialectOfEndpoint(url: string): Dialect | undefined {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  if (/\/messages(?:\/count_tokens)?$/.test(path)) return 'anthropic';
  if (/\/chat\/completions$/.test(path)) return 'openai';
  return /:(?:stream)?generateContent$/i.test(path) ? 'gemini' : undefined;
}

/**
 * Which of a known service's addresses a URL means: on the same host, the one whose path it begins with, the longest
 * first. `https://api.deepseek.com` speaks Chat Completions, `https://api.deepseek.com/anthropic/v1` Messages.
 */
export function matchingEndpoint(url: string, endpoints: readonly Endpoint[]): Endpoint | undefined {
  const wanted = new URL(url);
  const path = `${wanted.pathname.replace(/\/+$/, '')}/`;
  let best: { endpoint: Endpoint; length: number } | undefined;
  for (const endpoint of endpoints) {
    const known = new URL(endpoint.baseUrl);
    const knownPath = `${known.pathname.replace(/\/+$/, '')}/`;
    if (known.host !== wanted.host || !path.startsWith(knownPath)) continue;
    if (best === undefined || knownPath.length > best.length) best = { endpoint, length: knownPath.length };
  }
  return best?.endpoint;
}

/**
 * Gemini's v1 refuses `systemInstruction` and `tools` (https://github.com/vercel/ai/pull/2256); everything is in v1beta.
 *
 * @returns the address to use instead, or undefined where nothing is wrong
 */
export function geminiBeta(url: string): string | undefined {
  const match = /^(https:\/\/generativelanguage\.googleapis\.com)\/v1(\/.*)?$/i.exec(url);
  return match === null ? undefined : `${match[1]}/v1beta${match[2] ?? ''}`;
}
