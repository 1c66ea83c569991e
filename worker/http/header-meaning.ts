/** What the names of a request's headers mean to the proxy. */
import { NameTable } from './name-table';

/** What a header is to the proxy, by its name. Content-Length is none of these: it stands by itself in a head. */
export type HeaderMeaning =
  | 'host'
  | 'transfer-encoding'
  | 'connection'
  | 'accept-encoding'
  | 'x-api-key'
  | 'authorization'
  | 'origin'
  | 'sec-fetch-site'
  | 'session'
  /** The chain of proxies. */
  | 'x-forwarded-for'
  /** It tells that a proxy stands between. */
  | 'forwarding'
  /** It ends here for another reason: it is of one connection only (RFC 9110, 7.6.1), or no provider's business. */
  | 'ends here'
  /** It just passes. */
  | 'unknown';

/** Names of headers that are of one connection only (RFC 9110, 7.6.1), but for those that have a meaning of their own. */
export const HOP_BY_HOP = [
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
] as const;

/** What the value of `Connection` names, in lower case. */
export function optionsOf(connection: string): Set<string> {
  const options = connection.split(',').map((option) => option.trim().toLowerCase());
  return new Set(options.filter((option) => option !== ''));
}

export const HEADER_MEANINGS = new NameTable<HeaderMeaning>(
  [
    ['host', 'host'],
    ['transfer-encoding', 'transfer-encoding'],
    ['connection', 'connection'],
    ['accept-encoding', 'accept-encoding'],
    ['x-api-key', 'x-api-key'],
    ['authorization', 'authorization'],
    ['origin', 'origin'],
    ['sec-fetch-site', 'sec-fetch-site'],
    ['x-claude-code-session-id', 'session'],
    ['x-forwarded-for', 'x-forwarded-for'],
    ['x-forwarded-host', 'forwarding'],
    ['x-real-ip', 'forwarding'],
    ['forwarded', 'forwarding'],
    ['via', 'forwarding'],
    ['cf-connecting-ip', 'forwarding'],
    ['true-client-ip', 'forwarding'],
    ['x-forwarded-proto', 'ends here'],
    ['x-forwarded-port', 'ends here'],
    ...HOP_BY_HOP.map((name) => [name, 'ends here'] as const),
    ['expect', 'ends here'],
    ['x-goog-api-key', 'ends here'],
    ['cookie', 'ends here'],
  ],
  'unknown',
);
