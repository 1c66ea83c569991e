/** Which headers of a request go on to its provider. Everything unknown passes: clients and providers change often. */
import type { Provider } from '../../shared/config/config';
import { readBuildInfo } from '../../shared/version';
import type { AccessRule } from '../http/access-rule';
import { headerLine, headerLines } from '../upstream/http1/request-head';
import { addOptions, HOP_BY_HOP } from './headers';
import { decodableEncodings } from './inflate';

const USER_AGENT = `CCProxy/${readBuildInfo().version}`;

/** Request headers that end here: framing is redone, credentials are replaced, and who called is no provider's business. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'x-goog-api-key',
  'cookie',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'cf-connecting-ip',
  'true-client-ip',
]);

/** These as well, unless the provider is to have the client's own. */
const CREDENTIALS: ReadonlySet<string> = new Set(['x-api-key', 'authorization']);

/** Clients may think up any number of names. */
const MAX_NAMES = 1000;

/** What becomes of a client's headers of one name. */
interface KnownName {
  fate: 'passes' | 'for Anthropic' | 'credential' | 'connection' | 'ends here';
  /** The last value, and its line on the wire: clients say the same with each request. */
  value: string | null;
  line: string | null;
}

/** What every request to a provider gets. */
interface OwnHeaders {
  /** Names of those of the configuration, which take the place of a client's; null when there are none. */
  configured: ReadonlySet<string> | null;
  /** The credential among them. */
  lines: string | null;
}

/** Makes the headers of requests as they go over the wire: null where one cannot be sent. */
export class RequestHeaders {
  readonly #access: AccessRule;
  readonly #names = new Map<string, KnownName>();
  readonly #own = new Map<Provider, OwnHeaders>();

  constructor(access: AccessRule) {
    this.#access = access;
  }

  /**
   * Those of a request that passes through: the client's, with the provider's credential in place of its own.
   * @param clientHeaders flat list of lower-case name, value; one char per byte
   */
  passedOn(clientHeaders: readonly string[], provider: Provider): string | null {
    return this.#passedOn(clientHeaders, provider, null);
  }

  /**
   * Those of a translated request: none of the client's goes on (but for its credential, where the provider is to have
   * that), since none was meant for this provider.
   * @param more flat list of lower-case name, value
   */
  translated(
    clientHeaders: readonly string[],
    provider: Provider,
    stream: boolean,
    more: readonly string[],
  ): string | null {
    const headers: string[] = [];
    const own = this.#ownOf(provider);
    const add = (name: string, value: string) => {
      if (!own.configured?.has(name)) headers.push(name, value);
    };
    add('content-type', 'application/json');
    add('accept', stream ? 'text/event-stream' : 'application/json');
    // The answer is read here, as it comes.
    add('accept-encoding', 'identity');
    add('user-agent', USER_AGENT);
    for (let i = 0; i + 1 < more.length; i += 2) add(more[i] ?? '', more[i + 1] ?? '');
    for (let i = 0; i + 1 < clientHeaders.length && provider.passthroughKey; i += 2) {
      const name = clientHeaders[i] ?? '';
      const value = clientHeaders[i + 1] ?? '';
      if (CREDENTIALS.has(name) && !this.#isOurs(value)) headers.push(name, value);
    }
    const lines = headerLines(headers);
    return lines === null || own.lines === null ? null : lines + own.lines;
  }

  /** @param named by `Connection`: these end here too */
  #passedOn(clientHeaders: readonly string[], provider: Provider, named: ReadonlySet<string> | null): string | null {
    const own = this.#ownOf(provider);
    let lines = '';
    for (let i = 0; i + 1 < clientHeaders.length; i += 2) {
      const name = clientHeaders[i] ?? '';
      const value = clientHeaders[i + 1] ?? '';
      const known = this.#names.get(name) ?? this.#learn(name);
      const { fate } = known;
      if (fate === 'ends here' || named?.has(name) || own.configured?.has(name)) continue;
      let line: string | null;
      if (fate === 'connection') {
        const options = named === null ? connectionOptions(clientHeaders) : null;
        if (options !== null) return this.#passedOn(clientHeaders, provider, options);
        continue;
      } else if (fate === 'credential') {
        if (!provider.passthroughKey || this.#isOurs(value)) continue;
        line = headerLine(name, value);
      } else {
        if (fate === 'for Anthropic' && provider.dialect !== 'anthropic') continue;
        if (known.value !== value) renew(known, name, value);
        line = known.line;
      }
      if (line === null) return null;
      lines += line;
    }
    return own.lines === null ? null : lines + own.lines;
  }

  #learn(name: string): KnownName {
    const known: KnownName = { fate: fateOf(name), value: null, line: null };
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(name, known);
    return known;
  }

  #ownOf(provider: Provider): OwnHeaders {
    let own = this.#own.get(provider);
    if (own === undefined) {
      const names = Object.keys(provider.headers);
      own = {
        configured: names.length === 0 ? null : new Set(names),
        lines: headerLines([...Object.entries(provider.headers).flat(), ...credential(provider)]),
      };
      this.#own.set(provider, own);
    }
    return own;
  }

  /** It is the key of this proxy, which no provider may see. */
  #isOurs(credential: string): boolean {
    return credential.split(/[\s,]+/).some((part) => this.#access.isKey(part));
  }
}

function fateOf(name: string): KnownName['fate'] {
  if (name === 'connection') return 'connection';
  if (CREDENTIALS.has(name)) return 'credential';
  if (NOT_FORWARDED.has(name)) return 'ends here';
  // Meant for Anthropic, or saying who calls: no other dialect's provider gets these.
  return name.startsWith('anthropic-') || name.startsWith('x-claude-') ? 'for Anthropic' : 'passes';
}

function renew(known: KnownName, name: string, value: string): void {
  known.value = value;
  known.line = headerLine(name, name === 'accept-encoding' ? decodableEncodings(value) : value);
}

function credential({ passthroughKey, apiKey, keyHeader }: Provider): readonly string[] {
  if (passthroughKey || apiKey === null || keyHeader === 'none') return [];
  return keyHeader === 'bearer' ? ['authorization', `Bearer ${apiKey}`] : [keyHeader, apiKey];
}

/** Null where none is named that would pass otherwise. */
function connectionOptions(headers: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] === 'connection') named = addOptions(named, headers[i + 1] ?? '');
  }
  return named;
}
