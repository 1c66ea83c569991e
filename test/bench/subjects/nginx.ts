/** nginx as a plain reverse proxy: one process, kept connections on both sides, nothing buffered and nothing logged. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/free-port';
import { startServer } from './start-server';
import { plainProxy, portOf, type Subject, type Surroundings } from './subject';

export async function startNginx({ provider, reaper }: Surroundings): Promise<Subject> {
  const dir = reaper.directory();
  const port = await freePort();
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, configuration(dir, port, portOf(provider.url)));
  return plainProxy('nginx', port, await startServer(reaper, port, 'nginx', ['-c', file, '-p', dir], { cwd: dir }));
}

/** Bodies of requests stay in memory: by default those over 16 KB go through a file. */
function configuration(dir: string, port: number, providerPort: number): string {
  return `daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 4096;
pid ${dir}/nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_max_body_size 64m; client_body_buffer_size 2m; client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  upstream provider {
    server 127.0.0.1:${providerPort};
    keepalive 2048; keepalive_requests 1000000000; keepalive_timeout 5s;
  }
  server {
    listen 127.0.0.1:${port} backlog=2048;
    location / {
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 1h;
    }
  }
}
`;
}
