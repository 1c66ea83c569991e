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
import type { RequestHead } from './request-head';

export interface Access {
  /** `key`: a valid key came along. `local`: no key, but a local request. */
  level: 'key' | 'local' | 'denied';
  /** The client's address as text; behind a trusted proxy the one that it names. */
  client: string;
}

const FORWARDING_HEADERS: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-real-ip',
  'forwarded',
  'via',
  'cf-connecting-ip',
  'true-client-ip',
]);

/** `[::1]:3456` */
const BRACKETED_HOST = /^\[([^\]]+)\](?::\d*)?$/;
const BEARER = /^bearer +(\S+)\s*$/i;

export class AccessRule {
  readonly #keyDigest: Buffer | null;
  /** The key, once it was seen. A set looks at its hash, which is seeded, before it compares: no time tells of a prefix. */
  readonly #seen = new Set<string>();
  readonly #trusted: [ipaddr.IPv4 | ipaddr.IPv6, number][];
  readonly #configuredHost: string;

  constructor(options: { apiKey: string | null; trustedProxies: readonly string[]; host: string }) {
    this.#keyDigest = options.apiKey === null ? null : digest(options.apiKey);
    this.#trusted = options.trustedProxies.map((cidr) => ipaddr.parseCIDR(cidr));
    this.#configuredHost = options.host.toLowerCase();
  }

  /** Decides from what cannot be spoofed; see the head of this file. */
  evaluate(head: RequestHead): Access {
    let host = '';
    let origin: string | null = null;
    let fetchSite: string | null = null;
    let forwardedFor: string | null = null;
    let forwarded = false;
    let hasKey = false;
    const { headers } = head;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      const value = headers[i + 1] ?? '';
      if (name === 'host') host = value.toLowerCase();
      else if (name === 'origin') origin = value.toLowerCase();
      else if (name === 'sec-fetch-site') fetchSite = value.toLowerCase();
      else if (name === 'x-api-key') hasKey ||= this.isKey(value);
      else if (name === 'authorization') hasKey ||= this.isKey(BEARER.exec(value)?.[1] ?? '');
      else if (FORWARDING_HEADERS.has(name)) {
        forwarded = true;
        if (name === 'x-forwarded-for') forwardedFor = forwardedFor === null ? value : `${forwardedFor},${value}`;
      }
    }

    let client = addressText(head.peer);
    let direct = !forwarded;
    if (forwardedFor !== null && this.#isTrusted(client)) {
      const named = this.#clientBehind(forwardedFor);
      direct = named !== null;
      client = named ?? client;
    }
    if (hasKey) return { level: 'key', client };

    const local =
      direct &&
      isLoopback(client) &&
      this.#isOwnHost(host) &&
      (origin === null || origin === `http://${host}` || origin === `https://${host}`) &&
      (fetchSite === null || fetchSite === 'same-origin' || fetchSite === 'none');
    return { level: local ? 'local' : 'denied', client };
  }

  /** Whether this is the proxy's own key. Compares digests in constant time, so that length leaks nothing either. */
  isKey(candidate: string): boolean {
    if (this.#keyDigest === null || candidate === '') return false;
    if (this.#seen.has(candidate)) return true;
    const isKey = timingSafeEqual(digest(candidate), this.#keyDigest);
    if (isKey) this.#seen.add(candidate);
    return isKey;
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

  #isTrusted(address: string): boolean {
    if (this.#trusted.length === 0) return false;
    const parsed = parseAddress(address);
    return this.#trusted.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits));
  }

  #isOwnHost(host: string): boolean {
    const name = BRACKETED_HOST.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
    return name === 'localhost' || name === this.#configuredHost || isLoopback(name);
  }
}

/** Why a caller may not use the API, or null: with a key configured the key is needed, from this machine too. */
export function apiRefusal(level: Access['level'], apiKeyConfigured: boolean): ProxyError | null {
  if (level !== 'key' && apiKeyConfigured) return WRONG_KEY;
  return level === 'denied' ? NOT_LOCAL : null;
}

const WRONG_KEY: ProxyError = { type: 'authentication_error', message: 'Invalid or missing API key' };
const NOT_LOCAL: ProxyError = {
  type: 'permission_error',
  message: 'Only local requests are served: no API key is configured for this proxy',
};

/** 127.0.0.0/8, ::1, or the IPv4-mapped form of 127/8. Anything that is no address is not. */
function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && FULL_ADDRESS.test(address) && parseAddress(address).range() === 'loopback';
}

/** `ipaddr.js` also takes `127.1` and `2130706433`, which name nobody's page. */
const FULL_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|.*:.*)$/;

/** Binary address → text; the IPv4-mapped form as IPv4. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
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
