/**
 * HAProxy as a plain reverse proxy: one thread, kept connections on both sides, nothing logged. Without `http-no-delay`
 * it holds events back for some 100 ms, and looks cheap as several leave at once.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/free-port';
import { startServer } from './start-server';
import { plainProxy, portOf, type Subject, type Surroundings } from './subject';

export async function startHaproxy({ provider, reaper }: Surroundings): Promise<Subject> {
  const dir = reaper.directory();
  const port = await freePort();
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, configuration(port, portOf(provider.url)));
  return plainProxy('haproxy', port, await startServer(reaper, port, 'haproxy', ['-db', '-f', file], { cwd: dir }));
}

function configuration(port: number, providerPort: number): string {
  return `global
  nbthread 1
  maxconn 2048
defaults
  mode http
  http-reuse always
  option http-no-delay
  timeout connect 10s
  timeout client 1h
  timeout server 1h
frontend clients
  bind 127.0.0.1:${port} backlog 2048
  default_backend providers
backend providers
  server provider 127.0.0.1:${providerPort} pool-max-conn -1 pool-purge-delay 5s
`;
}
