/** How the commands find the running proxy and ask it. */
import { request } from 'node:http';
import type { Config } from '../../shared/config/config';
import { pidFilePath, readPidFile } from '../pid-file';

const TIMEOUT_MS = 5000;

/** Where the proxy of this configuration listens; the PID file knows the real port. */
export function addressOf(config: Config): { host: string; port: number } {
  const running = readPidFile(pidFilePath(config.port));
  const host = running?.host ?? config.host;
  return { host: reachable(host), port: running?.port ?? config.port };
}

/** "Every address" is no address to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '::1';
  return host;
}

export function urlOf(address: { host: string; port: number }): string {
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

export interface AskOptions {
  /** Default GET. */
  method?: 'GET' | 'POST';
  /** Default 5 s; null waits as long as it takes. */
  timeoutMs?: number | null;
}

/** Asks with the configured key. Null: nothing answers there. */
export function ask(
  config: Config,
  path: string,
  { method = 'GET', timeoutMs = TIMEOUT_MS }: AskOptions = {},
): Promise<{ status: number; body: string } | null> {
  const { host, port } = addressOf(config);
  const headers = config.apiKey === null ? {} : { 'x-api-key': config.apiKey };
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path,
      method,
      headers,
      agent: false,
      ...(timeoutMs !== null && { timeout: timeoutMs }),
    };
    const call = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(null));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(null));
    call.end();
  });
}
