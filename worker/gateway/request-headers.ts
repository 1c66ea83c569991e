/** Which headers of a request go on to its provider. Everything unknown passes: clients and providers change often. */
import type { Provider } from '../../shared/config/config';
import { readBuildInfo } from '../../shared/version';
import type { AccessRule } from '../http/access-rule';
import type { HeaderBlock } from '../http/header-block';
import { optionsOf } from '../http/header-meaning';
import type { RequestHead } from '../http/request-head';
import { headerLine, headerLines } from '../upstream/http1/request-head';
import type { HeaderText } from '../upstream/upstream';
import { decodableEncodings } from './inflate';

const USER_AGENT = `CCProxy/${readBuildInfo().version}`;

/** Clients may think up any number of names, and values of any length. */
const MAX_NAMES = 1000;
/** Of a value. */
const MAX_REMEMBERED_CHARS = 1024;

/** A name of headers that pass. Clients say the same with each request. */
interface KnownName {
  /** Meant for Anthropic, or saying who calls: no other dialect's provider gets these. */
  isAnthropics: boolean;
  /** The last value, and its line on the wire. */
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
  /** What was passed on last. */
  #last: { block: HeaderBlock; provider: Provider; headers: HeaderText | null } | null = null;

  constructor(access: AccessRule) {
    this.#access = access;
  }

  /** Those of a request that passes through: the client's, with the provider's credential in place of its own. */
  passedOn(head: RequestHead, provider: Provider): HeaderText | null {
    if (this.#last?.block !== head.block || this.#last.provider !== provider) {
      const text = this.#passedOn(head.block, provider, null);
      this.#last = { block: head.block, provider, headers: text === null ? null : { text } };
    }
    return this.#last.headers;
  }

  /**
   * Those of a translated request: none of the client's goes on (but for its credential, where the provider is to have
   * that), since none was meant for this provider.
   * @param more flat list of lower-case name, value
   */
  translated(head: RequestHead, provider: Provider, stream: boolean, more: readonly string[]): HeaderText | null {
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
    for (let i = 0; i < head.meanings.length && provider.passthroughKey; i++) {
      const meaning = head.meanings[i];
      if (meaning !== 'x-api-key' && meaning !== 'authorization') continue;
      const value = head.headers[2 * i + 1] ?? '';
      if (!this.#isOurs(value)) headers.push(meaning, value);
    }
    const lines = headerLines(headers);
    return lines === null || own.lines === null ? null : { text: lines + own.lines };
  }

  /** @param named by `Connection`: these end here too */
  #passedOn(block: HeaderBlock, provider: Provider, named: ReadonlySet<string> | null): string | null {
    const { headers, meanings } = block;
    const own = this.#ownOf(provider);
    let lines = '';
    for (let i = 0; i < meanings.length; i++) {
      const name = headers[2 * i] ?? '';
      const value = headers[2 * i + 1] ?? '';
      if (named?.has(name) || own.configured?.has(name)) continue;
      let line: string | null;
      switch (meanings[i]) {
        case 'unknown':
        case 'session':
        case 'origin':
        case 'sec-fetch-site':
        case 'accept-encoding': {
          const known = this.#names.get(name) ?? this.#learn(name);
          if (known.isAnthropics && provider.dialect !== 'anthropic') continue;
          line = known.value === value ? known.line : lineOf(known, name, value);
          break;
        }
        case 'x-api-key':
        case 'authorization':
          if (!provider.passthroughKey || this.#isOurs(value)) continue;
          line = headerLine(name, value);
          break;
        case 'connection': {
          const options = named === null ? connectionOptions(block) : null;
          if (options !== null) return this.#passedOn(block, provider, options);
          continue;
        }
        default:
          // Framing is redone, and who called is no provider's business.
          continue;
      }
      if (line === null) return null;
      lines += line;
    }
    return own.lines === null ? null : lines + own.lines;
  }

  #learn(name: string): KnownName {
    const isAnthropics = name.startsWith('anthropic-') || name.startsWith('x-claude-');
    const known: KnownName = { isAnthropics, value: null, line: null };
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

function lineOf(known: KnownName, name: string, value: string): string | null {
  const line = headerLine(name, name === 'accept-encoding' ? decodableEncodings(value) : value);
  if (value.length <= MAX_REMEMBERED_CHARS) {
    known.value = value;
    known.line = line;
  }
  return line;
}

function credential({ passthroughKey, apiKey, keyHeader }: Provider): readonly string[] {
  if (passthroughKey || apiKey === null || keyHeader === 'none') return [];
  return keyHeader === 'bearer' ? ['authorization', `Bearer ${apiKey}`] : [keyHeader, apiKey];
}

/** Null where none is named that would pass otherwise. */
function connectionOptions({ headers, meanings }: HeaderBlock): ReadonlySet<string> | null {
  let named = '';
  for (let i = 0; i < meanings.length; i++) {
    const connection = meanings[i] === 'connection' ? (headers[2 * i + 1] ?? '') : '';
    if (connection !== '' && connection !== 'keep-alive' && connection !== 'close') named += `${connection},`;
  }
  return named === '' ? null : optionsOf(named);
}
