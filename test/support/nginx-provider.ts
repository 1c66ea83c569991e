/** A far end that costs next to nothing: nginx (Debian's nginx-light) with one constant answer, for loads that fill the machine. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port';
import { request } from './http';
import { unaryBody } from './steady-provider';
import { eventually } from './wait';

export async function startNginxProvider(): Promise<{ url: string; stop: () => void }> {
  const dir = mkdtempSync(join(tmpdir(), 'ccproxy-nginx-'));
  const port = await freePort();
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, configuration(dir, port));
  const child = spawn('nginx', ['-c', file, '-p', dir], { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', () => reject(new Error('nginx is not installed: apt-get install nginx-light')));
    child.on('exit', (code) => reject(new Error(`nginx ended with ${code}`)));
  });
  failed.catch(() => {}); // It ends some day.
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([failed, eventually(() => request({ url }), { what: 'nginx' })]);
  const stop = () => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  return { url, stop };
}

function configuration(dir: string, port: number): string {
  return `daemon off; master_process off; worker_processes 1; pid ${dir}/nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_body_temp_path ${dir};
  proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${unaryBody('any')}'; } }
}
`;
}
