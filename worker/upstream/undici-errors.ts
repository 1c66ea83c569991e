/** undici's and Node's errors → our reasons, in words fit for a client. */
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
  UND_ERR_CONNECT_TIMEOUT: ['connect_timeout', 'Connecting to the provider took too long'],
  ECONNRESET: ['reset', 'The provider reset the connection'],
  EPIPE: ['reset', 'The provider closed the connection while the request was being sent'],
  UND_ERR_SOCKET: ['closed', 'The provider closed the connection before its answer was complete'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['closed', 'The provider closed the connection before its answer was complete'],
  UND_ERR_HEADERS_OVERFLOW: ['bad_response', "The head of the provider's answer is too large"],
  UND_ERR_INVALID_ARG: ['bad_request', 'The request has a header or a query that cannot be sent on'],
  UND_ERR_PRX_TLS: ['proxy', 'The outbound proxy failed'],
};

const NOT_HTTP = new UpstreamError('bad_response', 'The provider answered with something that is no HTTP');

/** The reason behind whatever undici or Node threw. */
export function classifyUndiciError(error: unknown): UpstreamError {
  for (const cause of causes(error)) {
    // undici's parser errors have a name, and no code.
    if (cause instanceof Error && cause.name === 'HTTPParserError') return NOT_HTTP;
    const code = codeOf(cause);
    if (code === null) continue;
    const known = BY_CODE[code];
    if (known !== undefined) return new UpstreamError(known[0], known[1]);
    if (code.startsWith('HPE_')) return NOT_HTTP;
    if (isTlsCode(code)) return new UpstreamError('tls', `TLS to the provider failed (${code})`);
    if (code === 'UND_ERR_ABORTED' && messageOf(cause).startsWith('Proxy response')) {
      return new UpstreamError('proxy', 'The outbound proxy refused to connect to the provider');
    }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
