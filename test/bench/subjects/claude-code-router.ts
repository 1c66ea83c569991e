/** claude-code-router, which takes Anthropic requests and translates them for OpenAI upstreams. */
import { join } from 'node:path';
import { startPeer } from './peer';
import type { Subject, Surroundings } from './subject';

export async function startClaudeCodeRouter({ provider, reaper }: Surroundings, modules: string): Promise<Subject> {
  const config = {
    ...{ HOST: '127.0.0.1', LOG: false, NON_INTERACTIVE_MODE: true, Router: { default: 'bench,m' } },
    Providers: [
      { name: 'bench', api_base_url: `${provider.url}/v1/chat/completions`, api_key: 'k', models: ['m', 'short'] },
    ],
  };
  const started = await startPeer(reaper, {
    program: join(modules, '@musistudio/claude-code-router/dist/cli.js'),
    args: ['start'],
    files: { '.claude-code-router/config.json': JSON.stringify(config) },
  });
  return { ...started, name: 'cc-router', headers: {}, model: (name) => `bench,${name}`, translates: true };
}
