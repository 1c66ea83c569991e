/** What Node's sockets throw → our reasons, in words fit for a client. */
import type { UpstreamFailure } from '../../shared/metrics';
import { UpstreamError } from './upstream';

const BY_CODE: Readonly<Record<string, readonly [UpstreamFailure, string]>> = {
  ECONNREFUSED: ['refused', 'The provider refused the connection'],
  EHOSTUNREACH: ['unreachable', 'The provider cannot be reached'],
  ENETUNREACH: ['unreachable', 'The provider cannot be reached'],
  EADDRNOTAVAIL: ['unreachable', 'The provider cannot be reached'],
  ENOTFOUND: ['dns', "The provider's host name cannot be resolved"],
  EAI_AGAIN: ['dns', "The provider's host name cannot be resolved at the moment"],
  ETIMEDOUT: ['connect_timeout', 'Connecting to the provider took too long'],
  ECONNRESET: ['reset', 'The provider reset the connection'],
  EPIPE: ['reset', 'The provider closed the connection while the request was being sent'],
};

/** The reason behind what a socket emitted as its error. */
export function classifySocketError(error: unknown): UpstreamError {
  for (const cause of causes(error)) {
    if (cause instanceof UpstreamError) return cause;
    const code = codeOf(cause);
    if (code === null) continue;
    const known = BY_CODE[code];
    if (known !== undefined) return new UpstreamError(known[0], known[1]);
    if (isTlsCode(code)) return new UpstreamError('tls', `TLS to the provider failed (${code})`);
  }
  return new UpstreamError('other', 'The request to the provider failed');
}

function isTlsCode(code: string): boolean {
  return code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code === 'EPROTO' || TLS_VERIFY_CODES.test(code);
}

/** OpenSSL's verification results, as Node names them. */
const TLS_VERIFY_CODES = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/;

/** The error, what it wraps, and (happy eyeballs) the attempts at each address. */
function* causes(error: unknown): Generator<unknown> {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    yield current;
    if (current instanceof AggregateError) yield* current.errors;
    current = current.cause;
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
