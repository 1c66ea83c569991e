/** Portkey's AI gateway, which passes Anthropic requests to Anthropic upstreams. The upstream is named by each request. */
import { join } from 'node:path';
import { startPeer } from './peer';
import type { Subject, Surroundings } from './subject';

export async function startPortkey({ provider, reaper }: Surroundings, modules: string): Promise<Subject> {
  const program = join(modules, '@portkey-ai/gateway/build/start-server.js');
  const env = { TRUSTED_CUSTOM_HOSTS: '127.0.0.1' };
  const started = await startPeer(reaper, { program, args: ['--headless'], env });
  const headers = {
    'x-portkey-provider': 'anthropic',
    'x-portkey-custom-host': `${provider.url}/v1`,
    'x-api-key': 'k',
    'anthropic-version': '2023-06-01',
  };
  return { ...started, name: 'portkey', headers, model: (name) => name, translates: false };
}
