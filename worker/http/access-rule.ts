/**
 * Who may read the operator's pages and use the API: a request that carries the key, or one that is local.
 *
 * Local means that the TCP peer is loopback, that no proxy stands between (no forwarding header), that `Host` names
 * this machine's loopback or the configured host (DNS rebinding), and that no foreign web page sent it. Addresses
 * that a client can claim (`x-forwarded-for` from anybody but a trusted proxy, PROXY protocol) never count.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import * as ipaddr from 'ipaddr.js';
import type { ProxyError } from '../../shared/errors';
import { remembered } from './remembered';
import type { RequestHead } from './request-head';

/** `key`: a valid key came along. `local`: no key, but a local request. */
export type AccessLevel = 'key' | 'local' | 'denied';

/** Where a request comes from. */
interface Caller {
  /** The client's address as text; behind a trusted proxy the one that it names. */
  client: string;
  /** No proxy stands between, or only trusted ones. */
  direct: boolean;
}

/** Only this machine sends there. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** `[::1]:3456` */
const BRACKETED_HOST = /^\[([^\]]+)\](?::\d*)?$/;
const BEARER = /^bearer +(\S+)\s*$/i;
/** They can differ in their spaces. */
const MAX_SEEN_BEARERS = 16;

export class AccessRule {
  readonly #keyDigest: Buffer | null;
  /** The key, once it was seen. A set looks at its hash, which is seeded, before it compares: no time tells of a prefix. */
  readonly #seen = new Set<string>();
  /** The same for the values of `authorization` that it came in. */
  readonly #seenBearers = new Set<string>();
  readonly #isTrusted: (address: string) => boolean;
  readonly #isOwnHost: (host: string) => boolean;
  /** Where all who have the key are, or null where they may be anywhere, or it decides whom they may name. */
  readonly #onlyClient: string | null;

  constructor(options: { apiKey: string | null; trustedProxies: readonly string[]; host: string }) {
    this.#keyDigest = options.apiKey === null ? null : digest(options.apiKey);
    const trusted = options.trustedProxies.map((cidr) => ipaddr.parseCIDR(cidr));
    this.#isTrusted = remembered((address) => isWithin(address, trusted));
    const configuredHost = options.host.toLowerCase();
    this.#onlyClient = trusted.length === 0 && LOOPBACK.includes(configuredHost) ? configuredHost : null;
    this.#isOwnHost = remembered((host) => {
      const name = BRACKETED_HOST.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
      return name === 'localhost' || name === configuredHost || isLoopback(name);
    });
  }

  /** Decides from what cannot be spoofed; see the head of this file. */
  level(head: RequestHead): AccessLevel {
    const { headers, meanings } = head;
    for (let i = 0; i < meanings.length; i++) {
      const meaning = meanings[i];
      if (meaning === 'x-api-key' && this.isKey(headers[2 * i + 1] ?? '')) return 'key';
      if (meaning === 'authorization' && this.#isBearer(headers[2 * i + 1] ?? '')) return 'key';
    }
    return this.#isLocal(head) ? 'local' : 'denied';
  }

  /**
   * The address of the client, as text. To ask the system for it is a twentieth of a small request: where the loopback
   * address is listened on, and no proxy is trusted, whoever has the key is taken to be there. Of others it is asked, as
   * packets can be led to that address from outside (`route_localnet`): what they try should be told of who sent them.
   * @param level of that request
   */
  clientOf(head: RequestHead, level: AccessLevel): string {
    const peer = level === 'key' ? this.#onlyClient : null;
    return this.#caller(head, peer ?? addressText(head.peer)).client;
  }

  /** Whether this is the proxy's own key. Compares digests in constant time, so that length leaks nothing either. */
  isKey(candidate: string): boolean {
    if (this.#keyDigest === null || candidate === '') return false;
    if (this.#seen.has(candidate)) return true;
    const isKey = timingSafeEqual(digest(candidate), this.#keyDigest);
    if (isKey) this.#seen.add(candidate);
    return isKey;
  }

  #isBearer(authorization: string): boolean {
    if (this.#seenBearers.has(authorization)) return true;
    const isKey = this.isKey(BEARER.exec(authorization)?.[1] ?? '');
    if (isKey && this.#seenBearers.size < MAX_SEEN_BEARERS) this.#seenBearers.add(authorization);
    return isKey;
  }

  #caller({ headers, meanings }: RequestHead, client: string): Caller {
    let direct = true;
    let chain: string | null = null;
    for (let i = 0; i < meanings.length; i++) {
      const meaning = meanings[i];
      if (meaning === 'forwarding') direct = false;
      else if (meaning === 'x-forwarded-for') {
        const value = headers[2 * i + 1] ?? '';
        chain = chain === null ? value : `${chain},${value}`;
      }
    }
    if (chain === null) return { client, direct };
    const named = this.#isTrusted(client) ? this.#clientBehind(chain) : null;
    return named === null ? { client, direct: false } : { client: named, direct: true };
  }

  #isLocal(head: RequestHead): boolean {
    const { client, direct } = this.#caller(head, addressText(head.peer));
    if (!direct || !isLoopback(client)) return false;
    let host = '';
    let origin: string | null = null;
    let fetchSite: string | null = null;
    const { headers, meanings } = head;
    for (let i = 0; i < meanings.length; i++) {
      const meaning = meanings[i];
      const value = headers[2 * i + 1] ?? '';
      if (meaning === 'host') host = value.toLowerCase();
      else if (meaning === 'origin') origin = value.toLowerCase();
      else if (meaning === 'sec-fetch-site') fetchSite = value.toLowerCase();
    }
    return (
      this.#isOwnHost(host) &&
      (origin === null || origin === `http://${host}` || origin === `https://${host}`) &&
      (fetchSite === null || fetchSite === 'same-origin' || fetchSite === 'none')
    );
  }

  /** The last address in the chain that is no trusted proxy; null when the chain makes no sense. */
  #clientBehind(forwardedFor: string): string | null {
    const hops = forwardedFor.split(',').map((hop) => hop.trim());
    for (let i = hops.length - 1; i >= 0; i--) {
      const hop = hops[i] ?? '';
      if (!ipaddr.isValid(hop)) return null;
      const address = parseAddress(hop).toString();
      if (i === 0 || !this.#isTrusted(address)) return address;
    }
    return null;
  }
}

/** Why a caller may not use the API, or null: with a key configured the key is needed, from this machine too. */
export function apiRefusal(level: AccessLevel, apiKeyConfigured: boolean): ProxyError | null {
  if (level !== 'key' && apiKeyConfigured) return WRONG_KEY;
  return level === 'denied' ? NOT_LOCAL : null;
}

const WRONG_KEY: ProxyError = { type: 'authentication_error', message: 'Invalid or missing API key' };
const NOT_LOCAL: ProxyError = {
  type: 'permission_error',
  message: 'Only local requests are served: no API key is configured for this proxy',
};

/** 127.0.0.0/8, ::1, or the IPv4-mapped form of 127/8. Anything that is no address is not. */
const isLoopback = remembered(
  (address) => ipaddr.isValid(address) && FULL_ADDRESS.test(address) && parseAddress(address).range() === 'loopback',
);

/** `ipaddr.js` also takes `127.1` and `2130706433`, which name nobody's page. */
const FULL_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|.*:.*)$/;

function isWithin(address: string, ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]): boolean {
  if (ranges.length === 0) return false;
  const parsed = parseAddress(address);
  return ranges.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits));
}

/** Of the last IPv4 peer: mostly the next one is the same. */
let lastBits = 0;
let lastAddress = '0.0.0.0';

/** Binary address → text; the IPv4-mapped form as IPv4. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) {
    const bits = ((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    if (bits !== lastBits) {
      lastBits = bits;
      lastAddress = `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
    }
    return lastAddress;
  }
  if (bytes.length !== 16) return 'unknown';
  return parseAddress(ipaddr.fromByteArray([...bytes]).toString()).toString();
}

/** The IPv4-mapped form becomes IPv4. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 {
  return ipaddr.process(address);
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
