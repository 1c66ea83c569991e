/** CCProxy with one worker: with all that an operator wants of it, and with all of that off. */
import { descendantsOf } from '../../support/processes';
import { type RunningProxy, startProxy } from '../../support/proxy';
import type { Subject, Surroundings } from './subject';

const KEY = 'bench-key';

export interface CcproxySubject extends Subject {
  proxy: RunningProxy;
}

/** A key, the access log and metrics. Its providers a, o and g are the far end in the three dialects. */
export function startCcproxy(surroundings: Surroundings, workers = 1): Promise<CcproxySubject> {
  const config = { log: true, api_key: KEY, ...routing(surroundings) };
  return start('ccproxy', surroundings, config, { authorization: `Bearer ${KEY}` }, workers);
}

/** No key, no access log, no metrics: what forwarding alone takes. */
export function startPlainCcproxy(surroundings: Surroundings): Promise<CcproxySubject> {
  const config = { log: false, performance: { metrics_enabled: false }, ...routing(surroundings) };
  return start('ccproxy, all off', surroundings, config, {}, 1);
}

async function start(
  name: string,
  { reaper }: Surroundings,
  config: Record<string, unknown>,
  headers: Record<string, string>,
  workers: number,
): Promise<CcproxySubject> {
  const proxy = await startProxy({ config, workers });
  reaper.watch(proxy.pid);
  reaper.remove(proxy.dir);
  const stop = async () => {
    await proxy.stop();
    await reaper.end(proxy.pid);
  };
  return {
    name,
    proxy,
    url: proxy.url,
    headers,
    model: (model) => `a,${model}`,
    translates: false,
    slow: false,
    warmsUp: true,
    pids: () => [proxy.pid, ...descendantsOf(proxy.pid)],
    stop,
  };
}

function routing({ provider }: Surroundings): Record<string, unknown> {
  const common = {
    api_base_url: provider.url,
    api_key: 'sk-bench-provider-key',
    connections: { max: 8192, max_waiting: 8192 },
  };
  const providers = [
    { name: 'a', dialect: 'anthropic', ...common },
    { name: 'o', dialect: 'openai', ...common },
    { name: 'g', dialect: 'gemini', ...common },
  ];
  return { providers, routes: { default: 'a,m' } };
}
