/** The way to an https provider through an HTTP proxy: `CONNECT` (RFC 9110, 9.3.6). */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { movedToReadMemory } from '../read-buffer';
import { BadAnswer, readAnswerHead } from './http1/answer-head';
import { UpstreamError } from './upstream';

const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';

/**
 * Resolves when the proxy has connected the socket to the provider.
 * @throws UpstreamError `proxy`; `reset` and the like for a broken connection
 */
export function openTunnel(socket: Socket, origin: URL, proxy: URL): Promise<void> {
  const authority = origin.port === '' ? `${origin.hostname}:443` : origin.host;
  const headers = proxyAuthorization(proxy).map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  return new Promise((resolve, reject) => {
    let head = '';
    const settle = (error: Error | null) => {
      socket.off('data', onData).off('error', settle).off('close', onClose);
      // The next reader is the TLS on top of it.
      socket.pause();
      if (error === null) resolve();
      else reject(error);
    };
    const onClose = () => settle(failed('closed the connection'));
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if ((end < 0 ? head.length : end) > MAX_HEAD_BYTES) settle(failed('sent too large a head'));
      else if (end >= 0) settle(problemOf(head, end + HEAD_END.length));
    };
    socket.on('data', onData).on('error', settle).on('close', onClose);
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${headers.join('')}\r\n`, 'latin1');
  });
}

/** The user and password in a proxy's URL as a header: flat list of name, value. */
export function proxyAuthorization({ username, password }: URL): string[] {
  if (username === '') return [];
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ['proxy-authorization', `Basic ${Buffer.from(credentials).toString('base64')}`];
}

function problemOf(head: string, end: number): UpstreamError | null {
  const status = statusOf(head.slice(0, end));
  if (status === null) return failed('answered with something that is no HTTP');
  if (status < 200 || status > 299) return failed(`refused to connect to the provider (${status})`);
  // A TLS server does not speak first.
  return end === head.length ? null : failed('sent bytes of its own');
}

function statusOf(head: string): number | null {
  try {
    return readAnswerHead(movedToReadMemory(Buffer.from(head, 'latin1')), 0, head.length)?.status ?? null;
  } catch (error) {
    if (error instanceof BadAnswer) return null;
    throw error;
  }
}

function failed(what: string): UpstreamError {
  return new UpstreamError('proxy', `The outbound proxy ${what}`);
}
